"""Writing a file so that the old one or the new one is there whole, never a mix."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from core.errors import SaveRefused


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Yield a file to write to; it takes the place of ``path`` when all is written and on disk.

    A temporary file in the same folder is synced and renamed. Raises
    :class:`~core.errors.SaveRefused`; then, and on any other error, nothing is left behind.
    """
    path = Path(path)
    if path.is_dir():
        raise SaveRefused(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise SaveRefused(f"The folder {path.parent} does not exist; create it, or save elsewhere.")
    # A random name, so that two processes saving to one path do not write into one file.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise SaveRefused(_sentence(path, error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable; not every file system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _sentence(path: Path, error: OSError) -> str:
    kept = f" {path.name} is as it was." if path.exists() else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{path} could not be written: there is no room left.{kept}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} could not be written: the folder is read-only.{kept}"
    return f"{path} could not be written: {error.strerror or error}.{kept}"
