"""Encoders: torchvision's backbones, their stages found by running them."""

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

import core
from core.blocks import Encoder, EncoderUNet, stages_of
from core.errors import EditRefused, SpecError

#: One of each family, the smallest; the quick ones are always tried.
FAMILIES = (
    "mobilenet_v3_small", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t",
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in (
            "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet",
            "inception_v3", "mnasnet0_5", "regnet_y_400mf", "swin_v2_t", "vgg11_bn",
        )
    ),
)  # fmt: skip
_BARE = {"googlenet": {"aux_logits": False}, "inception_v3": {"aux_logits": False}}


def backbone(name: str) -> nn.Module:
    extra = {"init_weights": False, **_BARE[name]} if name in _BARE else {}
    return models.get_model(name, weights=None, **extra)


def maps_by_hooks(model: nn.Module, encoder: Encoder, x: Tensor) -> list[Tensor]:
    """Return what torchvision's own forward computes where the encoder says its maps come from."""
    seen: dict[str, Tensor] = {}
    handles = [
        model.get_submodule(paths[-1]).register_forward_hook(
            lambda _, __, y, path=paths[-1]: seen.__setitem__(path, y.clone())
        )
        for paths in encoder.stages
    ]
    model(x)
    for handle in handles:
        handle.remove()
    maps = [seen[paths[-1]] for paths in encoder.stages]
    return [
        each.permute(0, 3, 1, 2) if last else each
        for each, last in zip(maps, encoder.channels_last, strict=True)
    ]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_maps_are_those_of_the_backbones_own_forward(name: str) -> None:
    model = backbone(name).eval()
    encoder = Encoder(name).eval()
    absent = encoder.load_state_dict(model.state_dict(), strict=False)
    assert not absent.missing_keys  # all it has, it has under torchvision's name
    for size in ((96, 128), (101, 77)):
        x = torch.randn(1, 3, *size)
        with torch.no_grad():
            maps = encoder(x)
            expected = maps_by_hooks(model, encoder, x)
        for ours, theirs, channels, level in zip(
            maps, expected, encoder.channels, encoder.levels, strict=True
        ):
            assert torch.equal(ours, theirs)
            assert ours.shape[1] == channels
            assert ours.shape[2] == pytest.approx(
                size[0] / 2**level, abs=5
            )  # inception cuts borders off
        heights = [each.shape[2] for each in maps]
        assert heights == sorted(set(heights), reverse=True)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_output_has_the_size_of_the_image(name: str) -> None:
    for bilinear in (False, True):
        session = core.open(
            f'EncoderUNet("{name}", 3, 2, bilinear={bilinear}, width=2)', inputs="1,3,96,128"
        )
        assert session.problems == ()
        for size in ((96, 128), (97, 75)):
            with torch.no_grad():
                assert session.document.root(torch.randn(1, 3, *size)).shape == (1, 2, *size)


@pytest.mark.long
def test_every_classification_model_has_stages_or_says_why_not() -> None:
    for name in models.list_models(module=models):
        if name.startswith(("vit_", "maxvit_")):  # they take one size of images
            with pytest.raises(ValueError, match=f"{name} has no feature maps of several sizes"):
                stages_of(name)
        else:
            assert len(stages_of(name)) >= 4, name


def test_every_weight_of_a_unet_gets_a_gradient() -> None:
    for name in ("mobilenet_v3_small", "resnet18"):
        net = EncoderUNet(name, 3, 2, width=4).train()
        net(torch.randn(2, 3, 64, 64)).square().mean().backward()
        idle = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.any()]
        assert not idle, name


def test_trained_weights_of_the_backbone_load_by_prefix(tmp_path) -> None:
    trained = models.resnet34()
    torch.save(trained.state_dict(), tmp_path / "resnet34.pth")
    document = core.open('EncoderUNet("resnet34", 3, 2)').document
    plan = core.match(document, core.read_contents(tmp_path / "resnet34.pth"))
    loaded = core.load(plan, partial=True).document
    theirs = trained.state_dict()
    for name, tensor in loaded.state_dict().items():
        if name.startswith("encoder."):
            assert torch.equal(tensor, theirs[name.removeprefix("encoder.")])
        else:
            assert torch.equal(tensor, document.state_dict()[name])


def test_other_channels_change_the_first_convolution_alone() -> None:
    usual = Encoder("resnet18").state_dict()
    grey = Encoder("resnet18", in_channels=1)
    differing = [n for n, t in grey.state_dict().items() if t.shape != usual[n].shape]
    assert differing == ["conv1.weight"]
    assert len(grey(torch.randn(1, 1, 64, 64))) == 5


def test_less_depth_takes_fewer_stages_and_leaves_the_rest_out() -> None:
    net = EncoderUNet("resnet18", 3, 2, depth=3, width=4).eval()
    assert net.encoder.levels == (1, 2, 3)
    assert [name for name, _ in net.encoder.named_children()] == [
        "conv1", "bn1", "relu", "maxpool", "layer1", "layer2"
    ]  # fmt: skip
    assert net(torch.randn(1, 3, 33, 35)).shape == (1, 2, 33, 35)


def test_a_structure_needs_no_memory_for_weights() -> None:
    for name in ("regnet_y_128gf",):
        session = core.open(f'EncoderUNet("{name}", 3, 2)', structure=True)
        assert all(each.is_meta for each in session.document.root.state_dict().values())
        assert session.problems == ()


def test_a_layer_more_among_the_stages_is_said_and_not_passed_over() -> None:
    session = core.open('EncoderUNet("squeezenet1_1", 3, 2, width=4)')
    session.apply(core.Insert("encoder.features", 2, "Identity()"))
    assert any("other layers than" in each.message for each in session.problems)
    session.undo()
    session.apply(core.Wrap("encoder.features.3"))
    session.apply(core.Insert("encoder.features.3", None, "Dropout(0.1)"))
    assert session.problems == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('EncoderUNet("vit_b_16", 3, 2)', "vit_b_16 has no feature maps of several sizes"),
        ('EncoderUNet("resnet", 3, 2)', "such as resnet34; 'resnet' came."),
        ('EncoderUNet("fcn_resnet50", 3, 2)', "'fcn_resnet50' came."),
        ('EncoderUNet("resnet18", 0, 2)', "n_channels is 1 or more; 0 came."),
        ('EncoderUNet("resnet18", 3, 2, depth=0)', "depth is 1 or more; 0 came."),
        ('EncoderUNet("resnet18", 3, 2, depth=6)', "depth is 2 to 5 with resnet18"),
        ('EncoderUNet("convnext_tiny", 3, 2, depth=2)', "depth is 3 to 5 with convnext_tiny"),
        ('Encoder("resnet18", 0)', "in_channels is 1 or more; 0 came."),
        ("EncoderUNet(3, 2)", "EncoderUNet needs encoder, n_channels and n_classes"),
    ],
)
def test_what_is_no_encoder_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        core.open(text)
    assert sentence in str(refused.value)


# Swapping


def statuses(session: core.Session) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in session.ledger.entries:
        found.setdefault(entry.name.partition(".")[0], set()).add(entry.status)
    return found


def test_an_encoder_of_the_same_widths_leaves_the_way_up_as_it_is() -> None:
    session = core.open('EncoderUNet("resnet18", 3, 2)')
    before = session.document
    session.apply(core.SwapEncoder("resnet34"))
    for name in ("up1", "up2", "up3", "up4", "up5", "outc"):
        assert session.document.module(name) is before.module(name)
    assert statuses(session)["encoder"] == {"new", "dropped"}
    assert session.document.module("encoder").backbone == "resnet34"
    assert str(core.describe(session.document.root)) == 'EncoderUNet("resnet34", 3, 2)'
    assert session.problems == ()
    assert session.undo() is before


def test_another_width_keeps_what_fits_and_cuts_the_rest() -> None:
    session = core.open('EncoderUNet("resnet18", 3, 2)')
    old = session.document.state_dict()
    session.apply(core.SwapEncoder("mobilenet_v2"))
    assert session.problems == ()
    new = session.document.state_dict()
    assert statuses(session)["up1"] == {"kept", "sliced"}
    assert statuses(session)["outc"] == {"kept"}
    for name, tensor in new.items():
        if not name.startswith("encoder.") and tensor.shape == old[name].shape:
            assert tensor is old[name] or torch.equal(tensor, old[name]), name
    # What comes up from below stands first, and keeps its trained columns.
    joined = "up2.conv.double_conv.0.weight"
    assert new[joined].shape[1] != old[joined].shape[1]
    assert torch.equal(new[joined][:, :128], old[joined][:, :128])


def test_swapped_to_an_encoder_with_fewer_maps_and_back() -> None:
    session = core.open('EncoderUNet("resnet18", 3, 2, bilinear=True)')
    session.apply(core.SwapEncoder("squeezenet1_1"))
    assert "up5" not in dict(session.document.root.named_children())
    assert session.problems == ()
    session.apply(core.SwapEncoder("shufflenet_v2_x0_5"))
    assert session.problems == ()
    with torch.no_grad():
        assert session.document.root(torch.randn(1, 3, 45, 67)).shape == (1, 2, 45, 67)


def test_the_swap_equals_a_unet_built_so_with_the_same_weights() -> None:
    session = core.open('EncoderUNet("resnet18", 3, 2)')
    session.apply(core.SwapEncoder("shufflenet_v2_x0_5"))
    plain = EncoderUNet("shufflenet_v2_x0_5", 3, 2).eval()
    plain.load_state_dict(session.document.state_dict(), strict=True)
    x = torch.randn(1, 3, 70, 50)
    with torch.no_grad():
        assert torch.equal(session.document.root(x), plain(x))


def test_a_swap_inside_a_larger_model_in_a_recipe(tmp_path) -> None:
    session = core.open('Sequential(net=EncoderUNet("resnet18", 3, 4), head=Conv2d(4, 2, 1))')
    session.apply(core.SwapEncoder("resnet34", "net"))
    session.save_recipe(tmp_path / "net.json")
    again = core.open(str(tmp_path / "net.json"))
    assert again.document.module("net.encoder").backbone == "resnet34"
    assert again.history.edits == (core.SwapEncoder("resnet34", "net"),)
    assert again.problems == ()


def test_what_was_changed_by_hand_stays_or_is_spoken_of() -> None:
    session = core.open('EncoderUNet("resnet18", 3, 2)')
    session.apply("outc = Conv2d(16, 7, 3, padding=1)")
    own = session.document.module("outc")
    session.apply(core.SwapEncoder("mobilenet_v2"))
    assert session.document.module("outc") is own
    with pytest.raises(EditRefused, match="changed inside by hand"):
        session.apply(core.SetArguments("", {"n_classes": 3}))
    session.apply("up1.conv = DoubleConv(352, 256, 300)")
    with pytest.raises(EditRefused, match="up1 was changed by hand, and with resnet50"):
        session.apply(core.SwapEncoder("resnet50"))


def test_the_precision_of_the_old_is_that_of_the_new() -> None:
    session = core.Session(core.Document.of(EncoderUNet("resnet18", 3, 2).bfloat16()))
    session.apply(core.SwapEncoder("mobilenet_v3_small"))
    state = session.document.state_dict()
    assert {t.dtype for t in state.values() if t.is_floating_point()} == {torch.bfloat16}
    assert statuses(session)["up4"] == {"kept", "sliced"}  # 16 channels of the encoder, not 64


def test_frozen_weights_stay_so() -> None:
    session = core.open('EncoderUNet("resnet18", 3, 2)')
    session.apply(core.Freeze("up1"))
    session.apply(core.SwapEncoder("mobilenet_v2"))
    frozen = {n for n, p in session.document.root.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in session.document.root.named_parameters() if n.startswith("up1")}


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (core.SwapEncoder("vit_b_16"), "vit_b_16 has no feature maps"),
        (core.SwapEncoder("nothing"), "'nothing' came"),
        (core.SwapEncoder("resnet34", "outc"), "outc (OutConv) has no encoder to swap"),
        (core.SwapEncoder("resnet34", "nowhere"), "There is no module at 'nowhere'"),
    ],
)
def test_a_swap_that_cannot_be_is_refused(edit: core.SwapEncoder, sentence: str) -> None:
    session = core.open('EncoderUNet("resnet18", 3, 2)')
    with pytest.raises((EditRefused, SpecError)) as refused:
        session.apply(edit)
    assert sentence in str(refused.value)
    assert not session.history.can_undo
