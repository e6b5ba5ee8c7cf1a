"""Making a tensor of the right shape from one of another: pure functions of tensors."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from core.document import fill
from core.errors import CheckpointError


def fitted(how: str, found: Tensor, own: Tensor, parts: int = 1) -> Tensor:
    """Return ``found`` made to ``own``'s shape and dtype, as a row's ``how`` says.

    ``own`` gives the values of what ``found`` has none for; it is not written to. ``parts`` is how
    many matrices are stacked in it (:func:`core.document.stacked`). Raises CheckpointError.
    """
    if how == "dtype":
        return found.to(own.dtype)
    if how.startswith("channels "):
        return channels(found.to(own.dtype), own, how.removeprefix("channels "))
    if how == "positions":
        return positions(found.to(own.dtype), tuple(own.shape))
    if how == "overlap":
        result = _copy(own)
        fill(result, found.to(own.dtype), parts)
        return result
    raise ValueError(how)


def channels(found: Tensor, own: Tensor, how: str) -> Tensor:
    """Return a convolution's weight ``(out, in, *kernel)`` for another number of input channels.

    ``sum``: each channel gets the sum over the file's, shared out, so that an image whose channels
    are equal gives what it gave before. ``mean``: each gets the mean of the file's. ``slice``: the
    first ones are taken as they are; where the model has more, they keep their own values.
    """
    if how == "slice":
        result = _copy(own)
        fill(result, found)
        return result
    wanted = own.shape[1]
    one = found.mean(1, keepdim=True) if how == "mean" else found.sum(1, keepdim=True) / wanted
    return one.expand(-1, wanted, *found.shape[2:]).contiguous()


def positions(found: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return position embeddings for another grid, by bicubic interpolation.

    ``(1, N, D)`` or ``(N, D)`` of a vision transformer, with or without a class token, as
    torchvision's ``interpolate_embeddings`` does it; or a Swin bias table ``((2w-1)^2, heads)``.
    Raises CheckpointError where the tokens form no square.
    """
    tokens, wanted = found.shape[-2], shape[-2]
    head = 0 if _side(tokens) and _side(wanted) else 1
    old, new = _side(tokens - head), _side(wanted - head)
    if not old or not new:
        raise CheckpointError(
            f"Position embeddings of {tokens} tokens cannot be interpolated to {wanted}: their"
            " grids are no squares. Train them anew, or load the rest with --partial."
        )
    flat = found.reshape(tokens, -1)
    grid = flat[head:].T.reshape(1, -1, old, old)
    grid = functional.interpolate(grid, size=new, mode="bicubic", align_corners=True)
    moved = torch.cat([flat[:head], grid.reshape(-1, new * new).T])
    return moved.reshape(shape).contiguous()


def _side(tokens: int) -> int:
    side = math.isqrt(max(tokens, 0))
    return side if side * side == tokens else 0


def _copy(own: Tensor) -> Tensor:
    if own.is_meta:
        raise CheckpointError(
            "This model was opened as a structure only, so it has no values for what the file does"
            " not cover. Open it with real weights."
        )
    return own.detach().clone()
