"""What went in or came out, for people: a small tree of shapes and types."""

from dataclasses import dataclass
from typing import Any

from torch import Size

from core.analysis.descriptions import Context, Description, Kind


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor (``shape``, ``dtype``), a structure of values (``items``), or something plain.

    ``kind`` is tensor, list, tuple, dict, plain or object. The items of a dict are named by
    ``names``. ``plain`` is a number, a string, ``None``, or the name of an object's class.
    """

    kind: str
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    names: tuple[str, ...] = ()
    items: tuple["Value", ...] = ()
    plain: Any = None

    def to_json(self) -> Any:
        """Return shapes as lists: ``[1, 1000]`` for a tensor, lists or dicts of those for more."""
        if self.kind == "tensor":
            return list(self.shape or ())
        if self.kind == "dict":
            return {k: v.to_json() for k, v in zip(self.names, self.items, strict=True)}
        if self.kind in ("list", "tuple"):
            return [each.to_json() for each in self.items]
        return self.plain

    def tensors(self) -> tuple["Value", ...]:
        """Return every tensor inside, in order."""
        if self.kind == "tensor":
            return (self,)
        return tuple(tensor for each in self.items for tensor in each.tensors())

    def __str__(self) -> str:
        if self.kind == "tensor":
            return "×".join(map(str, self.shape or ())) or "scalar"
        if self.kind == "dict":
            pairs = zip(self.names, self.items, strict=True)
            return "{" + ", ".join(f"{name}: {each}" for name, each in pairs) + "}"
        if self.kind in ("list", "tuple"):
            return "[" + ", ".join(map(str, self.items)) + "]"
        return str(self.plain)


def value_of(description: Description, inputs: Description) -> Value:
    """Return the output ``description`` of a call; it may name tensors among its ``inputs``."""
    seen: list[Value] = []
    _value(inputs, seen)
    return _value(description, seen)


def inputs_value(description: Description) -> Value:
    """Return what a module was called with: its one argument, or a list or dict of several."""
    if type(description[0]) is Size:
        return _value(description, [])
    _, _, _, (args, kwargs) = description
    seen: list[Value] = []
    positional = [_value(each, seen) for each in args[3]]
    if not kwargs[3]:
        return positional[0] if len(positional) == 1 else Value("list", items=tuple(positional))
    named = [_value(each, seen) for each in kwargs[3]]
    names = (*map(str, range(len(positional))), *kwargs[2])
    return Value("dict", names=names, items=(*positional, *named))


def _value(description: Description, seen: list[Value]) -> Value:
    head = description[0]
    if type(head) is Size:
        seen.append(Value("tensor", tuple(head), dtype=str(description[2]).removeprefix("torch.")))
        return seen[-1]
    if head is Kind.SAME:
        return seen[description[1]]
    if head is Kind.PLAIN:
        plain = description[1]
        simple = plain is None or isinstance(plain, (bool, int, float, str))
        return Value("plain", plain=plain if simple else str(plain))
    if head is Kind.NODE:
        return _structure(description, seen)
    if head is Kind.SLICE:
        return Value("plain", plain=str(slice(*description[1:])))
    return Value("object", plain=description[1])


def _structure(description: Description, seen: list[Value]) -> Value:
    _, kind, context, parts = description
    items = tuple(_value(each, seen) for each in parts)
    names = _names(kind, context)
    if names is not None and len(names) == len(items):
        return Value("dict", names=names, items=items)
    return Value("list" if kind is list else "tuple", items=items)


def _names(kind: type, context: Any) -> tuple[str, ...] | None:
    """Return the keys of a dict, of a named tuple, or of a mapping with a context of its keys."""
    if isinstance(context, Context):
        context = context.value
        if isinstance(context, tuple) and context and isinstance(context[0], (list, tuple)):
            context = context[0]
    if context is None:
        fields = getattr(kind, "_fields", None)
        return tuple(fields) if fields else None
    return tuple(map(str, context)) if isinstance(context, (list, tuple)) else None
