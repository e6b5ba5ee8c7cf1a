"""From a layer spec to a module."""

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import psutil
import torch
from torch import nn

from core.catalog.checking import bind, check
from core.catalog.curated import CONTAINERS
from core.catalog.layers import Layer, find_layer
from core.catalog.refs import function_of
from core.catalog.script import parse_spec
from core.catalog.spec import PARTIAL, LayerRef, LayerSpec, as_text
from core.document.records import recording
from core.errors import SpecError


def build(spec: LayerSpec | str, *, device: str | None = None) -> nn.Module:
    """Return the module that ``spec`` describes, on ``device`` (or where PyTorch puts it).

    How it was constructed is recorded. Raises :class:`SpecError` for a text that cannot be read,
    an unknown layer, missing, unknown or wrong arguments, and whatever PyTorch refuses.
    """
    if isinstance(spec, str):
        spec = parse_spec(spec)
    if device != "meta":
        check_memory(spec.name, lambda: assembled(spec))
    with recording(), _on(device):
        return assembled(spec)


def converted(layer: Layer, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as the constructor wants them: layers built, references resolved."""
    kinds = {each.name: each.kind for each in layer.parameters}
    return {name: _converted(value, kinds[name]) for name, value in bound.items()}


def construct(name: str, cls: type[nn.Module], *args: Any, **kwargs: Any) -> nn.Module:
    """Call a constructor; what it raises becomes one sentence that begins with ``name``."""
    try:
        module: nn.Module = cls(*args, **kwargs)
    except SpecError:
        raise
    except Exception as problem:  # a constructor may raise anything
        raise SpecError(f"{name}: {complaint(problem)}") from problem
    return module


def complaint(problem: BaseException) -> str:
    """Return the first line of an exception's message, as a sentence."""
    text = str(problem.args[0]) if isinstance(problem, KeyError) and problem.args else str(problem)
    line = (
        text.strip().partition("\n")[0].strip() or f"it cannot be built ({type(problem).__name__})"
    )
    return line if line.endswith((".", "!", "?")) else line + "."


def _on(device: str | None) -> Any:
    if device is None:
        return nullcontext()
    try:
        return torch.device(device)
    except RuntimeError:
        raise SpecError(
            f"There is no device '{device}'; write cpu, cuda, cuda:0 or meta."
        ) from None


def assembled(spec: LayerSpec) -> nn.Module:
    """Return the module of ``spec``, outside any recording or choice of device."""
    layer = find_layer(spec.name)
    if layer.name in CONTAINERS and layer.cls is getattr(nn, layer.name):
        return _container(layer, spec)
    bound = bind(layer, spec.args, spec.kwargs)
    check(layer, bound)
    return construct(layer.name, layer.cls, **converted(layer, bound))


def _container(layer: Layer, spec: LayerSpec) -> nn.Module:
    if layer.name == "Sequential":
        if spec.args and spec.kwargs:
            raise SpecError("Sequential: name all of its layers or none of them.")
        if not spec.kwargs:
            return construct("Sequential", nn.Sequential, *[_child(layer, x) for x in spec.args])
        named = OrderedDict((name, _child(layer, each)) for name, each in spec.kwargs.items())
        return construct("Sequential", nn.Sequential, named)
    children = spec.args[0] if len(spec.args) == 1 else None
    if not spec.args:
        children = spec.kwargs or ([] if layer.name == "ModuleList" else {})
    if layer.name == "ModuleList" and isinstance(children, (list, tuple)) and not spec.kwargs:
        return construct(layer.name, nn.ModuleList, [_child(layer, each) for each in children])
    if layer.name == "ModuleDict" and isinstance(children, dict):
        named = OrderedDict((name, _child(layer, each)) for name, each in children.items())
        return construct(layer.name, nn.ModuleDict, named)
    form = "ModuleList([ReLU()])" if layer.name == "ModuleList" else 'ModuleDict({"act": ReLU()})'
    raise SpecError(f"{layer.name} takes its layers like this: {form}; `{spec}` came.")


def _child(layer: Layer, value: Any) -> nn.Module:
    if isinstance(value, LayerSpec) and value.name != PARTIAL:
        return assembled(value)
    hint = f" Write {value}()." if isinstance(value, LayerRef) and "." not in value.name else ""
    raise SpecError(f"{layer.name} takes layers; {as_text(value)} came.{hint}")


def _converted(value: Any, kind: str) -> Any:
    match value:
        case LayerSpec() if value.name == PARTIAL:
            function, *args = [_converted(each, "any") for each in value.args]
            kwargs = {name: _converted(each, "any") for name, each in value.kwargs.items()}
            return functools.partial(function, *args, **kwargs)
        case LayerSpec():
            return assembled(value)
        case LayerRef():
            return function_of(value) or find_layer(value.name).cls
        case list() | tuple() if kind == "tensor":
            return torch.tensor(value, dtype=torch.get_default_dtype())
        case list() if kind in ("int_or_tuple", "float_or_tuple", "shape"):
            return tuple(value)
        case list():
            return [_converted(each, "any") for each in value]
    return value


def check_memory(name: str, make: Callable[[], nn.Module]) -> None:
    """Refuse what would not fit, by making it without storage first.

    Memory that is promised and not there ends in the process being killed, not in an exception.
    """
    try:
        with torch.device("meta"):
            module = make()
        tensors = [*module.parameters(), *module.buffers()]
        needed = sum(each.numel() * each.element_size() for each in tensors)
    except SpecError:
        return  # the real attempt will say it, or does not mind
    except ValueError:
        return  # a lazy layer does not know its size yet
    available = psutil.virtual_memory().available
    if needed > available:
        wanted, free = needed / 2**30, available / 2**30
        raise SpecError(f"{name} would need {wanted:.1f} GB, and {free:.1f} GB are free.")
