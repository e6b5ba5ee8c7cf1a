"""Layer classes and functions by name, and back: a closed list, never a look-up by any name."""

import inspect
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from core.catalog import curated
from core.catalog.spec import LayerRef

_FUNCTIONS: dict[str, Any] = {
    **{f"torch.{name}": getattr(torch, name) for name in curated.TORCH_FUNCTIONS},
    **{f"F.{name}": getattr(functional, name) for name in curated.ACTIVATIONS},
}
_NAMES = {id(function): name for name, function in _FUNCTIONS.items()}
_PREFIXES = ("torch.nn.functional.", "nn.functional.", "functional.", "F.")


def function_ref(dotted: str) -> LayerRef | None:
    """Return the reference that ``F.relu``, ``nn.functional.relu`` or ``torch.relu`` stands for."""
    for prefix in _PREFIXES:
        if dotted.startswith(prefix):
            dotted = "F." + dotted.removeprefix(prefix)
            break
    return LayerRef(dotted) if dotted in _FUNCTIONS else None


def named(value: Any) -> Any:
    """Return the reference for a layer class or a known function; anything else as it is."""
    if inspect.isclass(value) and issubclass(value, nn.Module):
        return LayerRef(value.__name__)
    if inspect.isroutine(value):
        return LayerRef(_NAMES.get(id(value), value.__name__))
    return value


def function_of(ref: LayerRef) -> Any:
    """Return the function a reference names, or ``None``."""
    return _FUNCTIONS.get(ref.name)
