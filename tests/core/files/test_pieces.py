"""Boxes that fill a tensor, and such that do not; counting each number is the oracle."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from core.errors import CheckpointError
from core.files.contents import Piece, Storage, StoredTensor
from core.files.pieces import put_together
from core.files.writing.pieced import Part, PiecedBytes
from core.files.writing.runs import HeldBytes

Box = tuple[tuple[int, ...], tuple[int, ...]]


def stored(shape: tuple[int, ...]) -> StoredTensor:
    return StoredTensor(shape, "int16", Storage(Path("x"), "x", 0, None))


@st.composite
def cuts(draw: st.DrawFn) -> tuple[tuple[int, ...], list[Box]]:
    """A shape, and boxes that fill it: it is cut in two again and again."""
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)))
    boxes: list[Box] = [((0,) * len(shape), shape)]
    for _ in range(draw(st.integers(0, 6))):
        at, size = boxes.pop(draw(st.integers(0, len(boxes) - 1)))
        axis = draw(st.integers(0, len(shape) - 1))
        where = draw(st.integers(0, size[axis]))
        one, other, behind = list(size), list(size), list(at)
        one[axis], other[axis], behind[axis] = where, size[axis] - where, at[axis] + where
        boxes += [(at, tuple(one)), (tuple(behind), tuple(other))]
    return shape, draw(st.permutations(boxes))


def slices(at: tuple[int, ...], size: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(a, a + s) for a, s in zip(at, size, strict=True))


def raw(tensor: Tensor) -> bytes:
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())


@settings(max_examples=150, deadline=None)
@given(cut=cuts())
def test_pieces_that_fill_it(cut: tuple[tuple[int, ...], list[Box]]) -> None:
    shape, boxes = cut
    whole = put_together(stored(shape), [Piece(at, stored(size)) for at, size in boxes], "w")
    values = torch.arange(torch.Size(shape).numel(), dtype=torch.int16).reshape(shape)
    assert whole.storage.bytes == values.nbytes
    parts = tuple(
        Part(each.at, each.tensor.shape, HeldBytes(raw(values[slices(each.at, each.tensor.shape)])))
        for each in whole.pieces
    )
    assert b"".join(PiecedBytes(shape, 2, parts).pieces()) == raw(values)


@settings(max_examples=300, deadline=None)
@given(
    cut=cuts(),
    which=st.integers(0, 9),
    axis=st.integers(0, 2),
    by=st.integers(-3, 3),
    what=st.sampled_from(["move", "grow", "drop", "twice"]),
)
def test_pieces_that_do_not(
    cut: tuple[tuple[int, ...], list[Box]], which: int, axis: int, by: int, what: str
) -> None:
    shape, boxes = cut
    number, axis = which % len(boxes), axis % len(shape)
    at, size = map(list, boxes[number])
    if what == "move":
        at[axis] += by
    elif what == "grow":
        size[axis] = max(0, size[axis] + by)
    changed = [*boxes[:number], *boxes[number + 1 :]]
    changed += [] if what == "drop" else [(tuple(at), tuple(size))]
    changed += [(tuple(at), tuple(size))] if what == "twice" else []
    filled = [box for box in changed if 0 not in box[1]]
    inside = all(a >= 0 and a + s <= n for b in filled for a, s, n in zip(*b, shape, strict=True))
    count = torch.zeros(shape, dtype=torch.int64)
    for box in filled if inside else ():
        count[slices(*box)] += 1
    pieces = [Piece(*box[:1], stored(box[1])) for box in changed]
    if inside and bool((count == 1).all()):
        put_together(stored(shape), pieces, "w")
        return
    with pytest.raises(CheckpointError, match=r"beyond it|overlap or leave holes"):
        put_together(stored(shape), pieces, "w")
