"""Every head that is offered builds, runs and gives the classes."""

import pytest
import torch
from torch import nn

from core.catalog import Place, build, describe, find_preset, presets
from core.errors import SpecError

NAMES = [preset.name for preset in presets()]
HEADS = [name for name in NAMES if name != "conv1x1"]


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize(
    "place",
    [
        Place((2, 32), (2, 1000), nn.Linear(32, 1000), "fc"),
        Place((2, 32, 7, 7), name="classifier"),
        Place(current=nn.Linear(32, 1000)),
        Place(current=nn.Sequential(nn.Dropout(), nn.Linear(32, 1000))),
        Place(previous=nn.Linear(8, 32)),
    ],
    ids=["vector", "image", "current", "container", "previous"],
)
def test_a_head_gives_the_classes_wherever_it_is_put(name, place):
    spec = find_preset(name).make(place, 10)
    head = build(spec)
    assert head(torch.randn(place.input_shape or (2, 32))).shape == (2, 10)
    assert repr(build(describe(head))) == repr(head)


def test_a_convolution_gives_classes_for_every_pixel():
    head = build(find_preset("conv1x1").make(Place((2, 32, 7, 5)), 10))
    assert head(torch.randn(2, 32, 7, 5)).shape == (2, 10, 7, 5)


def test_heads_over_tokens_keep_the_tokens():
    place = Place((2, 5, 32))
    for name in ("linear", "norm-linear", "mlp"):
        head = build(find_preset(name).make(place, 10))
        assert head(torch.randn(2, 5, 32)).shape == (2, 5, 10)


def test_the_tutorials_head_is_the_tutorials():
    spec = find_preset("tutorial").make(Place((1, 2048), current=nn.Linear(2048, 1000)), 10)
    assert str(spec) == (
        "Sequential(fc1=Linear(2048, 128), relu1=ReLU(), dropout1=Dropout(0.5), "
        "fc2=Linear(128, 10), output=Softmax(dim=1))"
    )
    probabilities = build(spec)(torch.randn(3, 2048))
    torch.testing.assert_close(probabilities.sum(1), torch.ones(3))


@pytest.mark.parametrize("name", NAMES)
def test_a_head_for_nowhere_is_refused(name):
    with pytest.raises(SpecError, match="known"):
        find_preset(name).make(Place(), 10)


@pytest.mark.parametrize(
    ("name", "shape", "reason"),
    [
        ("conv1x1", (2, 32), "needs images"),
        ("conv1x1", (2, 5, 32), "needs images"),
        ("batchnorm-linear", (2, 5, 32), "use norm-linear"),
    ],
)
def test_a_head_that_does_not_fit_is_refused_with_the_reason(name, shape, reason):
    with pytest.raises(SpecError, match=reason):
        find_preset(name).make(Place(shape), 10)


def test_presets_have_names_of_their_own():
    assert len(set(NAMES)) == len(NAMES)
    assert {"linear", "mlp", "tutorial", "conv1x1", "dropout-linear", "norm-linear"} <= set(NAMES)
    for preset in presets():
        assert preset.group == "Heads"
        assert preset.title
        assert preset.summary


def test_an_unknown_head_is_refused_with_the_known_ones():
    with pytest.raises(SpecError, match="There is no head called 'mpl'; there are linear"):
        find_preset("mpl")
