"""Lazy layers: what they become once an input is known."""

import copy
import inspect
from typing import Any

from torch import nn


def concrete(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> nn.Module:
    """Return the layer that the lazy ``module`` becomes for these inputs; the original stays lazy.

    Of the inputs only shapes are read. The new layer's weights are thrown away with it.
    """
    layer: Any = copy.deepcopy(module)
    layer.initialize_parameters(*args, **kwargs)
    for name in ("_initialize_hook", "_load_hook"):
        hook = layer.__dict__.pop(name, None)
        if hook is not None:
            hook.remove()
    if layer.cls_to_become is not None:
        layer.__class__ = layer.cls_to_become
    return layer  # type: ignore[no-any-return]


def layer_text(layer: nn.Module) -> str:
    """Return ``Linear(2048, 10, bias=False)`` for a layer with its arguments as attributes."""
    required: list[str] = []
    optional: list[str] = []
    for name, parameter in inspect.signature(type(layer)).parameters.items():
        if name in ("device", "dtype"):
            continue
        value = getattr(layer, name, parameter.default)
        if name == "bias":
            value = value is not None and value is not False
        if parameter.default is inspect.Parameter.empty:
            required.append(repr(value))
        elif _one_number(value) != parameter.default:
            optional.append(f"{name}={_one_number(value)!r}")
    return f"{type(layer).__name__}({', '.join([*required, *optional])})"


def _one_number(value: Any) -> Any:
    """Return 3 for ``(3, 3)``: layers write their arguments out for each dimension."""
    if isinstance(value, tuple) and value and all(each == value[0] for each in value):
        return value[0]
    return value
