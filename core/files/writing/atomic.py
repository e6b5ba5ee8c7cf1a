"""Writing a file so that the old one or the new one is there whole, never a mix.

What is written goes to a hidden file beside it, ``.NAME.RANDOM.part``, which is synced and renamed.
The writer keeps a lock (``flock``) on that file for as long as it writes, and the system lets go of
it however the process ends. So a ``.part`` file that nobody has locked was left by a process that
was killed, and the next one to write the same name removes it.
"""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from core.errors import SaveRefused

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, so nothing of others is removed
    fcntl = None  # type: ignore[assignment]

#: How often another name is tried where another process took the first away; once is rare.
_TRIES = 20


@contextmanager
def atomic_write(path: str | Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield a file to write to; it takes the place of ``path`` when all is written and on disk.

    Not ``durable``, it is left to the system when the bytes get to the disk, as a copy leaves it:
    for what can be made again from another file, and takes no other's place. Raises
    :class:`~core.errors.SaveRefused`; then, and on any other error, nothing is left behind. Of
    several processes that write one path at once, the last to finish wins, whole.
    """
    path = Path(path)
    check_place(path)
    try:
        with part_of(path) as (temporary, file):
            yield file
            if durable:
                finish(file)
            else:
                file.flush()
            put(temporary, path, file, durable=durable)
    except OSError as error:
        raise SaveRefused(sentence(path, error)) from error


def check_place(path: Path) -> None:
    """Raise :class:`~core.errors.SaveRefused` where no file can be."""
    if path.is_dir():
        raise SaveRefused(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise SaveRefused(f"The folder {path.parent} does not exist; create it, or save elsewhere.")


@contextmanager
def part_of(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a hidden file beside ``path`` and open it; it is removed if it is still there after.

    What dead processes left of the same name goes first. Raises ``OSError``.
    """
    _clear(path)
    temporary, file = _create(path)
    try:
        with file:
            yield temporary, file
    finally:
        with suppress(OSError):
            temporary.unlink()


def finish(file: BinaryIO) -> None:
    """Bring what was written onto the disk."""
    file.flush()
    os.fsync(file.fileno())


def take_place(file: Path, path: Path) -> None:
    """Give a file that was written under another name its own; raises ``OSError``.

    Where it takes the place of what is there, it is on the disk first.
    """
    if path.exists():
        with open(file, "rb") as written:
            os.fsync(written.fileno())
    os.replace(file, path)


def put(temporary: Path, path: Path, file: BinaryIO, *, durable: bool = True) -> None:
    """Give a finished file its name, in the place of what is there."""
    if fcntl is None:
        file.close()  # Windows renames no open file; elsewhere it stays open, and locked, till then
    os.replace(temporary, path)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a new name itself durable; not every file system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def sentence(path: Path, error: OSError) -> str:
    """Say why a file could not be written, and that the old one is still there."""
    kept = f" {path.name} is as it was." if path.exists() else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{path} could not be written: there is no room left.{kept}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} could not be written: the folder is read-only.{kept}"
    return f"{path} could not be written: {error.strerror or error}.{kept}"


def _create(path: Path) -> tuple[Path, BinaryIO]:
    for _ in range(_TRIES):
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
        file = open(temporary, "xb")  # noqa: SIM115 - the caller closes it
        # Between its creation and its lock another process may have taken it for a dead one's.
        if _lock(file) is not False and _is_at(file, temporary):
            return temporary, file
        file.close()
    raise OSError(errno.EAGAIN, "other processes keep removing its temporary files")


def _clear(path: Path) -> None:
    """Remove the parts of this name that nobody is writing."""
    if fcntl is None:
        return
    part = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{12}}\.part")
    with suppress(OSError):
        for entry in os.scandir(path.parent):
            if part.fullmatch(entry.name):
                with suppress(OSError), open(entry.path, "rb") as file:
                    if _lock(file):
                        os.unlink(entry.path)


def _lock(file: BinaryIO) -> bool | None:
    """Return whether the file could be locked; ``None`` where this file system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
