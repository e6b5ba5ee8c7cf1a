"""The same module with other constructor arguments."""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from core.catalog.building import assembled, check_memory, construct, converted
from core.catalog.checking import check_value, understood
from core.catalog.describing import arguments_of, changed_arguments, is_container
from core.catalog.layers import Layer, find_layer, layer_of
from core.catalog.parameters import Parameter, parameters_of, signature_of
from core.catalog.refs import function_of
from core.catalog.script import parse_spec
from core.catalog.spec import LayerRef, LayerSpec
from core.document.records import Record, record_of, recording
from core.errors import SpecError, nearest

#: From this size on, an argument may make a layer that does not fit in memory.
_LARGE = 4096


def rebuild(
    module: nn.Module, changes: Mapping[str, Any], *, device: torch.device | None = None
) -> nn.Module:
    """Return a new module like ``module`` with some constructor arguments changed.

    It has fresh weights, on the device (unless another is given) and in the dtype of the old ones,
    and its construction is recorded. Changes may be plain values: ``"LayerNorm"`` where a layer
    class is wanted, ``"float16"`` where a dtype is. A composite is built as it was constructed:
    what has been changed inside it by hand since is not in the new one.

    Raises :class:`SpecError` for containers, which have no arguments, for modules of unknown
    origin, for unknown arguments and for values the layer does not take.
    """
    name = type(module).__name__
    if is_container(module):
        raise SpecError(f"{name} has no arguments; change the layers inside it.")
    layer = layer_of(type(module))
    if layer is not None:
        new = _layer_again(module, layer, changes, device or _device(module))
        return new if "dtype" in changes else _like(module, new)
    record = record_of(module)
    if record is None:
        raise SpecError(_opaque(name))
    return _like(module, _composite_again(record, changes, device or _device(module)))


def _opaque(name: str) -> str:
    return f"{name} was not built here, so its arguments are unknown; replace it instead."


def _layer_again(
    module: nn.Module, layer: Layer, changes: Mapping[str, Any], device: torch.device
) -> nn.Module:
    name = type(module).__name__
    wanted = {}
    for key, value in changes.items():
        parameter = layer.parameter(key)
        wanted[key] = understood(parameter, value) if parameter is not None else value
        check_value(layer, key, wanted[key])
    if layer.required and not arguments_of(module):
        raise SpecError(_opaque(name))
    kept = {k: v for k, v in changed_arguments(module, layer).items() if k not in changes}

    def make() -> nn.Module:
        return construct(name, type(module), **converted(layer, {**kept, **wanted}))

    if any(_largest(each) >= _LARGE for each in wanted.values()):
        check_memory(name, make)
    with recording(), device:
        return make()


def _largest(value: Any) -> int:
    if isinstance(value, (tuple, list)):
        return max(map(_largest, value), default=0)
    return value if isinstance(value, int) else 0


def _composite_again(record: Record, changes: Mapping[str, Any], device: torch.device) -> nn.Module:
    name = record.cls.__name__
    signature = signature_of(record.cls)
    announced = {each.name: each for each in parameters_of(record.cls)}
    try:
        bound = signature.bind(*record.args, **record.kwargs)
    except TypeError:
        raise SpecError(f"{name} cannot be built anew: its arguments are not known.") from None
    spare = next((k for k, p in signature.parameters.items() if p.kind is p.VAR_KEYWORD), None)
    for key, value in changes.items():
        parameter = signature.parameters.get(key)
        if parameter is not None and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            before = bound.arguments.get(key, parameter.default)
            bound.arguments[key] = _meant(value, before, announced.get(key))
        elif spare is not None:
            bound.arguments[spare] = {
                **bound.arguments.get(spare, {}),
                key: _meant(value, None, None),
            }
        else:
            known = list(signature.parameters)
            raise SpecError(f"{name} has no argument '{key}'.{nearest(key, known)}")
    with recording(), device:
        arguments = [_object(each) for each in bound.args]
        named = {key: _object(each) for key, each in bound.kwargs.items()}
        return construct(name, record.cls, *arguments, **named)


def _meant(value: Any, before: Any, parameter: Parameter | None) -> Any:
    """Read a text as the kind of thing that is wanted or was there before: a layer, its class."""
    if not isinstance(value, str):
        return value
    if parameter is not None and parameter.kind in ("layer", "module"):
        return understood(parameter, value)
    if isinstance(before, nn.Module):
        return parse_spec(value)
    if inspect.isclass(before) and issubclass(before, nn.Module):
        return LayerRef(find_layer(value).name)
    return value


def _object(value: Any) -> Any:
    if isinstance(value, LayerRef):
        return function_of(value) or find_layer(value.name).cls
    if isinstance(value, LayerSpec):
        return assembled(value)
    return value


def _example(module: nn.Module) -> Tensor | None:
    """Return some tensor that says where the module lives and in which precision."""
    tensors = [*module.parameters(), *module.buffers()]
    floating = [each for each in tensors if each.is_floating_point()]
    return next(iter(floating or tensors), None)


def _device(module: nn.Module) -> torch.device:
    example = _example(module)
    return example.device if example is not None else torch.get_default_device()


def _like(old: nn.Module, new: nn.Module) -> nn.Module:
    example, fresh = _example(old), _example(new)
    if example is None or fresh is None or is_lazy(fresh):
        return new
    if example.is_floating_point() and example.dtype != fresh.dtype:
        new.to(example.dtype)
    return new
