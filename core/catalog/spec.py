"""A layer spec: a class name and its arguments, as a value and as one line of text."""

import functools
import inspect
import keyword
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

# The name of the spec that stands for ``functools.partial``: a layer class with some arguments.
PARTIAL = "partial"


@dataclass(frozen=True)
class LayerRef:
    """A layer class or function that is named and not called.

    ``norm_layer=LayerNorm`` or ``activation=F.gelu``.
    """

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """A layer's class name and the arguments it is built with, nested.

    ``str(spec)`` is what :func:`core.catalog.parse_spec` reads back. A ``Sequential`` with names
    keeps its children in ``kwargs``, in order; a ``ModuleDict`` has one dictionary in ``args``, a
    ``ModuleList`` one list.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LayerSpec):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.name, len(self.args), len(self.kwargs)))

    def __str__(self) -> str:
        if self.name == "Sequential" and not all(map(_is_keyword, self.kwargs)):
            pairs = ", ".join(f"({as_text(k)}, {as_text(v)})" for k, v in self.kwargs.items())
            return f"Sequential(OrderedDict([{pairs}]))"
        return f"{self.name}({self.arguments_text()})"

    def arguments_text(self) -> str:
        """Return what stands between the parentheses: ``"2048, 10, bias=False"``."""
        positional = [as_text(each) for each in self.args]
        named = [f"{name}={as_text(value)}" for name, value in self.kwargs.items()]
        return ", ".join(positional + named)

    def _key(self) -> tuple[Any, ...]:
        # Children are called in the order they stand in; other arguments have no order.
        ordered = self.name == "Sequential"
        items = [(name, _comparable(value)) for name, value in self.kwargs.items()]
        return self.name, _comparable(self.args), items if ordered else dict(items)


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return "dict", [(key, _comparable(each)) for key, each in value.items()]
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return kind, [_comparable(each) for each in value]
    if isinstance(value, Tensor):
        return "tensor", id(value) if value.is_meta else value.tolist()
    return value


def _is_keyword(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def as_text(value: Any) -> str:
    """Return ``value`` as it is written in a spec; objects that have no such form by their name."""
    match value:
        case float() if not math.isfinite(value):
            return f'float("{value}")'
        case None | bool() | int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case torch.Size() | tuple():
            inner = ", ".join(map(as_text, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case list():
            return f"[{', '.join(map(as_text, value))}]"
        case dict():
            return "{" + ", ".join(f"{as_text(k)}: {as_text(v)}" for k, v in value.items()) + "}"
        case torch.device():
            return _quoted(str(value))
        case Tensor():
            readable = value.numel() <= 64 and not value.is_meta
            return as_text(value.tolist()) if readable else f"<{tuple(value.shape)}>"
        case LayerSpec() | LayerRef() | torch.dtype():
            return str(value)
    return _name_of(value)


def _quoted(text: str) -> str:
    shown = repr(text)
    return shown if "'" in text or '"' in text else f'"{shown[1:-1]}"'


def _name_of(value: Any) -> str:
    if isinstance(value, functools.partial):
        named = [f"{name}={as_text(each)}" for name, each in value.keywords.items()]
        return f"partial({', '.join([as_text(value.func), *map(as_text, value.args), *named])})"
    if inspect.isclass(value) or inspect.isroutine(value):
        return str(value.__name__)
    return f"<{type(value).__name__}>"
