"""Changing the dtype of tensors that are streamed from file to file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from core.files.writing.runs import Bytes
from core.files.writing.weights import OutgoingTensor


@dataclass(frozen=True)
class CastBytes:
    """Packed numbers of one dtype as those of another, a piece at a time."""

    source: Bytes
    before: torch.dtype
    after: torch.dtype
    crc: int | None = None

    @property
    def length(self) -> int:
        """How many bytes they are afterwards."""
        return self.source.length // self.before.itemsize * self.after.itemsize

    def pieces(self) -> Iterator[memoryview]:
        """Yield them in order."""
        for piece in self.source.pieces():
            numbers = torch.frombuffer(bytearray(piece), dtype=self.before)
            yield memoryview(numbers.to(self.after).view(torch.uint8).numpy().data)

    def part(self, begin: int, count: int) -> "CastBytes":
        """Return ``count`` bytes from ``begin`` on, both of whole numbers."""
        first, last = begin // self.after.itemsize, (begin + count) // self.after.itemsize
        size = self.before.itemsize
        return replace(self, source=self.source.part(first * size, (last - first) * size))


def casting(dtype: str) -> Callable[[OutgoingTensor], OutgoingTensor]:
    """Return what makes a floating tensor one of ``dtype``, and leaves integers as they are.

    Tensors that share all of a storage go on sharing it.
    """
    after: torch.dtype = getattr(torch, dtype)

    def cast(tensor: OutgoingTensor) -> OutgoingTensor:
        before: torch.dtype = getattr(torch, tensor.dtype)
        if not before.is_floating_point or before == after:
            return tensor
        whole = tensor.bytes == tensor.storage.length
        key = (tensor.key, tensor.shape, tensor.stride) if whole else (tensor.key, tensor.name)
        packed = CastBytes(tensor.packed(), before, after)
        return replace(tensor, dtype=dtype, storage=packed, key=key, offset=0, stride=None)

    return cast
