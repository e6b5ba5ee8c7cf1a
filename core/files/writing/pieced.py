"""The bytes of a tensor that is kept in pieces, as if it stood in one place."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from core.files.writing.runs import PIECE, Bytes, HeldBytes


@dataclass(frozen=True)
class Part:
    """A box of a tensor: where its first number goes, its shape, its numbers in row-major order."""

    at: tuple[int, ...]
    shape: tuple[int, ...]
    storage: Bytes


@dataclass(frozen=True)
class PiecedBytes:
    """The numbers of a tensor of this shape, ``item`` bytes each, that its parts fill exactly."""

    shape: tuple[int, ...]
    item: int
    parts: tuple[Part, ...]
    crc: int | None = None

    @property
    def length(self) -> int:
        """How many bytes they are."""
        return prod(self.shape) * self.item

    def pieces(self) -> Iterator[memoryview | bytes]:
        """Yield them in order: slabs one after the other, or put together first, if cut across."""
        if all(part.shape[1:] == self.shape[1:] for part in self.parts):
            for part in sorted(self.parts, key=lambda each: each.at[:1]):
                yield from part.storage.pieces()
            return
        whole = memoryview(self._whole())
        for begin in range(0, self.length, PIECE):
            yield whole[begin : begin + PIECE]

    def part(self, begin: int, count: int) -> Bytes:
        """Only the whole of it can be taken, or nothing."""
        if count == 0:
            return HeldBytes(b"")
        if (begin, count) != (0, self.length):
            raise NotImplementedError
        return self

    def _whole(self) -> bytearray:
        result = bytearray(self.length)
        steps = [prod(self.shape[axis + 1 :]) * self.item for axis in range(len(self.shape))]
        for part in self.parts:
            data = b"".join(part.storage.pieces())
            run = part.shape[-1] * self.item
            rows = itertools.product(*(range(size) for size in part.shape[:-1]))
            for number, row in enumerate(rows):
                place = (*row, 0)
                to = sum((a + i) * s for a, i, s in zip(part.at, place, steps, strict=True))
                result[to : to + run] = data[number * run : (number + 1) * run]
        return result
