"""Arguments filled in from the place where a layer is put."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from core.catalog.checking import accepts, bind
from core.catalog.describing import arguments_of
from core.catalog.layers import MY_BLOCKS, Layer, find_layer, layer_of
from core.catalog.spec import LayerSpec

_INTO = ("in_features", "in_channels", "num_features", "num_channels", "input_size", "embed_dim")
_OUT_OF = ("out_features", "out_channels", "num_features", "num_channels", "hidden_size")


@dataclass(frozen=True)
class Place:
    """Where a layer is put: what comes in, what must go out, what stands there and before it.

    Shapes begin with the batch: ``(1, 2048)``, ``(1, 3, 224, 224)``, ``(1, tokens, features)``.
    ``classes`` is how many outputs are wanted, where that is known.
    """

    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    current: nn.Module | None = None
    name: str = ""
    previous: nn.Module | None = None
    classes: int | None = None

    @property
    def features(self) -> int | None:
        """The size of the last dimension that comes in, which a Linear takes."""
        return self.input_shape[-1] if self.input_shape else self._known_in()

    @property
    def channels(self) -> int | None:
        """The channels that come in: dimension 1 of a batch."""
        return self.channels_over(None)

    def channels_over(self, dims: int | None) -> int | None:
        """Return the channels that come in; ``dims`` is 2 for a layer over images."""
        shape = self.input_shape
        if not shape:
            return self._known_in()
        if dims is not None and len(shape) == dims + 1 and len(shape) > 2:
            return shape[0]  # one sample without a batch
        return shape[1] if len(shape) > 1 else shape[0]

    def out_features(self) -> int | None:
        """Return the size of the last dimension that is to go out."""
        if self.classes is not None:
            return self.classes
        known = _attribute(self.current, _OUT_OF, last=True)
        return self.output_shape[-1] if self.output_shape and known is None else known

    def out_channels(self) -> int | None:
        """Return the channels that are to go out."""
        if self.classes is not None:
            return self.classes
        known = _attribute(self.current, _OUT_OF, last=True)
        if known is None and self.output_shape and len(self.output_shape) > 1:
            return self.output_shape[1]
        return known

    def _known_in(self) -> int | None:
        found = _attribute(self.current, _INTO)
        return found if found is not None else _attribute(self.previous, _OUT_OF, last=True)


def suggest(layer_name: str, place: Place) -> dict[str, Any]:
    """Return the arguments of ``layer_name`` that follow from ``place``; only what is known.

    Sizes come from the shapes, else from the layers around; what the layer that stands there was
    given on purpose (``stride=2``, ``inplace=True``) is kept where the new one takes it too.
    """
    layer = find_layer(layer_name)
    dims = _dims(layer)
    found = {**_order(layer, place), **_kept(layer, place)}
    for parameter in layer.parameters:
        rule = _RULES.get(parameter.name)
        value = rule(place, dims) if rule is not None else None
        wanted = parameter.required or parameter.name in _EVEN_IF_OPTIONAL
        # The defaults of the user's own blocks are the sizes of the place they were saved from.
        if value is not None and (wanted or layer.group == MY_BLOCKS):
            found[parameter.name] = value
    if layer.name == "Bottleneck" and "planes" in found:
        found["planes"] = max(1, found["planes"] // 4)  # it gives four times as many
    _divide(found)
    ordered = [each.name for each in layer.parameters]
    return {name: found[name] for name in ordered if name in found}


def suggest_spec(layer_name: str, place: Place) -> LayerSpec:
    """Return the layer with the arguments known here; :func:`missing` tells which are open."""
    layer = find_layer(layer_name)
    found = suggest(layer.name, place)
    args: list[Any] = []
    for parameter in layer.parameters:
        if not parameter.required or parameter.keyword_only or parameter.name not in found:
            break
        args.append(found.pop(parameter.name))
    return LayerSpec(layer.name, tuple(args), found)


def missing(spec: LayerSpec) -> list[str]:
    """Return the names of the required arguments that ``spec`` does not give yet."""
    layer = find_layer(spec.name)
    if not layer.required:
        return []
    given = bind(layer, spec.args, spec.kwargs)
    return [each.name for each in layer.required if each.name not in given]


def _kept(layer: Layer, place: Place) -> dict[str, Any]:
    """Return what the current layer was given on purpose and the new one takes as well."""
    if place.current is None:
        return {}
    known = layer_of(type(place.current))
    if known is None:
        return {}
    found = {}
    for name, value in arguments_of(place.current).items():
        there, here = known.parameter(name), layer.parameter(name)
        if here is None or there is None or here.hidden or value is None:
            continue
        given = there.required or value != there.default
        if given and here.kind == there.kind and accepts(here, value):
            found[name] = value
    return found


def _order(layer: Layer, place: Place) -> dict[str, Any]:
    """Shapes begin with the batch here, and these layers would take it for the time otherwise."""
    current = arguments_of(place.current) if place.current is not None else {}
    if layer.parameter("batch_first") is None or "batch_first" in current:
        return {}
    return {} if place.input_shape and len(place.input_shape) != 3 else {"batch_first": True}


def _divide(found: dict[str, Any]) -> None:
    """Choose groups and heads so that they divide what they split."""
    for parts, whole in (("num_groups", "num_channels"), ("num_heads", "embed_dim")):
        if parts in found and whole in found and found[whole] % found[parts]:
            found[parts] = _divisor(found[whole], found[parts])
    if "nhead" in found and "d_model" in found and found["d_model"] % found["nhead"]:
        found["nhead"] = _divisor(found["d_model"], found["nhead"])
    sizes = [found.get("in_channels"), found.get("out_channels")]
    if any(size is not None and size % found.get("groups", 1) for size in sizes):
        del found["groups"]


def _divisor(whole: int, most: int) -> int:
    return next((n for n in range(min(most, whole), 0, -1) if whole % n == 0), 1)


def _heads(place: Place, _: int | None) -> int | None:
    width = place.features
    if width is None or width < 1:
        return None
    # 64 numbers a head, as in most published models; else up to eight heads.
    return width // 64 if width % 64 == 0 else _divisor(width, 8)


def _squeezed(place: Place, dims: int | None) -> int | None:
    channels = place.channels_over(dims)
    return max(1, channels // 4) if channels else None  # as in MobileNetV3 and EfficientNet


def _groups(place: Place, dims: int | None) -> int | None:
    channels = place.channels_over(dims)
    return _divisor(channels, 32) if channels else None


def _pooled(place: Place, dims: int | None) -> Any:
    spatial = (place.output_shape or ())[2:]
    if dims is None or len(spatial) != dims:
        return 1
    return spatial[0] if len(set(spatial)) == 1 else spatial


def _embedded(place: Place, _: int | None) -> int | None:
    known = _attribute(place.current, ("embedding_dim",))
    return place.output_shape[-1] if known is None and place.output_shape else known


def _out_features(place: Place, _: int | None) -> int | None:
    return place.out_features()


def _features(place: Place, _: int | None) -> int | None:
    return place.features


def _channels(place: Place, dims: int | None) -> int | None:
    return place.channels_over(dims)


def _out_channels(place: Place, _: int | None) -> int | None:
    return place.out_channels()


_RULES: dict[str, Callable[[Place, int | None], Any]] = {
    "in_features": _features,
    "in1_features": _features,
    "normalized_shape": _features,
    "input_size": _features,
    "embed_dim": _features,
    "d_model": _features,
    "out_features": _out_features,
    "num_classes": lambda place, _: place.classes,
    "n_classes": lambda place, _: place.classes,
    "hidden_size": _out_features,
    "in_channels": _channels,
    "n_channels": _channels,
    "channels": _channels,
    "inplanes": _channels,
    "inp": _channels,
    "input_channels": _channels,
    "squeeze_channels": _squeezed,
    "num_features": _channels,
    "num_channels": _channels,
    "num_parameters": _channels,
    "out_channels": _out_channels,
    "planes": _out_channels,
    "oup": _out_channels,
    "num_groups": _groups,
    "num_heads": _heads,
    "nhead": _heads,
    "output_size": _pooled,
    "embedding_dim": _embedded,
}
_EVEN_IF_OPTIONAL = ("num_parameters", "d_model", "nhead")


def _dims(layer: Layer) -> int | None:
    named = re.search(r"([123])d", layer.name)
    return int(named[1]) if named else None


def _attribute(module: nn.Module | None, names: Iterable[str], last: bool = False) -> int | None:
    """Return the first (or last) of these sizes in a module or, for a container, inside it."""
    if module is None:
        return None
    found = [
        value
        for each in module.modules()
        for value in [next((_size(each, name) for name in names if _size(each, name)), None)]
        if value is not None
    ]
    if not found:
        return None
    return found[-1] if last else found[0]


def _size(module: nn.Module, name: str) -> int | None:
    value = getattr(module, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
