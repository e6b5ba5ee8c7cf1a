"""What two tensors of different sizes have in common, and where it goes."""

import torch
from torch import Tensor, nn

#: Weights that are several matrices on top of each other, and how many: LSTM and GRU stack their
#: gates, attention its query, key and value. Each is cut by itself.
_STACKED: tuple[tuple[type[nn.Module], str, int], ...] = (
    (nn.LSTM, "", 4),
    (nn.LSTMCell, "", 4),
    (nn.GRU, "", 3),
    (nn.GRUCell, "", 3),
    (nn.MultiheadAttention, "in_proj", 3),
)


def stacked(module: nn.Module, name: str) -> int:
    """Return how many matrices the weight ``name`` of ``module`` is made of, mostly 1."""
    found = (
        n for cls, prefix, n in _STACKED if isinstance(module, cls) and name.startswith(prefix)
    )
    return next(found, 1)


@torch.no_grad()
def fill(tensor: Tensor, origin: Tensor, parts: int = 1) -> int:
    """Copy what overlaps of ``origin`` into ``tensor`` and return how many values that are.

    The first two dimensions (channels) overlap from the start, further ones (kernels) in the
    middle. ``parts`` matrices stacked along the first dimension are cut each by itself.
    """
    if tensor.dim() != origin.dim() or tensor.dim() == 0:
        return 0
    if parts > 1 and tensor.shape[0] % parts == 0 and origin.shape[0] % parts == 0:
        pairs = zip(tensor.chunk(parts), origin.chunk(parts), strict=True)
        return sum(fill(mine, theirs) for mine, theirs in pairs)
    mine, theirs = [], []
    for number, (size, other) in enumerate(zip(tensor.shape, origin.shape, strict=True)):
        common = min(size, other)
        start, begin = ((size - common) // 2, (other - common) // 2) if number > 1 else (0, 0)
        mine.append(slice(start, start + common))
        theirs.append(slice(begin, begin + common))
    tensor[tuple(mine)].copy_(origin[tuple(theirs)])
    return tensor[tuple(mine)].numel()
