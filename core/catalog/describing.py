"""From a module to the layer spec one would write to build it."""

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from core.catalog.attributes import UNKNOWN, read, same
from core.catalog.layers import Layer, layer_of
from core.catalog.parameters import Parameter, signature_of
from core.catalog.refs import named
from core.catalog.spec import LayerRef, LayerSpec
from core.document.records import Record, record_of

_TOO_MANY_NUMBERS = 64

# These turn one number into a tuple in their constructor; elsewhere (AdaptiveAvgPool2d) a tuple is
# kept as it was written, and shows in the layer's repr.
_EXPANDING = ("conv", "padding")
_EXPANDING_LAYERS = ("AvgPool1d", "MaxUnpool", "FractionalMaxPool")


def describe(module: nn.Module) -> LayerSpec:
    """Return what one would write to build ``module``.

    Containers are described by the children they have now, layers by their constructor arguments
    that differ from the defaults. A module of unknown origin has a name and no arguments, and what
    is not a plain value stands there by its name: such a spec shows, but does not build.
    """
    kind = type(module)
    if kind is nn.Sequential:
        return _sequential(module)
    if kind is nn.ModuleList:
        return LayerSpec("ModuleList", ([describe(each) for each in module.children()],))
    if kind is nn.ModuleDict:
        return LayerSpec("ModuleDict", ({n: describe(each) for n, each in _children(module)},))
    layer = layer_of(kind)
    if layer is None:
        return _composite(module)
    return _layer_spec(kind.__name__, layer, arguments_of(module))


def arguments_of(module: nn.Module) -> dict[str, Any]:
    """Return all constructor arguments of ``module`` by name, defaults included.

    They are those it has now: an attribute changed since (``dropout.p = 0.2``) counts. Empty for
    containers, and for modules whose origin is unknown. Device and dtype are left out unless they
    were given.
    """
    if is_container(module):
        return {}
    layer = layer_of(type(module))
    record = record_of(module)
    if record is not None and record.cls is not type(module):
        record = None  # a lazy layer that has become another
    if layer is None:
        return _recorded_composite(record) if record is not None else {}
    return _arguments_of_layer(module, layer, _recorded(layer, record) if record else None)


def summary_text(module: nn.Module) -> str:
    """Return the arguments as a short text for a column: ``"3, 64, 7, stride=2, bias=False"``."""
    return "" if is_container(module) else describe(module).arguments_text()


def is_container(module: nn.Module) -> bool:
    """Say whether ``module`` is one of the containers that are nothing but their children."""
    return type(module) in (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def changed_arguments(module: nn.Module, layer: Layer) -> dict[str, Any]:
    """Return the arguments of a layer that it needs or that differ from the defaults."""
    return {
        parameter.name: value
        for parameter, value in _pairs(layer, arguments_of(module))
        if parameter.required or not _is_default(parameter, value)
    }


def _children(module: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, each) for name, each in module._modules.items() if each is not None]


def _sequential(module: nn.Module) -> LayerSpec:
    children = _children(module)
    if [name for name, _ in children] == [str(index) for index in range(len(children))]:
        return LayerSpec("Sequential", tuple(describe(each) for _, each in children))
    return LayerSpec("Sequential", (), {name: describe(each) for name, each in children})


def _arguments_of_layer(
    module: nn.Module, layer: Layer, given: Mapping[str, Any] | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for parameter in layer.parameters:
        value = _argument(module, layer, parameter, given)
        if value is UNKNOWN:
            if parameter.required:
                return {}
            value = parameter.default
        if not (parameter.hidden and value is None):
            found[parameter.name] = value
    return found


def _argument(
    module: nn.Module, layer: Layer, parameter: Parameter, given: Mapping[str, Any] | None
) -> Any:
    known = given is not None and parameter.name in given
    if parameter.hidden:
        return given[parameter.name] if given is not None and known else UNKNOWN
    current = read(module, layer, parameter)
    if _is_kernel_size(module, parameter, current):
        current = UNKNOWN
    if given is not None and (known or not parameter.required):
        start = given.get(parameter.name, parameter.default)
        if current is UNKNOWN or same(parameter, start, current):
            return _collapsed(layer, parameter, start)
    return current if current is UNKNOWN else _collapsed(layer, parameter, current)


def _is_kernel_size(module: nn.Module, parameter: Parameter, current: Any) -> bool:
    """A pooling layer that is given no stride takes its kernel size, and keeps that."""
    if parameter.name != "stride" or not parameter.optional or current is UNKNOWN:
        return False
    return same(parameter, current, getattr(module, "kernel_size", UNKNOWN))


def _collapsed(layer: Layer, parameter: Parameter, value: Any) -> Any:
    """Undo the expansion of one number to a tuple: ``(3, 3)`` -> ``3``."""
    if isinstance(value, torch.Size):
        value = tuple(value)
    if parameter.kind == "shape" and isinstance(value, tuple) and len(value) == 1:
        return value[0] if layer.group == "Normalization" else value
    if parameter.kind != "int_or_tuple" or not isinstance(value, (tuple, list)) or not value:
        return value
    file = layer.cls.__module__.rpartition(".")[2]
    expands = file in _EXPANDING or layer.name.startswith(_EXPANDING_LAYERS)
    alike = all(each == value[0] for each in value)
    return value[0] if expands and alike and len(value) == parameter.dims else value


def _recorded(layer: Layer, record: Record) -> dict[str, Any]:
    """Return what was given, by name, without private arguments (``_weight``)."""
    try:
        bound = signature_of(layer.cls).bind_partial(*record.args, **record.kwargs).arguments
    except TypeError:
        return {}
    return {name: value for name, value in bound.items() if layer.parameter(name) is not None}


def _recorded_composite(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    bound = record.bound()
    for name, each in signature_of(record.cls).parameters.items():
        if each.kind is each.VAR_KEYWORD:
            found.update(bound.get(name, {}))
        elif name in bound:
            found[name] = bound[name]
        elif each.default is not each.empty:
            found[name] = each.default
    return found


def _composite(module: nn.Module) -> LayerSpec:
    record = record_of(module)
    name = type(module).__name__
    if record is None:
        return LayerSpec(name)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    signature = signature_of(record.cls).parameters
    for key, value in _recorded_composite(record).items():
        parameter = signature.get(key)
        if parameter is not None and parameter.kind is parameter.VAR_POSITIONAL:
            args += [_spec_value(each) for each in value]
        elif parameter is None:
            kwargs[key] = _spec_value(value)
        elif parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY:
            args.append(_spec_value(value))
        elif not _is_same(value, parameter.default):
            kwargs[key] = _spec_value(value)
    return LayerSpec(name, tuple(args), kwargs)


def _layer_spec(name: str, layer: Layer, arguments: Mapping[str, Any]) -> LayerSpec:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter, value in _pairs(layer, arguments):
        if parameter.required:
            args.append(_spec_value(value))
        elif parameter.kind != "device" and not _is_default(parameter, value):
            kwargs[parameter.name] = _spec_value(value)
    return LayerSpec(name, tuple(args), kwargs)


def _pairs(layer: Layer, arguments: Mapping[str, Any]) -> list[tuple[Parameter, Any]]:
    return [(each, arguments[each.name]) for each in layer.parameters if each.name in arguments]


def _is_default(parameter: Parameter, value: Any) -> bool:
    return same(parameter, parameter.default, value)


def _is_same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    try:
        return type(value) is type(default) and bool(value == default)
    except Exception:  # tensors and arrays compare element by element
        return False


def _spec_value(value: Any) -> Any:
    """Return ``value`` as a spec holds it: layers as specs, classes and functions as references."""
    match value:
        case nn.Module():
            return describe(value)
        case functools.partial():
            args = tuple(map(_spec_value, (value.func, *value.args)))
            return LayerSpec(
                "partial", args, {k: _spec_value(v) for k, v in value.keywords.items()}
            )
        case Tensor() if value.numel() <= _TOO_MANY_NUMBERS and not value.is_meta:
            return value.tolist()
        case tuple():
            return tuple(map(_spec_value, value))
        case list():
            return [_spec_value(each) for each in value]
        case dict():
            return {key: _spec_value(each) for key, each in value.items()}
        case type() if not issubclass(value, nn.Module):
            return LayerRef(value.__name__)
    return named(value) if inspect.isclass(value) or inspect.isroutine(value) else value
