"""Bringing a file to the disk behind its writer: the only thread of ``core``."""

import os
import threading
import warnings
from contextlib import suppress
from pathlib import Path


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
