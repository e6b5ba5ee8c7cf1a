"""Runs of bytes that are on their way into a file, and come a few megabytes at a time."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from core.errors import CheckpointError

#: Bytes of one piece: enough that a call costs nothing beside it, few enough that they are still in
#: the processor's cache when they are written, and that the system need not look for so much memory
#: in a row to keep them in: with 1 MB it takes three times as long where memory is in pieces. A
#: multiple of every item's size, so that no number is ever cut in two.
PIECE = 256 << 10


class Bytes(Protocol):
    """Some bytes whose number is known. ``crc`` is their CRC-32 where it is known unread."""

    @property
    def length(self) -> int:
        """How many there are."""
        ...

    @property
    def crc(self) -> int | None:
        """Their CRC-32, or ``None`` where they would have to be read for it."""
        ...

    def pieces(self) -> Iterator[memoryview | bytes]:
        """Yield them in order, at most :data:`PIECE` at a time; each is good until the next."""
        ...

    def part(self, begin: int, count: int) -> "Bytes":
        """Return ``count`` of them from ``begin`` on."""
        ...


@dataclass(frozen=True)
class FileBytes:
    """Bytes that stand in a file as they are."""

    file: Path
    position: int
    length: int
    crc: int | None = None

    def pieces(self) -> Iterator[memoryview]:
        """Yield them through one buffer."""
        room = memoryview(bytearray(min(self.length, PIECE)))
        with open(self.file, "rb", buffering=0) as file:
            yield from self.read(file, room)

    def read(self, file: BinaryIO, room: memoryview) -> Iterator[memoryview]:
        """Yield them through a buffer, of the file that was opened already."""
        done = 0
        while done < self.length:
            wanted = min(len(room), self.length - done)
            read = 0
            while read < wanted:
                place = self.position + done + read
                count = os.preadv(file.fileno(), [room[read:wanted]], place)
                if count == 0:
                    raise self.cut_off()
                read += count
            yield room[:wanted]
            done += wanted

    def part(self, begin: int, count: int) -> "FileBytes":
        """Return ``count`` of them from ``begin`` on."""
        crc = self.crc if (begin, count) == (0, self.length) else None
        return FileBytes(self.file, self.position + begin, count, crc)

    def cut_off(self) -> CheckpointError:
        """Return the error that says that the file is shorter than it was."""
        return CheckpointError(
            f"{self.file} is cut off: {self.length:,} bytes were expected from byte"
            f" {self.position:,}. Get it again."
        )


@dataclass(frozen=True)
class HeldBytes:
    """Bytes that are in memory already."""

    data: bytes
    crc: int | None = None

    @property
    def length(self) -> int:
        """How many there are."""
        return len(self.data)

    def pieces(self) -> Iterator[memoryview]:
        """Yield them a piece at a time, without a copy."""
        for begin in range(0, len(self.data), PIECE):
            yield memoryview(self.data)[begin : begin + PIECE]

    def part(self, begin: int, count: int) -> "HeldBytes":
        """Return ``count`` of them from ``begin`` on."""
        return HeldBytes(self.data[begin : begin + count])
