"""Operators on one shape whose result needs no run: sums of equals, functions of each number.

Like the rules for layers, each is held against torch by a property test and gives ``None`` where it
is not sure.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.analysis.descriptions import META, TENSORS
from core.analysis.rules import plain

_ELEMENTWISE: frozenset[Any] = frozenset(
    {
        torch.relu, torch.sigmoid, torch.tanh, torch.exp, torch.sqrt, torch.neg, torch.abs,
        Tensor.relu, Tensor.sigmoid, Tensor.tanh, Tensor.exp, Tensor.sqrt, Tensor.neg, Tensor.abs,
        F.relu, F.gelu, F.silu, F.sigmoid, F.tanh, F.hardswish, F.hardsigmoid, F.relu6,
    }
)  # fmt: skip
_SUMS: frozenset[Any] = frozenset(
    {
        torch.add, torch.sub, torch.mul, Tensor.add, Tensor.sub, Tensor.mul,
        Tensor.__add__, Tensor.__sub__, Tensor.__mul__,
    }
)  # fmt: skip
_IN_PLACE: frozenset[Any] = frozenset(
    {Tensor.add_, Tensor.mul_, Tensor.sub_, Tensor.__iadd__, Tensor.__imul__, Tensor.__isub__}
)


_JOINS: frozenset[Any] = frozenset({torch.cat, torch.concat})


def shortcut(func: Any, args: tuple[Any, ...]) -> Tensor | None:
    """Return the result of ``func`` on plain contiguous meta tensors, or ``None``."""
    if len(args) == 2:
        if func in _JOINS:
            return _joined(*args)
        return _of_two(func, *args)
    if len(args) == 1 and func in _ELEMENTWISE and type(args[0]) in TENSORS:
        x = args[0]
        if plain((x.shape, x.stride(), x.dtype)):
            return torch.empty(x.shape, dtype=x.dtype, device=META)
    return None


def _of_two(func: Any, x: Any, y: Any) -> Tensor | None:
    if func not in _SUMS and func not in _IN_PLACE:
        return None
    if type(x) not in TENSORS or type(y) not in TENSORS:
        return None
    if x.shape != y.shape or x.dtype != y.dtype or x.stride() != y.stride():
        return None
    if func in _IN_PLACE:
        return x if type(x) is Tensor else None
    if not plain((x.shape, x.stride(), x.dtype)):
        return None
    return torch.empty(x.shape, dtype=x.dtype, device=META)


def _joined(tensors: Any, dimension: Any) -> Tensor | None:
    if type(tensors) not in (list, tuple) or type(dimension) is not int or not tensors:
        return None
    first = tensors[0]
    if type(first) not in TENSORS or not 0 <= dimension < first.dim():
        return None
    shape, dtype, total = list(first.shape), first.dtype, 0
    for each in tensors:
        if type(each) not in TENSORS or not plain((each.shape, each.stride(), each.dtype)):
            return None
        other = list(each.shape)
        if each.dtype != dtype or len(other) != len(shape):
            return None
        total += other[dimension]
        other[dimension] = shape[dimension]
        if other != shape:
            return None
    shape[dimension] = total
    return torch.empty(shape, dtype=dtype, device=META)
