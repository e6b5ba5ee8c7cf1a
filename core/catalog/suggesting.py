"""Arguments that follow from where a layer is put: a Linear at ``fc`` starts with 2048 features."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from core.catalog.layers import find_layer
from core.catalog.spec import LayerSpec


@dataclass(frozen=True)
class Place:
    """Where a layer is to stand, as far as it is known.

    ``input_shape`` is what arrives there, ``(B, C, ...)`` or ``(B, L, C)``; ``output_shape`` what
    the present module gives. ``current`` is the module being replaced, ``previous`` the one before.
    """

    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    current: nn.Module | None = None
    name: str = ""
    previous: nn.Module | None = None
    classes: int | None = None

    @property
    def features(self) -> int | None:
        """The size of the last dimension that arrives, which a Linear takes."""
        if self.input_shape:
            return self.input_shape[-1]
        return _first(self.current, "in_features") or _first(self.previous, "out_features")

    @property
    def channels(self) -> int | None:
        """The number of channels that arrive: dimension 1 of a batch."""
        if self.input_shape and len(self.input_shape) > 1:
            return self.input_shape[1]
        return _first(self.current, "in_channels", "num_features") or _first(
            self.previous, "out_channels", "num_features", "out_features"
        )

    def gives(self, dimension: int, *names: str) -> int | None:
        """Return how many features the place gives now, so that what follows goes on fitting."""
        known = self.classes or _first(self.current, *names)
        if known is None and self.output_shape and len(self.output_shape) > 1:
            return self.output_shape[dimension]
        return known


def suggest(layer_name: str, place: Place) -> dict[str, Any]:
    """Return the arguments of a layer that follow from its place; only those that are known.

    Raises :class:`~core.errors.SpecError` for a layer that there is not.
    """
    layer = find_layer(layer_name)
    for matches, rule in _RULES:
        if matches(layer.name):
            found = rule(place)
            known = {name for each in (layer.parameters,) for name in (p.name for p in each)}
            return {k: v for k, v in found.items() if v is not None and k in known}
    return {}


def suggest_spec(layer_name: str, place: Place) -> LayerSpec:
    """Return the layer with what follows from its place filled in, required arguments first."""
    layer = find_layer(layer_name)
    found = suggest(layer_name, place)
    args: list[Any] = []
    for parameter in layer.parameters:
        if not parameter.required or parameter.name not in found:
            break
        args.append(found.pop(parameter.name))
    return LayerSpec(layer.name, tuple(args), found)


def missing(spec: LayerSpec) -> list[str]:
    """Return the required arguments that ``spec`` leaves open."""
    layer = find_layer(spec.name)
    given = {parameter.name for parameter in layer.parameters[: len(spec.args)]} | set(spec.kwargs)
    return [parameter.name for parameter in layer.required if parameter.name not in given]


def dividing(number: int | None, wanted: int) -> int | None:
    """Return the largest divisor of ``number`` that is at most ``wanted``."""
    if number is None or number < 1:
        return None
    return next(each for each in range(min(wanted, number), 0, -1) if number % each == 0)


def _first(module: nn.Module | None, *names: str) -> int | None:
    for name in names:
        value = getattr(module, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _linear(place: Place) -> dict[str, Any]:
    return {
        "in_features": place.features,
        "out_features": place.gives(-1, "out_features", "out_channels"),
    }


def _convolution(place: Place) -> dict[str, Any]:
    known: dict[str, Any] = {
        "in_channels": place.channels,
        "out_channels": place.gives(1, "out_channels", "out_features"),
    }
    if isinstance(place.current, nn.modules.conv._ConvNd):
        for name in ("kernel_size", "stride", "padding"):
            value = getattr(place.current, name)
            plain = isinstance(value, tuple) and len(set(value)) == 1
            known[name] = value[0] if plain else value
    return known


def _recurrent(place: Place) -> dict[str, Any]:
    hidden = _first(place.current, "hidden_size") or place.gives(-1, "out_features")
    return {"input_size": place.features, "hidden_size": hidden, "batch_first": True}


def _attention(place: Place) -> dict[str, Any]:
    heads = dividing(place.features, 8)
    return {
        "embed_dim": place.features, "num_heads": heads, "d_model": place.features, "nhead": heads,
        "batch_first": True,
    }  # fmt: skip


_RULES: tuple[tuple[Callable[[str], bool], Callable[[Place], dict[str, Any]]], ...] = (
    (lambda name: name == "Linear", _linear),
    (lambda name: name in ("LazyLinear",), lambda p: {"out_features": p.gives(-1, "out_features")}),
    (
        lambda name: name.startswith("LazyConv"),
        lambda p: {"out_channels": p.gives(1, "out_channels")},
    ),
    (lambda name: name.startswith("Conv"), _convolution),
    (
        lambda name: name.startswith(("BatchNorm", "SyncBatchNorm", "InstanceNorm", "FrozenBatch")),
        lambda p: {"num_features": p.channels},
    ),
    (
        lambda name: name in ("LayerNorm", "RMSNorm"),
        lambda p: {"normalized_shape": p.features},
    ),
    (
        lambda name: name == "GroupNorm",
        lambda p: {"num_groups": dividing(p.channels, 32), "num_channels": p.channels},
    ),
    (lambda name: name in ("LSTM", "GRU", "RNN"), _recurrent),
    (
        lambda name: name.endswith("Cell"),
        lambda p: {"input_size": p.features, "hidden_size": _first(p.current, "hidden_size")},
    ),
    (
        lambda name: (
            name in ("MultiheadAttention", "TransformerEncoderLayer", "Transformer")
            or name == "TransformerDecoderLayer"
        ),
        _attention,
    ),
    (
        lambda name: name == "Embedding",
        lambda p: {
            "num_embeddings": _first(p.current, "num_embeddings"),
            "embedding_dim": _first(p.current, "embedding_dim"),
        },
    ),
    (
        lambda name: name == "SqueezeExcitation",
        lambda p: {
            "input_channels": p.channels,
            "squeeze_channels": max(1, p.channels // 4) if p.channels else None,
        },
    ),
)
