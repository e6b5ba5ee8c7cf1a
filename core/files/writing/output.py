"""A file that is being written: where one is in it, and how far."""

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from core.errors import Cancelled
from core.files.writing.runs import PIECE, Bytes, FileBytes

Progress = Callable[[int, int, str], None]
Asked = Callable[[], bool]

#: So many bytes at a time are sent on their way to the disk.
_SENT = 32 << 20


class Meter:
    """Says how many bytes are written of how many, and stops where the user wants to stop."""

    def __init__(
        self,
        total: int,
        text: str,
        progress: Progress | None = None,
        cancelled: Asked | None = None,
    ) -> None:
        self._done, self._total, self._text = 0, total, text
        self._progress, self._cancelled = progress, cancelled

    def add(self, count: int) -> None:
        """Count some bytes; raises :class:`~core.errors.Cancelled`."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled(f"{self._text} was stopped; nothing was left behind.")
        self._done += count
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total, self._text)


class Output:
    """Appends to a file; ``position`` is where the next byte goes.

    A context: within it the file that bytes were last copied from stays open for the next. In a
    ``hurry`` bytes are sent to the disk as they come, because somebody will wait for them there.
    """

    def __init__(self, file: BinaryIO, meter: Meter, *, hurry: bool = True) -> None:
        self._file, self._meter = file, meter
        self._hurry = hurry and hasattr(os, "posix_fadvise")
        self.position = 0
        self._sent = 0
        self._source: tuple[Path, BinaryIO] | None = None
        self._room = memoryview(bytearray(PIECE))

    def __enter__(self) -> "Output":
        return self

    def __exit__(self, *_: object) -> None:
        if self._source is not None:
            self._source[1].close()
            self._source = None

    def write(self, data: bytes | memoryview) -> None:
        """Append a few bytes that stand around the tensors."""
        self._file.write(data)
        self.position += len(data)

    def append(self, source: Bytes) -> None:
        """Append some bytes, a piece at a time."""
        self._meter.add(0)
        for piece in self._pieces(source):
            self._piece(piece)

    def append_counted(self, source: Bytes) -> int:
        """Append some bytes and return their CRC-32; it is not computed where it is known."""
        if source.crc is not None:
            self.append(source)
            return source.crc
        self._meter.add(0)
        crc = 0
        for piece in self._pieces(source):
            crc = zlib.crc32(piece, crc)
            self._piece(piece)
        return crc

    def _pieces(self, source: Bytes) -> Iterator[memoryview | bytes]:
        if not isinstance(source, FileBytes):
            return source.pieces()
        if self._source is None or self._source[0] != source.file:
            self.__exit__()
            self._source = source.file, open(source.file, "rb", buffering=0)  # noqa: SIM115
        return source.read(self._source[1], self._room)

    def _piece(self, piece: bytes | memoryview) -> None:
        self._file.write(piece)
        self.position += len(piece)
        self._meter.add(len(piece))
        if self._hurry and self.position - self._sent >= _SENT:
            # "Not needed" makes Linux begin to write these bytes to the disk, so that little is
            # left to wait for at the end; no error is consumed by it, as one is by an early fsync.
            length = self.position - self._sent
            os.posix_fadvise(self._file.fileno(), self._sent, length, os.POSIX_FADV_DONTNEED)
            self._sent = self.position
