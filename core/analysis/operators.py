"""Single operators on the meta device, remembered; and what they cost.

On meta, many operators are Python and slow (``relu`` takes half a millisecond). The same operator
on equal descriptions gives an equal description, so each is run once. Those that multiply matrices
are also what a module costs: the count is torch's own, found when asked for.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from core.analysis.descriptions import Describer, Description, rebuild, tensors_in

_LIMIT = 20_000

#: Functions that multiply matrices: what these cost is what a module costs.
COSTLY: frozenset[Any] = frozenset(
    {
        F.linear, F.bilinear, torch.bilinear,
        F.conv1d, F.conv2d, F.conv3d, torch.conv1d, torch.conv2d, torch.conv3d,
        F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d,
        torch.convolution, torch._convolution,
        torch.mm, torch.bmm, torch.matmul, torch.mv, torch.addmm, torch.baddbmm, torch.addbmm,
        torch.addmv, torch.einsum, torch.tensordot, torch.inner, torch.chain_matmul, torch.cdist,
        torch.linalg.multi_dot, torch.linalg.matmul, torch.kron,
        Tensor.mm, Tensor.bmm, Tensor.matmul, Tensor.mv, Tensor.addmm, Tensor.baddbmm,
        Tensor.addbmm, Tensor.addmv, Tensor.inner, Tensor.__matmul__, Tensor.__rmatmul__,
        Tensor.addmm_, Tensor.baddbmm_,
        F.scaled_dot_product_attention, F.multi_head_attention_forward,
        torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu,
        torch.lstm_cell, torch.gru_cell, torch.rnn_tanh_cell, torch.rnn_relu_cell,
    }
)  # fmt: skip


class Operator:
    """One function with the descriptions of its arguments, and of what came out."""

    __slots__ = ("_macs", "arguments", "function", "output")

    def __init__(self, function: Any, arguments: Description, output: Description) -> None:
        self.function = function
        self.arguments = arguments
        self.output = output
        self._macs: int | None = None if function in COSTLY else 0

    @property
    def priced(self) -> bool:
        """Whether its cost is known."""
        return self._macs is not None

    @property
    def macs(self) -> int:
        """Multiply-accumulates, as ``torch.utils.flop_counter`` has them (flops / 2)."""
        if self._macs is None:
            price([self])
        return self._macs or 0


_operators: dict[Any, Operator] = {}


def forget_operators() -> None:
    """Forget every operator."""
    _operators.clear()


def known(key: Any) -> Operator | None:
    """Return the operator remembered under (function, arguments)."""
    return _operators.get(key)


def remembered(function: Any, arguments: Description, output: Description) -> Operator:
    """Return the one operator for these, made and remembered where it is new."""
    key = (function, arguments)
    operator = _operators.get(key)
    if operator is None:
        if len(_operators) >= _LIMIT:
            _operators.clear()
        operator = _operators[key] = Operator(function, arguments, output)
    return operator


def answered(operator: Operator, describer: Describer) -> Any:
    """Return fresh tensors (or the very arguments) as ``operator`` gave them."""
    return rebuild(operator.output, describer.tensors)


def price(operators: Iterable[Operator]) -> None:
    """Count each operator on meta tensors."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        before = 0
        for each in operators:
            if each._macs is None:
                if each.function in _UNCOUNTED:
                    each._macs = _bilinear(each.arguments)
                    continue
                _run(each.function, each.arguments)
                after = counter.get_total_flops()
                each._macs = (after - before) // 2
                before = after


#: What torch does not count.
_UNCOUNTED: frozenset[Any] = frozenset({F.bilinear, torch.bilinear})


def _bilinear(arguments: Description) -> int:
    """Return one product for each weight and row, as for a linear layer."""
    x, _, weight = [each[0] for each in tensors_in(arguments)[:3]]
    return int(x[:-1].numel() * weight.numel())


def _run(function: Callable[..., Any], arguments: Description) -> None:
    args, kwargs = rebuild(arguments, [])
    try:
        function(*args, **kwargs)
    except Exception:
        return  # what torch cannot count costs nothing that we could tell
