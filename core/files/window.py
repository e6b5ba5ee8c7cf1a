"""A part of a file, as a file: what stands inside another file is read by the same readers."""

import io
import os
from pathlib import Path
from typing import Any


class Window(io.RawIOBase):
    """The ``length`` bytes of a file from byte ``begin`` on; positions count from there."""

    def __init__(self, path: Path, begin: int, length: int) -> None:
        super().__init__()
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # closed with the window
        self._begin, self._length, self._at = begin, length, 0

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from anywhere."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the window reaches."""
        wanted = min(len(buffer), max(0, self._length - self._at))
        found = os.preadv(
            self._file.fileno(), [memoryview(buffer)[:wanted]], self._begin + self._at
        )
        self._at += found
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the begin of the window, from here, or from its end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        if base + offset < 0:
            raise ValueError("a place before the begin")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def window(path: Path, begin: int, length: int) -> io.BufferedReader:
    """Open a part of a file; raises ``OSError``."""
    return io.BufferedReader(Window(path, begin, length))
