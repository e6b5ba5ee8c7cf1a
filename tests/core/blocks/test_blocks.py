"""The other blocks, each against an oracle: torchvision's own, PyTorch's, or the formula."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenetv2, resnet
from torchvision.models.segmentation import deeplabv3
from torchvision.ops import FeaturePyramidNetwork

import core
from core.blocks import (
    ASPP,
    BLOCKS,
    CBAM,
    FPN,
    AttentionGate,
    BasicBlock,
    Bottleneck,
    InvertedResidual,
    PatchEmbedding,
    SEBlock,
    TransformerEncoderBlock,
)
from core.errors import SpecError


def shortcut(inplanes: int, outplanes: int, stride: int) -> nn.Module | None:
    if stride == 1 and inplanes == outplanes:
        return None
    conv = nn.Conv2d(inplanes, outplanes, 1, stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outplanes))


def both(ours: nn.Module, theirs: nn.Module, x: Tensor) -> Tensor:
    """Give both the same weights and hold them to the same output, in both modes."""
    ours.load_state_dict(theirs.state_dict(), strict=True)
    for mode in (False, True):
        torch.manual_seed(1)
        mine = ours.train(mode)(x)
        torch.manual_seed(1)
        assert torch.equal(mine, theirs.train(mode)(x))
    return mine


@pytest.mark.parametrize(("inplanes", "planes", "stride"), [(8, 8, 1), (8, 12, 1), (8, 8, 2)])
def test_a_basic_block_is_torchvisions(inplanes: int, planes: int, stride: int) -> None:
    theirs = resnet.BasicBlock(inplanes, planes, stride, shortcut(inplanes, planes, stride))
    y = both(BasicBlock(inplanes, planes, stride), theirs, torch.randn(2, inplanes, 9, 7))
    assert y.shape == (2, planes, *((9, 7) if stride == 1 else (5, 4)))


@pytest.mark.parametrize(("inplanes", "stride"), [(32, 1), (8, 1), (32, 2)])
@pytest.mark.parametrize(("groups", "width"), [(1, 64), (2, 32), (1, 128)])
def test_a_bottleneck_is_torchvisions(inplanes: int, stride: int, groups: int, width: int) -> None:
    theirs = resnet.Bottleneck(
        inplanes, 8, stride, shortcut(inplanes, 32, stride), groups, base_width=width
    )
    ours = Bottleneck(inplanes, 8, stride, groups=groups, base_width=width)
    y = both(ours, theirs, torch.randn(2, inplanes, 9, 7))
    assert y.shape[1] == 32


@pytest.mark.parametrize(
    ("inp", "oup", "stride", "ratio"), [(8, 8, 1, 6), (8, 12, 1, 6), (8, 8, 2, 3), (8, 8, 1, 1)]
)
def test_an_inverted_residual_is_torchvisions(inp: int, oup: int, stride: int, ratio: int) -> None:
    theirs = mobilenetv2.InvertedResidual(inp, oup, stride, ratio)
    both(InvertedResidual(inp, oup, stride, ratio), theirs, torch.randn(2, inp, 9, 7))


def test_an_aspp_is_torchvisions() -> None:
    theirs = deeplabv3.ASPP(6, [2, 3], 5)
    assert both(ASPP(6, (2, 3), 5), theirs, torch.randn(2, 6, 9, 7)).shape == (2, 5, 9, 7)


def test_an_fpn_is_torchvisions_with_a_list() -> None:
    ours, theirs = FPN([4, 6, 8], 5), FeaturePyramidNetwork([4, 6, 8], 5)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    maps = [torch.randn(1, c, *s) for c, s in ((4, (17, 13)), (6, (9, 7)), (8, (5, 4)))]
    expected = theirs({str(number): each for number, each in enumerate(maps)})
    found = ours(maps)
    assert len(found) == 3
    for mine, other in zip(found, expected.values(), strict=True):
        assert torch.equal(mine, other)


def test_an_fpn_takes_the_maps_of_an_encoder() -> None:
    encoder = core.blocks.Encoder("mobilenet_v3_small").eval()
    pyramid = FPN(encoder.channels, 8)
    maps = encoder(torch.randn(1, 3, 97, 65))
    assert [each.shape for each in pyramid(maps)] == [(1, 8, *each.shape[2:]) for each in maps]


def test_a_squeeze_and_excitation_weighs_channels() -> None:
    block, x = SEBlock(8, 4), torch.randn(2, 8, 5, 6)
    squeezed = x.mean((2, 3))
    hidden = torch.relu(squeezed @ block.fc1.weight.flatten(1).T + block.fc1.bias)
    weights = torch.sigmoid(hidden @ block.fc2.weight.flatten(1).T + block.fc2.bias)
    assert torch.allclose(block(x), x * weights[:, :, None, None], atol=1e-6)
    assert block.fc1.out_channels == 2
    assert SEBlock(4, 16)(torch.randn(1, 4, 3, 3)).shape == (1, 4, 3, 3)


def test_cbam_weighs_channels_and_then_places() -> None:
    block, x = CBAM(8, 2, 3), torch.randn(2, 8, 5, 6)
    first, second = (block.mlp[n].weight.flatten(1).T for n in (0, 2))
    scores = sum(torch.relu(each @ first) @ second for each in (x.mean((2, 3)), x.amax((2, 3))))
    y = x * torch.sigmoid(scores)[:, :, None, None]
    seen = torch.stack([y.mean(1), y.amax(1)], 1)
    y = y * torch.sigmoid(F.conv2d(seen, block.spatial.weight, padding=1))
    assert torch.allclose(block(x), y, atol=1e-6)


def test_an_attention_gate_lets_through_what_is_asked_for() -> None:
    block = AttentionGate(6, 8, 3)
    x, gate = torch.randn(2, 6, 9, 7), torch.randn(2, 8, 5, 4)
    asked = F.interpolate(block.phi(gate), (9, 7), mode="bilinear", align_corners=False)
    weights = torch.sigmoid(block.psi(torch.relu(block.theta(x) + asked)))
    assert torch.equal(block(x, gate), x * weights)
    with torch.no_grad():
        block.psi.bias.fill_(-100)
    assert not block(x, gate).abs().max() > 1e-20


@pytest.mark.parametrize("heads", [1, 4])
def test_a_transformer_block_is_pytorchs_with_the_norm_first(heads: int) -> None:
    theirs = nn.TransformerEncoderLayer(
        16, heads, 64, 0.0, activation="gelu", batch_first=True, norm_first=True
    )
    names = {"self_attn.": "attn.", "linear1.": "mlp.0.", "linear2.": "mlp.3."}
    weights = {}
    for name, tensor in theirs.state_dict().items():
        for old, new in names.items():
            name = name.replace(old, new)
        weights[name] = tensor
    ours = TransformerEncoderBlock(16, heads)
    ours.load_state_dict(weights, strict=True)
    x = torch.randn(2, 7, 16)
    for mode in (True, False):
        assert torch.allclose(ours.train(mode)(x), theirs.train(mode)(x), atol=1e-5)


def test_patches_are_embedded_row_by_row() -> None:
    block, x = PatchEmbedding(3, 10, 4), torch.randn(2, 3, 13, 9)
    tokens = block(x)
    assert tokens.shape == (2, 6, 10)
    for row in range(3):
        for column in range(2):
            patch = x[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].flatten(1)
            expected = patch @ block.proj.weight.flatten(1).T + block.proj.bias
            assert torch.allclose(tokens[:, 2 * row + column], expected, atol=1e-5)


# In the catalog

PLACED = [
    ("BasicBlock(3, 8, stride=2)", (1, 3, 9, 9), (1, 8, 5, 5)),
    ("Bottleneck(3, 8)", (1, 3, 9, 9), (1, 32, 9, 9)),
    ("InvertedResidual(4, 8, stride=2)", (1, 4, 9, 9), (1, 8, 5, 5)),
    ("SEBlock(8)", (1, 8, 9, 9), (1, 8, 9, 9)),
    ("CBAM(8)", (1, 8, 9, 9), (1, 8, 9, 9)),
    ("ASPP(8)", (1, 8, 9, 9), (1, 256, 9, 9)),
    ("PatchEmbedding(3, 8, patch_size=4)", (1, 3, 16, 8), (1, 8, 8)),
    ("TransformerEncoderBlock(16, 4)", (1, 5, 16), (1, 5, 16)),
    ("DoubleConv(3, 8)", (1, 3, 9, 9), (1, 8, 9, 9)),
    ("Down(3, 8)", (1, 3, 9, 9), (1, 8, 4, 4)),
    ("OutConv(3, 8)", (1, 3, 9, 9), (1, 8, 9, 9)),
]


@pytest.mark.parametrize(("text", "fed", "gives"), PLACED, ids=[each[0] for each in PLACED])
def test_placed_by_its_text_its_shapes_are_known(
    text: str, fed: tuple[int, ...], gives: tuple[int, ...]
) -> None:
    session = core.open(f"Sequential(before=Identity(), block={text})")
    session.apply(core.SetInputs((core.InputSpec(shape=fed),)))
    assert session.problems == ()
    assert session.report.module("block").output.shape == gives
    assert session.document.root.eval()(torch.randn(fed)).shape == gives
    assert str(core.describe(session.document.module("block"))) == text
    again = core.open(text)  # and opened by itself, as a source
    assert type(again.document.root) is type(session.document.module("block"))


def test_every_block_is_in_the_catalog_with_a_line_about_it() -> None:
    for cls in BLOCKS:
        layer = core.find_layer(cls.__name__)
        assert (layer.cls, layer.group) == (cls, "Blocks")
        assert 20 < len(layer.summary) < 120
        assert all(each.kind != "any" for each in layer.parameters)
        doc = cls.forward.__doc__
        assert doc
        assert doc.endswith(".")


def test_arguments_follow_from_the_place() -> None:
    place = core.Place((1, 64, 28, 28), (1, 128, 28, 28))
    assert str(core.suggest_spec("DoubleConv", place)) == "DoubleConv(64, 128)"
    assert str(core.suggest_spec("BasicBlock", place)) == "BasicBlock(64, 128)"
    assert str(core.suggest_spec("Bottleneck", place)) == "Bottleneck(64, 32)"
    assert str(core.suggest_spec("InvertedResidual", place)) == "InvertedResidual(64, 128)"
    assert str(core.suggest_spec("CBAM", place)) == "CBAM(64)"
    assert core.suggest("UNet", place)["n_channels"] == 64
    tokens = core.Place((1, 197, 768), (1, 197, 768))
    assert str(core.suggest_spec("TransformerEncoderBlock", tokens)) == (
        "TransformerEncoderBlock(768, 12)"
    )


def test_a_block_found_in_a_model_goes_on_being_torchvisions() -> None:
    model = core.open("resnet18", structure=True).document
    block = model.module("layer2.0")
    assert type(block) is resnet.BasicBlock
    assert core.form_of(block)[0].parameter.name == "inplanes"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("BasicBlock(0, 8)", "BasicBlock: inplanes is 1 or more; 0 came."),
        ("Bottleneck(8, 8, base_width=1)", "Bottleneck: width is 1 or more; 0 came."),
        ("InvertedResidual(8, 8, expand_ratio=0)", "expand_ratio is 1 or more; 0 came."),
        ("SEBlock(0)", "SEBlock: channels is 1 or more; 0 came."),
        ("CBAM(8, kernel_size=4)", "kernel_size is odd, so that the map keeps its size; 4 came."),
        ("ASPP(8, ())", "atrous_rates are dilations of 1 or more; () came."),
        ("FPN([])", "in_channels_list has the channels of each map, 1 or more; [] came."),
        ("TransformerEncoderBlock(10, 3)", "3 do not divide 10."),
        ("PatchEmbedding(3, 8, 0)", "patch_size is 1 or more; 0 came."),
        ("AttentionGate(8, 0)", "gate_channels is 1 or more; 0 came."),
        ("Merge(8, 0, 8)", "skip_channels is 1 or more; 0 came."),
    ],
)
def test_what_cannot_be_built_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        core.open(text)
    assert sentence in str(refused.value)
