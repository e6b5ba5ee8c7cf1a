"""The numbers of a tensor with strides, one behind the other in row-major order. No numpy."""

import itertools
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from core.files.writing.runs import PIECE, Bytes, FileBytes

#: How Python's memoryview calls a number of so many bytes.
_FORMATS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True)
class PackedBytes:
    """What a view of a storage shows, packed. ``offset`` and ``stride`` count numbers."""

    storage: Bytes
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    item: int
    crc: int | None = None

    @property
    def length(self) -> int:
        """How many bytes they are when packed."""
        return prod(self.shape) * self.item

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield slabs of the first dimension. The storage is mapped, and let go of in between."""
        if self.length == 0:
            return
        shape, stride, item, offset = self.shape, self.stride, self.item, self.offset
        if item == 16:  # no single number of Python's is so long: two of eight
            shape, stride = (*shape, 2), (*(2 * step for step in stride), 1)
            item, offset = 8, 2 * offset
        with _Region(self.storage) as region:
            numbers = region.view[: len(region.view) // item * item].cast(_FORMATS[item])
            try:
                row = prod(shape[1:]) * item
                rows = max(1, PIECE // row)
                for begin in range(0, shape[0], rows):
                    slab = (min(rows, shape[0] - begin), *shape[1:])
                    yield memoryview(
                        _packed(numbers, slab, stride, offset + begin * stride[0], item)
                    )
                    region.let_go()
            finally:
                numbers.release()

    def part(self, begin: int, count: int) -> Bytes:
        """Only the whole of it can be taken."""
        if (begin, count) != (0, self.length):
            raise NotImplementedError
        return self


def _packed(
    numbers: memoryview, shape: Sequence[int], stride: Sequence[int], offset: int, item: int
) -> bytearray:
    """Return one slab: loops over all dimensions but the longest, which is copied in one go."""
    result = bytearray(prod(shape) * item)
    target = memoryview(result).cast(_FORMATS[item])
    steps = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    longest = max(range(len(shape)), key=lambda axis: shape[axis])
    count, there, here = shape[longest], steps[longest], stride[longest]
    others = [axis for axis in range(len(shape)) if axis != longest]
    for index in itertools.product(*(range(shape[axis]) for axis in others)):
        to = sum(i * steps[axis] for i, axis in zip(index, others, strict=True))
        at = offset + sum(i * stride[axis] for i, axis in zip(index, others, strict=True))
        if here:
            target[to : to + (count - 1) * there + 1 : there] = numbers[
                at : at + (count - 1) * here + 1 : here
            ]
        else:  # an expanded dimension: the same number again and again
            for number in range(count):
                target[to + number * there] = numbers[at]
    return result


class _Region:
    """The bytes of a storage as one memory view."""

    def __init__(self, storage: Bytes) -> None:
        self._storage = storage
        self._map: mmap.mmap | None = None

    def __enter__(self) -> "_Region":
        storage = self._storage
        if isinstance(storage, FileBytes):
            begin = storage.position // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
            length = storage.position + storage.length - begin
            with open(storage.file, "rb") as file:
                try:
                    self._map = mmap.mmap(
                        file.fileno(), length, access=mmap.ACCESS_READ, offset=begin
                    )
                except ValueError as error:
                    raise storage.cut_off() from error
            self._whole = memoryview(self._map)
            self.view = self._whole[storage.position - begin :]
        else:
            self._whole = memoryview(b"".join(bytes(piece) for piece in storage.pieces()))
            self.view = self._whole[:]
        return self

    def __exit__(self, *_: object) -> None:
        self.view.release()
        self._whole.release()
        if self._map is not None:
            self._map.close()

    def let_go(self) -> None:
        """Give back the memory of the pages that were read."""
        if self._map is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
