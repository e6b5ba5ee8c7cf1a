"""How large a model is, how much room there is, and stopping a build that would not fit."""

from collections.abc import Iterable
from typing import Any

import psutil
import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

#: What parameters are made with. Small things (``arange``, ``linspace``, ``tensor``) are not here:
#: builders read values out of those.
_ALLOCATING = {
    torch.empty, torch.empty_strided, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn,
}  # fmt: skip


class OverBudget(BaseException):
    """A build asked for more memory than it may have.

    Not an ``Exception``: constructors that catch those must not swallow it.
    """


def available_memory() -> int:
    """Return how many bytes could be allocated without swapping."""
    return int(psutil.virtual_memory().available)


def bytes_of(root: nn.Module) -> int:
    """Return the bytes of all parameters and buffers, shared ones once; lazy ones count nothing."""
    tensors = {id(each): each for each in _tensors(root) if not is_lazy(each)}
    return sum(each.numel() * each.element_size() for each in tensors.values())


def _tensors(root: nn.Module) -> Iterable[torch.Tensor]:
    yield from root.parameters()
    yield from root.buffers()


def gigabytes(size: int) -> str:
    """Return ``"3.4 GB"``."""
    return f"{size / 2**30:.1f} GB" if size >= 2**27 else f"{size / 2**20:.1f} MB"


class Budget(TorchFunctionMode):
    """Raises :class:`OverBudget` before allocations add up to more than ``limit`` bytes.

    The system promises memory it does not have and kills the process when it is touched, so that
    waiting for ``MemoryError`` does not help. Each allocation is made without storage first.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.left = limit

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Count what ``func`` allocates, then let it."""
        kwargs = kwargs or {}
        if func in _ALLOCATING and str(kwargs.get("device")) != "meta" and "out" not in kwargs:
            plain = {k: v for k, v in kwargs.items() if k not in ("generator", "pin_memory")}
            twin = func(*args, **{**plain, "device": "meta"})
            self.left -= twin.numel() * twin.element_size()
            if self.left < 0:
                raise OverBudget
        return func(*args, **kwargs)


class ParametersOnMeta(TorchFunctionMode):
    """What parameters are made with goes to the meta device; everything else stays real.

    ``torch.device("meta")`` moves all; builders that read values out of a small tensor while
    building (torchvision's regnets compute their widths with ``torch.arange``) fail on it.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run ``func``, on the meta device if it allocates."""
        kwargs = dict(kwargs or {})
        if func in _ALLOCATING and kwargs.get("device") is None:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)
