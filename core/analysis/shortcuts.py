"""Operators on one shape whose result needs no run: sums of equals, functions of each number.

Like the rules for layers, each is held against torch by a property test and gives ``None`` where it
is not sure.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.analysis.descriptions import TENSORS
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


def shortcut(func: Any, args: tuple[Any, ...]) -> Tensor | None:
    """Return the result of ``func`` on plain contiguous meta tensors, or ``None``."""
    if len(args) == 2:
        return _of_two(func, *args)
    if len(args) == 1 and func in _ELEMENTWISE and type(args[0]) in TENSORS:
        x = args[0]
        if plain((x.shape, x.stride(), x.dtype)):
            return torch.empty(x.shape, dtype=x.dtype, device="meta")
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
    return torch.empty(x.shape, dtype=x.dtype, device="meta")
