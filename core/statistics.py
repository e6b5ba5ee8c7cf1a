"""The numbers of one tensor: extremes, mean, spread, what is not finite, and a histogram.

A tensor of a few hundred megabytes takes less than a second: its extremes and what is not finite
are of all values, the rest is of evenly spread blocks of them, and :attr:`Statistics.sampled` says
so.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from core.document import Document, IdentityCache, join, weight_id

BINS = 48
#: Up to this many values, all of them are counted.
_ALL = 1 << 24
_SAMPLE = 1 << 22
_BLOCK = 1 << 12

Why = Literal["", "structure only", "not initialised", "empty", "layout"]


@dataclass(frozen=True)
class Statistics:
    """What is known of a tensor's values; of finite ones, where that makes a difference.

    ``why`` says why there is nothing: without storage, not initialised, empty, or of a layout that
    has no plain values. ``std`` is that of the values themselves (not an estimate, so dividing by
    n). ``zeros`` is a share from 0 to 1. ``counts`` are the values in equal bins, ``minimum`` to
    ``maximum``. ``sampled`` is how many values mean, std, zeros and counts are of, ``None`` if all.
    Of complex numbers, all this is of their magnitudes.
    """

    count: int
    minimum: float = 0.0
    maximum: float = 0.0
    mean: float = 0.0
    std: float = 0.0
    zeros: float = 0.0
    nans: int = 0
    infinities: int = 0
    counts: tuple[int, ...] = ()
    sampled: int | None = None
    magnitudes: bool = False
    why: Why = ""

    @property
    def finite(self) -> bool:
        """Whether there is any finite value to speak of."""
        return not self.why and self.nans + self.infinities < self.count


@dataclass(frozen=True, eq=False)
class Weight:
    """A parameter or buffer as a module holds it.

    ``shape`` is ``None`` until a lazy layer knows it. ``tied`` are the other names, from the root,
    under which the same weight stands.
    """

    name: str
    kind: Literal["parameter", "buffer"]
    tensor: Tensor
    shape: tuple[int, ...] | None
    dtype: str
    device: str
    trainable: bool
    saved: bool = True
    tied: tuple[str, ...] = ()


_known: IdentityCache[Statistics] = IdentityCache()


def weights_of(document: Document, path: str) -> tuple[Weight, ...]:
    """Return the parameters and buffers that the module at ``path`` holds itself."""
    module = document.module(path)
    tied = _names_by_weight(document) if document.tangled else {}
    held: dict[str, Tensor | None] = {**module._parameters, **module._buffers}
    return tuple(
        Weight(
            name,
            "parameter" if name in module._parameters else "buffer",
            tensor,
            None if is_lazy(tensor) else tuple(tensor.shape),
            str(tensor.dtype).removeprefix("torch."),
            str(tensor.device),
            tensor.requires_grad,
            name not in module._non_persistent_buffers_set,
            tuple(n for n in tied.get(weight_id(tensor), ()) if n != join(path, name)),
        )
        for name, tensor in held.items()
        if tensor is not None
    )


def known_statistics(tensor: Tensor) -> Statistics | None:
    """Return what :func:`statistics_of` found for this very tensor before, if it did."""
    return _known.get(tensor)


def statistics_of(tensor: Tensor) -> Statistics:
    """Work the numbers out, or return those found before: a document's tensors do not change."""
    found = _known.get(tensor)
    if found is None:
        found = _statistics(tensor)
        _known.set(tensor, found)
    return found


@torch.no_grad()
def _statistics(tensor: Tensor) -> Statistics:
    if is_lazy(tensor):
        return Statistics(0, why="not initialised")
    if tensor.is_meta:
        return Statistics(tensor.numel(), why="structure only")
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return Statistics(tensor.numel(), why="layout")
    if tensor.numel() == 0:
        return Statistics(0, why="empty")
    values = tensor.detach()
    if values.numel() <= _ALL:
        return _of(values, values)
    return _of(values, _sample(values))


def _of(values: Tensor, sample: Tensor) -> Statistics:
    """``values`` are all of them, ``sample`` those to count; often the same."""
    some = _real(sample)
    finite = some[torch.isfinite(some)]
    nans, infinities, low, high = _extremes(values)
    known = Statistics(
        values.numel(),
        nans=nans,
        infinities=infinities,
        sampled=None if sample is values else sample.numel(),
        magnitudes=values.is_complex(),
    )
    if not finite.numel():
        return known
    spread, mean = torch.std_mean(finite.double(), correction=0)
    counts = torch.histc(finite, BINS, low, high) if low < high else torch.tensor([finite.numel()])
    return Statistics(
        known.count, low, high, mean.item(), spread.item(),
        (some == 0).sum().item() / some.numel(), nans, infinities,
        tuple(map(int, counts.tolist())), known.sampled, known.magnitudes,
    )  # fmt: skip


def _extremes(values: Tensor) -> tuple[int, int, float, float]:
    """Return (NaNs, infinities, least, largest finite value) of all values, block by block."""
    nans, infinities, low, high = 0, 0, float("inf"), float("-inf")
    flat = values.reshape(-1) if values.is_contiguous() else None
    blocks = flat.split(_ALL) if flat is not None else values.split(max(1, _rows(values)))
    for block in blocks:
        exact = not (block.is_floating_point() or block.is_complex() or block.dtype is torch.bool)
        part = block if exact else _real(block)
        least, most = (each.item() for each in torch.aminmax(part))
        if part.is_floating_point() and not (abs(least) < float("inf") > abs(most)):
            nans += int(part.isnan().sum())
            infinities += int(part.isinf().sum())
            part = part[part.isfinite()]
            if not part.numel():
                continue
            least, most = (each.item() for each in torch.aminmax(part))
        low, high = min(low, least), max(high, most)
    return nans, infinities, low, high


def _rows(values: Tensor) -> int:
    """Return how many slices along the first dimension make a block."""
    return _ALL * len(values) // values.numel()


def _sample(values: Tensor) -> Tensor:
    """Return some values, in evenly spread blocks, so that little memory is touched."""
    if not values.is_contiguous():
        step = -(-values.numel() // _SAMPLE)
        index = torch.arange(0, values.numel(), step, device=values.device)
        return values[torch.unravel_index(index, values.shape)]
    flat = values.view(-1)
    blocks = flat[: flat.numel() // _BLOCK * _BLOCK].view(-1, _BLOCK)
    return blocks[torch.linspace(0, len(blocks) - 1, _SAMPLE // _BLOCK).long()].view(-1)


def _real(values: Tensor) -> Tensor:
    """Return real floating numbers for values of any dtype, flat."""
    if values.is_complex():
        values = values.abs()
    if not values.is_floating_point():
        values = values.double()
    elif values.dtype not in (torch.float32, torch.float64):
        values = values.float()
    return values.reshape(-1)


@dataclass(frozen=True)
class HeatMap:
    """Values of a tensor as rows and columns; ``most`` is the largest magnitude among them.

    ``height`` and ``width`` are of the whole matrix; where it is larger than the picture, evenly
    spread rows and columns were taken, and ``at_row``, ``at_column`` say which.
    """

    rows: tuple[tuple[float, ...], ...]
    most: float
    height: int
    width: int
    at_row: tuple[int, ...]
    at_column: tuple[int, ...]


@torch.no_grad()
def heat_map(tensor: Tensor, height: int = 96, width: int = 192) -> HeatMap | None:
    """Return a tensor as a picture of at most ``height`` by ``width`` values.

    Rows are its first dimension, columns all others in row-major order; of complex numbers it is
    their magnitudes. Only the values that are shown are read: a mapped file of gigabytes costs a
    few pages. ``None`` where there are no values.
    """
    if (
        is_lazy(tensor)
        or tensor.is_meta
        or tensor.layout is not torch.strided
        or not tensor.numel()
    ):
        return None
    if tensor.is_quantized:
        return None
    values = tensor.detach()
    matrix = values.reshape(1, -1) if values.dim() < 2 else values.flatten(1)
    rows, columns = _spread(len(matrix), height), _spread(matrix.shape[1], width)
    part = matrix[torch.tensor(rows)][:, torch.tensor(columns)].cpu()
    real = _real(part).reshape(len(rows), len(columns)).double()
    finite = real[torch.isfinite(real)].abs()
    most = finite.max().item() if finite.numel() else 0.0
    shown = tuple(tuple(row) for row in real.tolist())
    return HeatMap(shown, most, len(matrix), matrix.shape[1], rows, columns)


def _spread(count: int, most: int) -> tuple[int, ...]:
    """Return ``most`` numbers below ``count``, evenly spread; all, if there are no more."""
    if count <= most:
        return tuple(range(count))
    return tuple(number * count // most for number in range(most))


def _names_by_weight(document: Document) -> dict[object, tuple[str, ...]]:
    names: dict[object, tuple[str, ...]] = {}
    for group in (document.root.named_parameters, document.root.named_buffers):
        for name, tensor in group(remove_duplicate=False):
            key = weight_id(tensor)
            names[key] = (*names.get(key, ()), name)
    return names
