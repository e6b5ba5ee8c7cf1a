"""A file that is being written: where one is in it, and how far."""

import errno
import os
import zlib
from collections.abc import Callable
from typing import BinaryIO

from core.errors import Cancelled
from core.files.writing.runs import PIECE, Bytes, FileBytes

Progress = Callable[[int, int, str], None]
Asked = Callable[[], bool]

#: So many bytes at a time are sent on their way to the disk.
_SENT = 32 << 20
#: What the system says where it cannot copy from file to file itself.
_CANNOT = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


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
    """Appends to a file; ``position`` is where the next byte goes."""

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file, self._meter = file, meter
        self.position = 0
        self._sent = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append a few bytes that stand around the tensors."""
        self._file.write(data)
        self.position += len(data)

    def append(self, source: Bytes) -> None:
        """Append some bytes; where they stand in a file, the system copies them by itself."""
        self._meter.add(0)
        if isinstance(source, FileBytes) and self._spliced(source):
            return
        for piece in source.pieces():
            self._piece(piece)

    def append_counted(self, source: Bytes) -> int:
        """Append some bytes and return their CRC-32; they are not read where it is known."""
        if source.crc is not None:
            self.append(source)
            return source.crc
        self._meter.add(0)
        crc = 0
        for piece in source.pieces():
            crc = zlib.crc32(piece, crc)
            self._piece(piece)
        return crc

    def _piece(self, piece: bytes | memoryview) -> None:
        self._file.write(piece)
        self._advance(len(piece))

    def _advance(self, count: int) -> None:
        self.position += count
        self._meter.add(count)
        if self.position - self._sent >= _SENT and hasattr(os, "posix_fadvise"):
            # "Not needed" makes Linux begin to write these bytes to the disk, so that little is
            # left to wait for at the end; no error is consumed by it, as one is by an early fsync.
            length = self.position - self._sent
            os.posix_fadvise(self._file.fileno(), self._sent, length, os.POSIX_FADV_DONTNEED)
            self._sent = self.position

    def _spliced(self, source: FileBytes) -> bool:
        """Copy inside the system; false where it cannot, with nothing written."""
        if not hasattr(os, "copy_file_range"):
            return False
        self._file.flush()
        target, done = self._file.fileno(), 0
        with open(source.file, "rb", buffering=0) as file:
            while done < source.length:
                wanted = min(PIECE, source.length - done)
                try:
                    count = os.copy_file_range(
                        file.fileno(), target, wanted, source.position + done
                    )
                except OSError as error:
                    if done == 0 and error.errno in _CANNOT:
                        return False
                    raise
                if count == 0:
                    # Some file systems of the kernel copy nothing and call it success.
                    if done == 0 and os.fstat(file.fileno()).st_size > source.position:
                        return False
                    raise source.cut_off()
                done += count
                self._advance(count)
        return True
