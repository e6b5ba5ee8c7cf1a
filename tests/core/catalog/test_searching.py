"""A palette's search: a few letters, the right layer first."""

import pytest

from core.catalog import layers, search


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("linear", "Linear"),
        ("nn.Linear", "Linear"),
        ("conv2d", "Conv2d"),
        ("relu", "ReLU"),
        ("bn2d", "BatchNorm2d"),
        ("mha", "MultiheadAttention"),
        ("swish", "SiLU"),
        ("dense", "Linear"),
        ("dropout 2d", "Dropout2d"),
        ("max pool 3d", "MaxPool3d"),
        ("drop path", "StochasticDepth"),
        ("squeeze", "SqueezeExcitation"),
    ],
)
def test_the_meant_layer_comes_first(text, first):
    assert search(text)[0].name == first


def test_a_group_gives_its_layers():
    assert {each.name for each in layers().values() if each.group == "Recurrent"} <= {
        each.name for each in search("recurrent")
    }


def test_a_word_of_the_summary_is_enough():
    assert "Embedding" in [each.name for each in search("lookup")]


def test_every_word_must_fit():
    assert search("conv xyzzy") == []
    assert search("xyzzy") == []


def test_no_words_give_everything():
    assert search("") == search("  ") == list(layers().values())


@pytest.mark.parametrize("name", sorted(layers()))
def test_a_full_name_finds_its_layer_first(name):
    assert search(name)[0].name == name
