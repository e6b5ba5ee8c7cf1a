"""What went into a module or an operator, as a hashable value, and tensors made from it again.

A tensor is described by ``(shape, stride, dtype)``. A structure is ``(Kind, ...)`` with the
descriptions of its parts. Two calls with equal descriptions have equal output descriptions, as long
as the module computes no shape from *values*; which objects are the same tensor is part of the
description, since forwards ask ``key is value``.
"""

import enum
import types
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor, nn
from torch.utils._pytree import SUPPORTED_NODES

#: ``(shape, stride, dtype)`` of a tensor, or ``(Kind, ...)``.
Description = tuple[Any, ...]

META = torch.device("meta")
TENSORS = frozenset({Tensor, nn.Parameter})
_PLAIN = frozenset(
    {
        int, str, bytes, type(None), type, torch.dtype, torch.device, torch.layout, range,
        torch.memory_format, type(Ellipsis), types.FunctionType, types.BuiltinFunctionType,
    }
)  # fmt: skip
#: ``True == 1 == 1.0``, and yet a function may tell them apart.
_TYPED = frozenset({bool, float, complex})


class Kind(enum.Enum):
    """What a description that is no single tensor describes."""

    SAME = "same"
    PLAIN = "plain"
    NODE = "node"
    SLICE = "slice"
    OBJECT = "object"

    # Members are singletons; the inherited hash would hash the name in Python each time.
    __hash__ = object.__hash__


class Describer:
    """Describes the values of one call; ``known`` turns false at an object that cannot be."""

    __slots__ = ("known", "tensors")

    def __init__(self, tensors: Sequence[Tensor] = ()) -> None:
        self.tensors: list[Tensor] = list(tensors)
        self.known = True

    def describe(self, value: Any) -> Description:
        """Return the description of ``value``, remembering its tensors by identity."""
        kind = type(value)
        if kind in TENSORS:
            return self._tensor(value)
        if kind in _PLAIN:
            return (Kind.PLAIN, value)
        if kind is tuple or kind is list:
            return (Kind.NODE, kind, None, tuple([self.describe(each) for each in value]))
        if kind is dict or kind is OrderedDict:
            items = tuple([self.describe(each) for each in value.values()])
            return (Kind.NODE, kind, tuple(value), items)
        if kind in _TYPED:
            return (Kind.PLAIN, value, kind)
        return self._rare(value, kind)

    def _tensor(self, tensor: Tensor) -> Description:
        for index, each in enumerate(self.tensors):
            if each is tensor:
                return (Kind.SAME, index)
        if tensor.layout is not torch.strided:
            return self._object(tensor)
        self.tensors.append(tensor)
        return (tensor.shape, tensor.stride(), tensor.dtype)

    def _rare(self, value: Any, kind: type) -> Description:
        if kind is Size:
            return (Kind.PLAIN, value, kind)
        if kind is slice:
            return (Kind.SLICE, value.start, value.stop, value.step)
        if isinstance(value, enum.Enum):
            return (Kind.PLAIN, value)
        if kind in SUPPORTED_NODES:
            children, context = SUPPORTED_NODES[kind].flatten_fn(value)
            items = tuple([self.describe(each) for each in children])
            return (Kind.NODE, kind, Context(context), items)
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return (Kind.NODE, kind, None, tuple([self.describe(each) for each in value]))
        if isinstance(value, Tensor) and not isinstance(value, nn.UninitializedParameter):
            self.known = False
            return (value.shape, (), value.dtype)
        return self._object(value)

    def _object(self, value: Any) -> Description:
        self.known = False
        return (Kind.OBJECT, type(value).__name__)


class Context:
    """What a structure needs beside its parts to be made again; equal where it can be compared."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return 0


def of_tensor(description: Description) -> bool:
    """Say whether this describes one tensor."""
    return type(description[0]) is Size


def fresh(description: Description) -> Tensor:
    """Return a new meta tensor of this description."""
    shape, stride, dtype = description
    return torch.empty_strided(shape, stride, dtype=dtype, device=META)


def rebuild(description: Description, tensors: list[Tensor]) -> Any:
    """Return a value of this description; ``tensors`` are those it may be the same as."""
    head = description[0]
    if type(head) is Size:
        tensor = fresh(description)
        tensors.append(tensor)
        return tensor
    if head is Kind.PLAIN:
        return description[1]
    if head is Kind.SAME:
        return tensors[description[1]]
    if head is Kind.SLICE:
        return slice(*description[1:])
    _, kind, context, parts = description
    values = [rebuild(each, tensors) for each in parts]
    if kind is list:
        return values
    if kind is tuple:
        return tuple(values)
    if kind is dict or kind is OrderedDict:
        return kind(zip(context, values, strict=True))
    if context is None:
        return kind(*values)
    return SUPPORTED_NODES[kind].unflatten_fn(values, context.value)


def tensors_in(description: Description) -> list[Description]:
    """Return the descriptions of the tensors inside, in order."""
    head = description[0]
    if type(head) is Size:
        return [description]
    if head is Kind.NODE:
        return [each for part in description[3] for each in tensors_in(part)]
    return []
