"""CRC-32 of what is written, reckoned by a second thread while the first one writes."""

import zlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from core.files.writing.output import Output
from core.files.writing.runs import Bytes, InMemory

#: Bytes below which handing them to a thread takes longer than reckoning.
_SMALL = 64 << 10


class Checksums:
    """Appends runs of bytes in their order, and knows the CRC-32 of each. A context.

    The thread is one run ahead of the writer and not more, so that of mapped files larger than the
    memory no page is read twice.
    """

    def __init__(self, output: Output, runs: Sequence[Bytes]) -> None:
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
