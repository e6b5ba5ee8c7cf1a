"""What ``torch.save`` wrote before PyTorch 0.1.10: a tar of the object, its tensors and storages.

``storages`` is a count, then for each a pickle (key, where it was, class), the number of its
elements (int64) and its bytes; behind them the views of storages. ``tensors`` is a count, then for
each a pickle (key, key of its storage, class) and its sizes, strides and offset as binary numbers.
``pickle`` is the object, which names tensors by key (torch/serialization.py, ``legacy_load``).
"""

import os
import struct
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from core.errors import CheckpointError
from core.files.building import STORAGES, TypedStorage, tensor
from core.files.contents import ITEM_BYTES, Contents, Inert, Storage
from core.files.declared import Refusal
from core.files.inert import read_pickle
from core.files.sets import contents
from core.files.verdicts import verdicts
from core.files.window import window

_PARTS = ("storages", "tensors", "pickle")
_MOST_MEMBERS = 64
_DAMAGED = (tarfile.TarError, struct.error, OSError, ValueError, EOFError, OverflowError)


def reads(path: Path, head: bytes) -> bool:
    """Whether it begins with the header of a tar file."""
    return head[257:262] == b"ustar"


def read(path: Path) -> Contents:
    """Walk over the parts; raises :class:`~core.errors.CheckpointError`."""
    try:
        return _Tar(path).contents()
    except Refusal as error:
        raise CheckpointError(f"{path} {error}") from error
    except _DAMAGED as error:
        raise CheckpointError(
            f"{path} begins like a tar file of PyTorch before 0.1.10, but it is cut off or damaged:"
            f" {error}. Get it again."
        ) from error


class _Tar:
    """A file while it is walked over; the names it was met with are collected."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, bool] = {}
        self._members = dict(self._find())
        missing = [part for part in _PARTS if part not in self._members]
        if missing:
            raise CheckpointError(
                f"{path} is a tar file without {' and '.join(missing)}, so torch.save did not write"
                " it. If it is a package of files, unpack it."
            )

    def _find(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield where the parts stand: (begin, length). Nothing is unpacked."""
        with tarfile.open(self._path, "r:") as tar:
            for number, member in enumerate(tar):
                if member.isreg() and not member.issparse() and member.name in _PARTS:
                    yield member.name, (member.offset_data, member.size)
                if number > _MOST_MEMBERS:
                    return

    @contextmanager
    def _part(self, name: str) -> Iterator[IO[bytes]]:
        with window(self._path, *self._members[name]) as part:
            yield part

    def _pickle(self, part: IO[bytes], persistent: Any = None) -> Any:
        found, names = read_pickle(part, self._path, persistent)
        for name, called in names.items():
            self._names[name] = self._names.get(name, False) or called
        return found

    def contents(self) -> Contents:
        """Return what the file holds."""
        storages = self._storages()
        known: dict[int, Any] = dict(self._tensors(storages))
        known = storages | known

        def answer(pid: Any) -> Any:
            if isinstance(pid, tuple):  # a class, with its source, which was kept beside it
                return pid[0] if pid else None
            found = known.get(_whole(pid))
            if found is None:
                raise Refusal(f"lacks the tensor {pid!r:.40}.")
            return found

        with self._part("pickle") as part:
            tree = self._pickle(part, answer)
        return contents(self._path, "torch tar", tree, verdicts(self._names), {})

    def _count(self, part: IO[bytes]) -> int:
        count = self._pickle(part)
        if type(count) is not int or count < 0:
            raise Refusal("is damaged: a count in it is none.")
        return count

    def _storages(self) -> dict[int, TypedStorage]:
        begin, length = self._members["storages"]
        found: dict[int, TypedStorage] = {}
        with self._part("storages") as part:
            for _ in range(self._count(part)):
                match self._pickle(part):
                    case (int(key), str(device), Inert(name=kind)) if kind in STORAGES:
                        dtype = STORAGES[kind]
                    case _:
                        raise Refusal("is damaged: a storage in it cannot be understood.")
                (numel,) = struct.unpack("<q", part.read(8))
                size, at = numel * ITEM_BYTES[dtype], part.tell()
                if numel < 0 or at + size > length:
                    raise Refusal(
                        f"is cut off: storage {key} should have {size:,} bytes, more than there"
                        " are. Get it again."
                    )
                storage = Storage(self._path, str(key), size, begin + at, device)
                found[key] = TypedStorage(storage, dtype)
                part.seek(size, os.SEEK_CUR)
            views = self._pickle(part)
        for view in views if isinstance(views, list) else ():
            match view:
                case (int(key), int(root), int(start), int(numel)) if root in found:
                    found[key] = found[root].view(start, numel)
                case _:
                    raise Refusal("is damaged: a view of a storage cannot be understood.")
        return found

    def _tensors(self, storages: dict[int, TypedStorage]) -> Iterator[tuple[int, Any]]:
        with self._part("tensors") as part:
            for _ in range(self._count(part)):
                match self._pickle(part):
                    case (int(key), int(storage), Inert()) if storage in storages:
                        pass
                    case _:
                        raise Refusal("is damaged: a tensor in it cannot be understood.")
                (dimensions,) = struct.unpack("<i", part.read(4))
                part.read(4)  # once the number of dimensions took eight bytes
                if not 0 <= dimensions <= 64:
                    raise Refusal(f"is damaged: a tensor in it has {dimensions:,} dimensions.")
                row = struct.Struct(f"<{dimensions}q")
                shape, stride = (row.unpack(part.read(row.size)) for _ in range(2))
                (offset,) = struct.unpack("<q", part.read(8))
                yield key, tensor(storages[storage], offset, shape, stride)


def _whole(pid: Any) -> int:
    """Return a key, which protocols write as text or as a number."""
    try:
        return int(pid) if isinstance(pid, int | str) else -1
    except ValueError:
        return -1
