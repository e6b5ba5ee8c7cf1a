"""Describing a module: what one would write to build it, whether or not anybody saw it built."""

import copy
import functools
import pickle

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision import models

from core.catalog import LayerSpec, arguments_of, build, describe, layers, summary_text
from core.catalog.layers import VISION_OPS
from core.document import record_of, recording

from .samples import samples

CONTAINERS = {nn.Sequential, nn.ModuleList, nn.ModuleDict}
KNOWN = {layer.cls for layer in layers().values()}


class Block(nn.Module):
    def __init__(self, width, *sizes, norm=nn.LayerNorm, scale=1.0, **rest):
        super().__init__()
        self.norm = norm(width)


def unseen(module: nn.Module) -> nn.Module:
    """The same module as it comes out of a file: nobody saw it being constructed."""
    twin = pickle.loads(pickle.dumps(module))
    assert record_of(twin) is None
    return twin


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.Linear(2048, 10), "2048, 10"),
        (nn.Linear(8, 4, bias=False), "8, 4, bias=False"),
        (
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            "3, 64, 7, stride=2, padding=3, bias=False",
        ),
        (nn.Conv2d(3, 6, (3, 5), padding="same"), '3, 6, (3, 5), padding="same"'),
        (nn.ConvTranspose2d(8, 4, 2, 2), "8, 4, 2, stride=2"),
        (nn.MaxPool2d(2), "2"),
        (nn.MaxPool2d(3, 2, 1), "3, stride=2, padding=1"),
        (nn.AvgPool1d(2), "2"),
        (nn.AvgPool2d(3, 3), "3"),
        (nn.AdaptiveAvgPool2d((1, 1)), "(1, 1)"),
        (nn.ReLU(), ""),
        (nn.ReLU(inplace=True), "inplace=True"),
        (nn.Dropout(0.2), "p=0.2"),
        (nn.Softmax(dim=1), "dim=1"),
        (nn.BatchNorm2d(8), "8"),
        (nn.BatchNorm2d(8, affine=False), "8, affine=False"),
        (nn.LayerNorm(8), "8"),
        (nn.LayerNorm((4, 8), eps=1e-6), "(4, 8), eps=1e-06"),
        (nn.GroupNorm(2, 8), "2, 8"),
        (nn.LSTM(8, 6, 2, batch_first=True), "8, 6, num_layers=2, batch_first=True"),
        (nn.GRU(8, 6, bidirectional=True), "8, 6, bidirectional=True"),
        (nn.RNN(8, 6, nonlinearity="relu"), '8, 6, nonlinearity="relu"'),
        (nn.LSTMCell(8, 6, bias=False), "8, 6, bias=False"),
        (nn.Embedding(10, 8, padding_idx=0), "10, 8, padding_idx=0"),
        (nn.MultiheadAttention(8, 2), "8, 2"),
        (nn.MultiheadAttention(8, 2, bias=False, kdim=4), "8, 2, bias=False, kdim=4"),
        (
            nn.TransformerEncoderLayer(8, 2, 16, activation=F.gelu),
            "8, 2, dim_feedforward=16, activation=F.gelu",
        ),
        (nn.ConstantPad2d(1, 0.5), "1, 0.5"),
        (nn.ZeroPad2d((1, 2, 3, 4)), "(1, 2, 3, 4)"),
        (nn.CrossEntropyLoss(torch.tensor([1.0, 2.0])), "weight=[1.0, 2.0]"),
        (nn.Flatten(), ""),
        (nn.Unflatten(1, (2, 4)), "1, (2, 4)"),
        (nn.Bilinear(2, 3, 4), "2, 3, 4"),
        (nn.Identity(), ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_layer_nobody_saw_is_read_from_its_attributes(module, text):
    assert summary_text(unseen(module)) == text


@pytest.mark.parametrize(
    "name", sorted(name for name, layer in layers().items() if layer.group != VISION_OPS)
)
def test_seen_or_unseen_a_layer_of_torch_is_described_alike(name):
    module = build(samples()[name])
    assert describe(unseen(module)) == describe(module)


def test_all_arguments_come_with_their_defaults():
    assert arguments_of(unseen(nn.Conv2d(3, 8, 3))) == {
        "in_channels": 3, "out_channels": 8, "kernel_size": 3, "stride": 1, "padding": 0,
        "dilation": 1, "groups": 1, "bias": True, "padding_mode": "zeros",
    }  # fmt: skip
    assert arguments_of(build("Linear(8, 4)")) == {
        "in_features": 8,
        "out_features": 4,
        "bias": True,
    }


def test_what_was_changed_since_counts():
    net = build("Sequential(Dropout(0.5), MaxPool2d(2))")
    net[0].p = 0.1
    net[1].padding = 1
    assert str(describe(net)) == "Sequential(Dropout(p=0.1), MaxPool2d(2, padding=1))"


def test_containers_are_described_by_the_children_they_have_now():
    net = build("Sequential(Linear(8, 4), ReLU())")
    assert str(describe(net)) == "Sequential(Linear(8, 4), ReLU())"
    net.append(nn.Linear(4, 2))
    assert str(describe(net)) == "Sequential(Linear(8, 4), ReLU(), Linear(4, 2))"
    net.add_module("last", nn.Tanh())
    assert str(describe(net)).startswith('Sequential(OrderedDict([("0", Linear(8, 4))')
    assert str(describe(nn.ModuleList([nn.ReLU()]))) == "ModuleList([ReLU()])"
    assert str(describe(nn.ModuleDict({"a": nn.ReLU()}))) == 'ModuleDict({"a": ReLU()})'
    del net[1]
    assert repr(build(describe(net))) == repr(net)


def test_a_container_has_no_arguments():
    for net in (nn.Sequential(nn.ReLU()), nn.ModuleList(), nn.ModuleDict()):
        assert arguments_of(net) == {}
        assert summary_text(net) == ""


def test_a_composite_that_was_seen_shows_what_it_was_given():
    with recording():
        block = Block(8, 1, 2, norm=functools.partial(nn.LayerNorm, eps=1e-6), extra="x")
        plain = Block(8)
    assert str(describe(block)) == ('Block(8, 1, 2, norm=partial(LayerNorm, eps=1e-06), extra="x")')
    assert arguments_of(block)["width"] == 8
    assert arguments_of(block)["extra"] == "x"
    assert arguments_of(plain) == {"width": 8, "norm": nn.LayerNorm, "scale": 1.0}
    assert str(describe(plain)) == "Block(8)"


def test_a_composite_that_nobody_saw_has_a_name_only():
    block = Block(8)
    assert describe(block) == LayerSpec("Block")
    assert arguments_of(block) == {}
    assert summary_text(unseen(build("MLP(3, [4, 5])"))) == ""


def test_arguments_that_cannot_be_written_stand_there_by_name():
    class Odd:
        pass

    with recording():
        block = Block(8, scale=Odd(), data=torch.zeros(100), hook=print, kind=Odd)
    assert str(describe(block)) == "Block(8, scale=<Odd>, data=<(100,)>, hook=print, kind=Odd)"


def test_a_tensor_without_storage_is_shown_by_its_shape():
    loss = build("CrossEntropyLoss(weight=[1.0, 2.0])", device="meta")
    assert summary_text(loss) == "weight=<(2,)>"
    assert describe(loss) == describe(loss)


def test_a_bottleneck_of_a_resnet():
    with recording():
        net = models.resnet50()
    assert summary_text(net.fc) == "2048, 1000"
    assert str(describe(net.layer2[0])) == (
        "Bottleneck(256, 128, stride=2, downsample=Sequential(Conv2d(256, 512, 1, stride=2, "
        "bias=False), BatchNorm2d(512)), norm_layer=BatchNorm2d)"
    )


def test_a_kin_of_a_layer_takes_its_arguments():
    norm = torchvision.models.convnext.LayerNorm2d(8, eps=1e-6)
    assert summary_text(norm) == "8, eps=1e-06"
    linear = nn.MultiheadAttention(8, 2).out_proj
    assert str(describe(linear)) == "NonDynamicallyQuantizableLinear(8, 8)"


def test_a_lazy_layer_is_described_as_what_it_has_become():
    lazy = build("LazyLinear(4)")
    assert str(describe(lazy)) == "LazyLinear(4)"
    lazy(torch.zeros(1, 8))
    assert str(describe(lazy)) == "Linear(8, 4)"


def test_weights_handed_to_the_constructor_are_not_arguments():
    with recording():
        table = nn.Embedding.from_pretrained(torch.zeros(5, 2))
    assert str(describe(table)) == "Embedding(5, 2)"


def test_describing_changes_nothing():
    net = build("Sequential(Linear(8, 4), MultiheadAttention(8, 2))")
    before = copy.deepcopy(net)
    describe(net)
    assert repr(net) == repr(before)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before.state_dict()[name])


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "vit_b_16", "swin_t", "resnet18"])
def test_the_layers_of_a_torchvision_model_are_built_anew_from_their_description(name):
    with recording(), torch.device("meta"):
        net = models.get_model(name, weights=None)
    seen = [each for each in net.modules() if type(each) in KNOWN - CONTAINERS]
    assert len(seen) > 20
    for module in seen:
        assert repr(build(str(describe(module)), device="meta")) == repr(module)
