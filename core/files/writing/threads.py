"""What another thread does for a writer: reckon checksums, and bring a file to the disk behind it.

Nothing of a document is seen here; these are the only threads of ``core``.
"""

import os
import threading
import warnings
import zlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from core.files.writing.runs import Bytes, InMemory

#: Bytes below which handing them to a thread takes longer than reckoning.
_SMALL = 64 << 10


class Appends(Protocol):
    """Where runs of bytes go."""

    def append(self, source: Bytes) -> None:
        """Append one."""
        ...

    def append_counted(self, source: Bytes) -> int:
        """Append one and return its CRC-32."""
        ...


class Checksums:
    """Appends runs of bytes in their order, and knows the CRC-32 of each. A context.

    The thread is one run ahead of the writer and not more, so that of mapped files larger than the
    memory no page is read twice.
    """

    def __init__(self, output: Appends, runs: Sequence[Bytes]) -> None:
        self._output, self._runs = output, runs
        self._ahead: dict[int, Future[int]] = {}
        self._thread = ThreadPoolExecutor(1, "checksum")

    def __enter__(self) -> "Checksums":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def append(self, number: int) -> int:
        """Append a run and return its CRC-32."""
        run = self._runs[number]
        self._begin(number)
        self._begin(number + 1)
        reckoned = self._ahead.pop(number, None)
        if reckoned is None:
            return self._output.append_counted(run)
        self._output.append(run)
        return reckoned.result()

    def _begin(self, number: int) -> None:
        if number in self._ahead or number >= len(self._runs):
            return
        run = self._runs[number]
        if run.crc is None and isinstance(run, InMemory) and run.length >= _SMALL:
            self._ahead[number] = self._thread.submit(zlib.crc32, run.memory())


def finish_behind(number: int, path: Path) -> None:
    """Bring an open file to the disk that has its name, ``path``, already; then close it.

    It is done while the caller goes on, and before the process ends.
    """

    def finish() -> None:
        try:
            os.fsync(number)
        except OSError as error:
            warnings.warn(f"{path} may be lost in a power cut: {error.strerror}.", stacklevel=1)
        finally:
            os.close(number)
        sync_folder(path.parent)

    threading.Thread(target=finish, name=f"sync {path.name}").start()


def sync_folder(folder: Path) -> None:
    """Make a new name itself durable; not every file system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
