"""Heads that are often wanted, made to fit the place they are put in."""

from collections.abc import Callable
from dataclasses import dataclass

from core.catalog.spec import LayerSpec
from core.catalog.suggesting import Place
from core.errors import SpecError


@dataclass(frozen=True)
class Preset:
    """A few layers under one name.

    ``make(place, classes)`` raises :class:`SpecError` where the place does not allow it.
    """

    name: str
    title: str
    summary: str
    make: Callable[[Place, int], LayerSpec]
    group: str = "Heads"


def presets() -> tuple[Preset, ...]:
    """Return all presets, the plainest first."""
    return _PRESETS


def find_preset(name: str) -> Preset:
    """Return the preset called ``name``; raises :class:`SpecError`, naming those there are."""
    for preset in _PRESETS:
        if preset.name == name:
            return preset
    known = ", ".join(preset.name for preset in _PRESETS)
    raise SpecError(f"There is no head called '{name}'; there are {known}.")


def _incoming(place: Place) -> int:
    """Return how many features a head gets: channels where images come in, else the last size."""
    found = place.channels if _is_image(place) else place.features
    if found is None:
        where = f" into '{place.name}'" if place.name else ""
        raise SpecError(f"How many features come{where} is not known; give the model an input.")
    return found


def _is_image(place: Place) -> bool:
    return place.input_shape is not None and len(place.input_shape) == 4


def _head(place: Place, **layers: LayerSpec) -> LayerSpec:
    """Return the layers in a row; images are averaged to one vector first."""
    if _is_image(place):
        pooled = {"pool": LayerSpec("AdaptiveAvgPool2d", (1,)), "flatten": LayerSpec("Flatten")}
        layers = {**pooled, **layers}
    if len(layers) == 1:
        return next(iter(layers.values()))
    return LayerSpec("Sequential", (), dict(layers))


def _linear(features: int, classes: int) -> LayerSpec:
    return LayerSpec("Linear", (features, classes))


def _hidden(classes: int) -> int:
    """Return the usual width between the two layers, and never less than the classes."""
    return max(classes, 128)


def _plain(place: Place, classes: int) -> LayerSpec:
    return _head(place, fc=_linear(_incoming(place), classes))


def _dropout_linear(place: Place, classes: int) -> LayerSpec:
    drop = LayerSpec("Dropout", (0.2,))
    return _head(place, dropout=drop, fc=_linear(_incoming(place), classes))


def _mlp(place: Place, classes: int) -> LayerSpec:
    features = _incoming(place)
    hidden = _hidden(classes)
    return _head(
        place,
        fc1=_linear(features, hidden),
        relu=LayerSpec("ReLU"),
        dropout=LayerSpec("Dropout", (0.5,)),
        fc2=_linear(hidden, classes),
    )


def _tutorial(place: Place, classes: int) -> LayerSpec:
    return _head(
        place,
        fc1=_linear(_incoming(place), 128),
        relu1=LayerSpec("ReLU"),
        dropout1=LayerSpec("Dropout", (0.5,)),
        fc2=_linear(128, classes),
        output=LayerSpec("Softmax", (), {"dim": 1}),
    )


def _norm_linear(place: Place, classes: int) -> LayerSpec:
    features = _incoming(place)
    return _head(place, norm=LayerSpec("LayerNorm", (features,)), fc=_linear(features, classes))


def _batchnorm_linear(place: Place, classes: int) -> LayerSpec:
    if place.input_shape is not None and len(place.input_shape) == 3:
        raise SpecError(
            f"BatchNorm1d would take {place.input_shape[1]} tokens for channels; use norm-linear."
        )
    features = _incoming(place)
    return _head(place, norm=LayerSpec("BatchNorm1d", (features,)), fc=_linear(features, classes))


def _conv1x1(place: Place, classes: int) -> LayerSpec:
    channels = place.channels_over(2)
    if channels is None or (place.input_shape and len(place.input_shape) != 4):
        came = f"{place.input_shape} comes" if place.input_shape else "nothing is known to come"
        raise SpecError(f"A 1×1 convolution needs images (B, C, H, W); {came} in here.")
    return LayerSpec("Conv2d", (channels, classes, 1))


_PRESETS = (
    Preset("linear", "Linear", "One linear layer to the classes.", _plain),
    Preset(
        "dropout-linear", "Dropout and linear", "Dropout, then one linear layer.", _dropout_linear
    ),
    Preset("norm-linear", "LayerNorm and linear", "As in vision transformers.", _norm_linear),
    Preset(
        "batchnorm-linear", "BatchNorm and linear", "Normalised over the batch.", _batchnorm_linear
    ),
    Preset("mlp", "Small MLP", "Linear, ReLU, dropout, linear.", _mlp),
    Preset(
        "tutorial",
        "Tutorial classifier",
        "fc1, relu1, dropout1, fc2 and a softmax output: gives probabilities, so train it with "
        "NLLLoss on their logarithm, not with CrossEntropyLoss.",
        _tutorial,
    ),
    Preset("conv1x1", "1×1 convolution", "Classes for every pixel, as in segmentation.", _conv1x1),
)
