"""Tensors that are kept in pieces: that these cover the whole, each number once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import prod

from core.errors import CheckpointError
from core.files.contents import ITEM_BYTES, Piece, StoredTensor

_MOST_DIMENSIONS = 10


def put_together(whole: StoredTensor, pieces: Sequence[Piece], what: str) -> StoredTensor:
    """Return the whole, made of its pieces; raises :class:`~core.errors.CheckpointError`.

    ``what`` begins the sentence where they do not cover it exactly.
    """
    pieces = [piece for piece in pieces if piece.tensor.numel]
    shape = whole.shape
    sound = all(type(size) is int and size >= 0 for size in shape) and all(
        len(piece.at) == len(shape)
        and all(
            type(at) is int and at >= 0 and at + size <= most
            for at, size, most in zip(piece.at, piece.tensor.shape, shape, strict=True)
        )
        for piece in pieces
    )
    if not sound or len(shape) > _MOST_DIMENSIONS:
        raise CheckpointError(f"{what} has pieces that reach beyond it; the file is damaged.")
    if not _cover(shape, pieces):
        raise CheckpointError(
            f"{what} has {len(pieces)} pieces that overlap or leave holes; the file is damaged."
        )
    size = prod(shape) * ITEM_BYTES.get(whole.dtype, 1)
    return replace(whole, storage=replace(whole.storage, bytes=size), pieces=tuple(pieces))


def _cover(shape: tuple[int, ...], pieces: Sequence[Piece]) -> bool:
    """Whether boxes fill a box, each place once.

    They do if the volumes add up, and all their corners but the box's own are met an even number
    of times: then every place is covered an odd number of times, so at least once.
    """
    if sum(piece.tensor.numel for piece in pieces) != prod(shape):
        return False
    if not pieces:
        return True
    corners = Counter(
        corner
        for piece in pieces
        for corner in product(
            *((at, at + size) for at, size in zip(piece.at, piece.tensor.shape, strict=True))
        )
    )
    odd = {corner for corner, count in corners.items() if count % 2}
    return odd == set(product(*((0, size) for size in shape)))
