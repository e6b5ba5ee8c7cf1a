"""Heads that people put on a backbone, ready to be placed."""

from collections.abc import Callable
from dataclasses import dataclass

from core.catalog.script import parse_spec
from core.catalog.spec import LayerSpec
from core.catalog.suggesting import Place
from core.errors import SpecError


@dataclass(frozen=True)
class Preset:
    """A head: what it is called, and how it is made for a place and a number of classes."""

    name: str
    title: str
    summary: str
    make: Callable[[Place, int], LayerSpec]
    group: str = "Heads"


def presets() -> tuple[Preset, ...]:
    """Return the heads there are."""
    return _PRESETS


def find_preset(name: str) -> Preset:
    """Return the head called ``name``; raises :class:`~core.errors.SpecError`."""
    for preset in _PRESETS:
        if preset.name == name:
            return preset
    known = ", ".join(preset.name for preset in _PRESETS)
    raise SpecError(f"There is no head called '{name}'; there are {known}.")


def _features(place: Place) -> int:
    if place.features is None:
        raise SpecError(
            "How many features arrive here is not known; give the model an input first."
        )
    return place.features


def _channels(place: Place) -> int:
    if place.channels is None:
        raise SpecError(
            "How many channels arrive here is not known; give the model an input first."
        )
    return place.channels


def _written(pattern: str, **sizes: int) -> LayerSpec:
    return parse_spec(pattern.format(**sizes))


def _preset(name: str, title: str, summary: str, pattern: str) -> Preset:
    def make(place: Place, classes: int) -> LayerSpec:
        inputs = _channels(place) if "{channels}" in pattern else _features(place)
        hidden = max(classes, 128)
        return _written(pattern, features=inputs, channels=inputs, classes=classes, hidden=hidden)

    return Preset(name, title, summary, make)


_PRESETS = (
    _preset("linear", "Linear head", "One Linear layer to the classes.",
            "Linear({features}, {classes})"),
    _preset("dropout-linear", "Dropout and Linear", "Dropout before one Linear layer.",
            "Sequential(dropout=Dropout(0.2), fc=Linear({features}, {classes}))"),
    _preset("mlp", "MLP head", "Two Linear layers with ReLU and Dropout between.",
            "Sequential(fc1=Linear({features}, {hidden}), relu1=ReLU(), dropout1=Dropout(0.5),"
            " fc2=Linear({hidden}, {classes}))"),
    _preset("norm-linear", "LayerNorm and Linear", "Normalise, then one Linear layer.",
            "Sequential(norm=LayerNorm({features}), fc=Linear({features}, {classes}))"),
    _preset("tutorial", "Five-layer head with Softmax",
            "Linear, ReLU, Dropout, Linear, Softmax; leave the Softmax away for CrossEntropyLoss.",
            "Sequential(fc1=Linear({features}, 128), relu1=ReLU(), dropout1=Dropout(0.5),"
            " fc2=Linear(128, {classes}), output=Softmax(dim=1))"),
    _preset("conv1x1", "1×1 convolution", "A convolution to the classes, for maps of features.",
            "Conv2d({channels}, {classes}, 1)"),
)  # fmt: skip
