"""The same module with other arguments."""

import pickle

import pytest
import torch
from torch import nn
from torchvision import models

from core.catalog import build, describe, layers, rebuild, summary_text
from core.document import record_of, recording
from core.errors import SpecError

from .samples import samples


class Block(nn.Module):
    def __init__(self, width, *sizes, norm=nn.LayerNorm, child=None, **rest):
        super().__init__()
        self.norm = norm(width)
        self.child = child
        self.sizes = sizes
        self.rest = rest


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("Linear(8, 4)", {"out_features": 2}, nn.Linear(8, 2)),
        ("Linear(8, 4, bias=False)", {"bias": True}, nn.Linear(8, 4)),
        ("Conv2d(3, 8, 7, stride=2)", {"stride": 1}, nn.Conv2d(3, 8, 7)),
        ("Conv2d(3, 8, 3)", {"kernel_size": [5, 3]}, nn.Conv2d(3, 8, (5, 3))),
        ("Conv2d(3, 8, 3)", {"padding": "same"}, nn.Conv2d(3, 8, 3, padding="same")),
        ("MaxPool2d(2)", {"kernel_size": 3}, nn.MaxPool2d(3)),
        ("LSTM(8, 6, 2)", {"hidden_size": 5}, nn.LSTM(8, 5, 2)),
        ("RNN(8, 6, 1, 'relu')", {"bias": False}, nn.RNN(8, 6, 1, "relu", bias=False)),
        ("LayerNorm(8)", {"normalized_shape": (2, 4)}, nn.LayerNorm((2, 4))),
        ("MultiheadAttention(8, 2)", {"num_heads": 4}, nn.MultiheadAttention(8, 4)),
        (
            "TransformerEncoder(TransformerEncoderLayer(8, 2), 2)",
            {"num_layers": 3},
            nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 3),
        ),
    ],
)
@pytest.mark.parametrize("seen", [True, False], ids=["seen", "from a file"])
def test_a_layer_is_built_anew_with_one_argument_changed(text, changes, expected, seen):
    old = build(text)
    if not seen:
        old = pickle.loads(pickle.dumps(old))
    new = rebuild(old, changes)
    assert new is not old
    assert repr(new) == repr(expected)
    assert [t.shape for t in new.parameters()] == [t.shape for t in expected.parameters()]
    assert record_of(new) is not None
    assert describe(new) == describe(expected)


@pytest.mark.parametrize("name", sorted(set(layers()) - {"Sequential", "ModuleList", "ModuleDict"}))
def test_without_changes_every_layer_is_built_as_it_was(name):
    old = build(samples()[name])
    new = rebuild(old, {})
    assert repr(new) == repr(old)
    assert describe(new) == describe(old)


def test_the_new_one_lives_where_the_old_one_did():
    assert rebuild(build("Linear(8, 4)", device="meta"), {"bias": False}).weight.is_meta
    assert rebuild(build("Linear(8, 4)").half(), {"bias": False}).weight.dtype == torch.float16
    norm = build("BatchNorm2d(8)").double()
    assert rebuild(norm, {"affine": False}).running_mean.dtype == torch.float64


def test_the_old_one_is_left_alone():
    old = build("Linear(8, 4)").half()
    weight = old.weight
    rebuild(old, {"out_features": 2})
    assert old.weight is weight
    assert summary_text(old) == "8, 4"


def test_a_composite_that_was_seen_is_built_anew():
    with recording():
        net = models.resnet50()
    new = rebuild(net.layer1[1], {"planes": 32, "dilation": 2})
    expected = models.resnet.Bottleneck(256, 32, dilation=2, norm_layer=nn.BatchNorm2d)
    assert repr(new) == repr(expected)
    again = rebuild(new, {"planes": 64, "dilation": 1})
    assert repr(again) == repr(net.layer1[1])


def test_a_composite_with_star_arguments():
    with recording():
        block = Block(8, 1, 2, extra=3)
    new = rebuild(block, {"width": 4, "more": 5})
    assert new.norm.normalized_shape == (4,)
    assert (new.sizes, new.rest) == ((1, 2), {"extra": 3, "more": 5})


def test_plain_texts_mean_what_they_say():
    with recording():
        block = Block(8, child=nn.ReLU())
    assert isinstance(rebuild(block, {"norm": "BatchNorm1d"}).norm, nn.BatchNorm1d)
    assert isinstance(rebuild(block, {"child": "Linear(8, 8)"}).child, nn.Linear)
    mlp = build("MLP(3, [4, 5])")
    assert isinstance(rebuild(mlp, {"norm_layer": "LayerNorm"})[1], nn.LayerNorm)
    layer = build("TransformerEncoderLayer(8, 2)")
    assert rebuild(layer, {"activation": "gelu"}).activation is nn.functional.gelu
    assert rebuild(layer, {"activation": "F.silu"}).activation is nn.functional.silu
    assert rebuild(build("Linear(8, 4)"), {"dtype": "float16"}).weight.dtype == torch.float16
    stack = build("TransformerEncoder(TransformerEncoderLayer(8, 2), 2)")
    assert isinstance(rebuild(stack, {"norm": "LayerNorm(8)"}).norm, nn.LayerNorm)


class Unseen(nn.Module):
    pass


@pytest.mark.parametrize(
    ("module", "changes", "sentence"),
    [
        (nn.Linear(8, 4), {"out_feature": 2}, "Did you mean out_features"),
        (nn.Linear(8, 4), {"out_features": "two"}, 'out_features is an int; "two" came.'),
        (nn.Linear(8, 4), {"out_features": None}, "out_features is an int; None came."),
        (nn.Linear(8, 4), {"out_features": -2}, "Linear: Trying to create tensor"),
        (nn.Sigmoid(), {"dim": 1}, "Sigmoid takes no arguments"),
        (nn.Conv2d(4, 4, 3), {"groups": 3}, "in_channels must be divisible by groups."),
        (nn.Sequential(nn.ReLU()), {"a": 1}, "Sequential has no arguments; change the layers"),
        (nn.ModuleList(), {}, "ModuleList has no arguments"),
        (Unseen(), {"a": 1}, "Unseen was not built here, so its arguments are unknown"),
        (
            pickle.loads(pickle.dumps(build("MLP(3, [4])"))),
            {"dropout": 0.1},
            "MLP was not built here",
        ),
    ],
)
def test_what_cannot_be_changed_is_said(module, changes, sentence):
    with pytest.raises(SpecError) as refusal:
        rebuild(module, changes)
    assert sentence in str(refusal.value)


def test_an_unknown_argument_of_a_composite_names_the_nearest():
    with recording():
        block = models.resnet.BasicBlock(8, 8)
    with pytest.raises(
        SpecError, match=r"BasicBlock has no argument 'plane'\. Did you mean planes"
    ):
        rebuild(block, {"plane": 4})
    with pytest.raises(SpecError, match="BasicBlock: "):
        rebuild(block, {"planes": "many"})
