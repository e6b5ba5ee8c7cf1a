"""What is filled in fits the place: the layer takes what comes in and gives what is wanted."""

import pytest
import torch
from hypothesis import given, strategies as st
from torch import nn

from core.catalog import LayerSpec, Place, build, layers, missing, suggest, suggest_spec
from core.errors import SpecError

CONV = nn.Conv2d(64, 128, 3, stride=2, padding=1, bias=False)


@pytest.mark.parametrize(
    ("layer", "place", "written"),
    [
        ("Linear", Place((1, 2048), (1, 1000), nn.Linear(2048, 1000), "fc"), "Linear(2048, 1000)"),
        ("Linear", Place((1, 2048), classes=10), "Linear(2048, 10)"),
        ("Linear", Place((1, 2048), (1, 7)), "Linear(2048, 7)"),
        ("Linear", Place(current=nn.Linear(8, 4, bias=False)), "Linear(8, 4, bias=False)"),
        ("Linear", Place(previous=nn.Linear(8, 4)), "Linear(4)"),
        (
            "Linear",
            Place(current=nn.Sequential(nn.Dropout(), nn.Linear(1280, 1000))),
            "Linear(1280, 1000)",
        ),
        (
            "Conv2d",
            Place((1, 64, 8, 8), (1, 128, 4, 4), CONV),
            "Conv2d(64, 128, 3, stride=2, padding=1, bias=False)",
        ),
        ("Conv2d", Place((1, 64, 8, 8), (1, 32, 8, 8)), "Conv2d(64, 32)"),
        ("Conv2d", Place((64, 8, 8)), "Conv2d(64)"),
        ("Conv1d", Place((1, 16, 100)), "Conv1d(16)"),
        ("ConvTranspose2d", Place((1, 64, 8, 8), (1, 32, 16, 16)), "ConvTranspose2d(64, 32)"),
        ("MaxPool2d", Place(current=CONV), "MaxPool2d(3, stride=2, padding=1)"),
        ("AvgPool2d", Place(current=nn.MaxPool2d(3, 2, 1)), "AvgPool2d(3, stride=2, padding=1)"),
        ("BatchNorm2d", Place((1, 64, 8, 8)), "BatchNorm2d(64)"),
        ("BatchNorm2d", Place(previous=CONV), "BatchNorm2d(128)"),
        ("BatchNorm1d", Place((1, 64)), "BatchNorm1d(64)"),
        ("InstanceNorm2d", Place(current=nn.BatchNorm2d(7)), "InstanceNorm2d(7)"),
        ("LayerNorm", Place((1, 196, 768)), "LayerNorm(768)"),
        ("GroupNorm", Place((1, 48, 8, 8)), "GroupNorm(24, 48)"),
        ("GroupNorm", Place((1, 64, 8, 8)), "GroupNorm(32, 64)"),
        (
            "Embedding",
            Place(current=nn.Embedding(100, 32, padding_idx=0)),
            "Embedding(100, 32, padding_idx=0)",
        ),
        ("LSTM", Place((1, 10, 32), (1, 10, 64)), "LSTM(32, 64, batch_first=True)"),
        ("GRU", Place(current=nn.LSTM(5, 6, num_layers=2)), "GRU(5, 6, num_layers=2)"),
        ("MultiheadAttention", Place((1, 5, 768)), "MultiheadAttention(768, 12, batch_first=True)"),
        (
            "TransformerEncoderLayer",
            Place((1, 5, 10)),
            "TransformerEncoderLayer(10, 5, batch_first=True)",
        ),
        ("PReLU", Place((1, 64, 8, 8)), "PReLU(num_parameters=64)"),
        ("LeakyReLU", Place(current=nn.ReLU(inplace=True)), "LeakyReLU(inplace=True)"),
        ("AdaptiveAvgPool2d", Place((1, 8, 7, 7), (1, 8, 1, 1)), "AdaptiveAvgPool2d(1)"),
        ("SqueezeExcitation", Place((1, 64, 8, 8)), "SqueezeExcitation(64, 16)"),
        ("Flatten", Place((1, 64, 8, 8)), "Flatten()"),
        ("Upsample", Place((1, 64, 8, 8)), "Upsample()"),
        ("Sequential", Place((1, 64)), "Sequential()"),
        ("Linear", Place(), "Linear()"),
    ],
)
def test_arguments_follow_from_the_place(layer, place, written):
    assert str(suggest_spec(layer, place)) == written


def test_only_what_is_known_is_given():
    assert suggest("Linear", Place((1, 2048))) == {"in_features": 2048}
    assert suggest("Linear", Place()) == {}
    assert suggest("nn.Linear", Place((1, 8), classes=2)) == {"in_features": 8, "out_features": 2}


def test_a_gap_before_a_known_argument_is_kept_by_name():
    spec = suggest_spec("Conv2d", Place(classes=5))
    assert str(spec) == "Conv2d(out_channels=5)"
    assert missing(spec) == ["in_channels", "kernel_size"]


def test_groups_that_no_longer_divide_are_dropped():
    depthwise = nn.Conv2d(64, 64, 3, groups=64)
    assert suggest("Conv2d", Place((1, 64, 8, 8), current=depthwise))["groups"] == 64
    assert "groups" not in suggest("Conv2d", Place((1, 96, 8, 8), current=depthwise))


def test_what_is_still_open_is_named():
    assert missing(LayerSpec("Linear", (8,))) == ["out_features"]
    assert missing(LayerSpec("Linear", (), {"out_features": 8})) == ["in_features"]
    assert missing(LayerSpec("Linear", (8, 4))) == []
    assert missing(LayerSpec("Sequential", (LayerSpec("ReLU"),))) == []


def test_an_unknown_layer_is_refused():
    with pytest.raises(SpecError, match="Did you mean Linear"):
        suggest_spec("Lineer", Place())


@pytest.mark.parametrize("name", sorted(layers()))
def test_every_layer_gets_arguments_it_has_for_any_place(name):
    known = {each.name for each in layers()[name].parameters}
    for place in (
        Place(),
        Place((1, 8), (1, 4)),
        Place((1, 5, 8), (1, 5, 8), previous=nn.LayerNorm(8)),
        Place((1, 8, 6, 6), (1, 4, 3, 3), CONV, "conv", nn.ReLU(), 10),
        Place((1, 8, 6, 6), current=nn.MultiheadAttention(8, 2)),
        Place((), ()),
    ):
        assert set(suggest(name, place)) <= known


@given(st.integers(1, 600))
def test_heads_and_groups_divide_whatever_comes(width):
    attention = build(suggest_spec("MultiheadAttention", Place((1, 3, width))), device="meta")
    assert attention.embed_dim == width
    norm = build(suggest_spec("GroupNorm", Place((1, width, 2, 2))))
    assert norm(torch.zeros(1, width, 2, 2)).shape == (1, width, 2, 2)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("BatchNorm2d", (2, 6, 4, 4)),
        ("LayerNorm", (2, 6)),
        ("GroupNorm", (2, 6, 4, 4)),
        ("PReLU", (2, 6, 4, 4)),
        ("TransformerEncoderLayer", (2, 5, 6)),
        ("AdaptiveAvgPool2d", (2, 6, 4, 4)),
        ("SqueezeExcitation", (2, 6, 4, 4)),
    ],
)
def test_what_is_suggested_runs_where_it_is_put(name, shape):
    spec = suggest_spec(name, Place(shape))
    assert missing(spec) == []
    assert build(spec)(torch.randn(shape)).shape[:2] == shape[:2]
