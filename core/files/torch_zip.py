"""What ``torch.save`` writes since PyTorch 1.6: a zip with one pickle and a record per storage.

``ARCHIVE/data.pkl`` describes the objects, ``ARCHIVE/data/KEY`` are the bytes of the storages, as
they are in memory (torch/serialization.py, ``_save``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import CheckpointError
from core.files.building import STORAGES, TypedStorage
from core.files.contents import ITEM_BYTES, Contents, Inert, Storage
from core.files.declared import Refusal
from core.files.inert import read_pickle
from core.files.sets import contents
from core.files.verdicts import verdicts
from core.files.zipped import Archive


def reads(path: Path, head: bytes) -> bool:
    """Whether it is a zip file; which of them is for :func:`read` to say."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def read(path: Path) -> Contents:
    """Read the directory and the pickle; raises :class:`~core.errors.CheckpointError`."""
    tree, names, metadata = unpickled(Archive(path))
    return contents(path, "torch zip", tree, verdicts(names), metadata)


def unpickled(archive: Archive) -> tuple[Any, dict[str, bool], dict[str, str]]:
    """Return what an archive holds, the names in it, and what it says of itself.

    Raises :class:`~core.errors.CheckpointError`.
    """
    pickles = [name for name in archive.records if name.rpartition("/")[2] == "data.pkl"]
    if not pickles:
        inside = ", ".join(list(archive.records)[:4]) or "nothing"
        raise CheckpointError(
            f"{archive.path} is a zip file without a data.pkl, so torch.save did not write it; it"
            f" holds {inside}."
        )
    folder = pickles[0].removesuffix("data.pkl")
    _check_order(archive, folder)
    storages = Storages(archive, f"{folder}data/")
    tree, names = read_pickle(archive.read(pickles[0]), str(archive.path), storages)
    version = f"{folder}version"
    metadata = {"archive": folder.rstrip("/")}
    if version in archive.records:
        metadata["version"] = archive.read(version).decode("ascii", "replace").strip()
    return tree, names, metadata


class Storages:
    """Answers the persistent ids of an archive with its storages."""

    def __init__(self, archive: Archive, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self._known: dict[str, Storage] = {}
        self._records: Mapping[str, Any] = archive.records

    def __call__(self, pid: Any) -> Any:
        """``("storage", class, key, location, numel)``; raises :class:`Refusal`."""
        match pid:
            case ("storage", Inert(name=kind), str(key), str(device), int(numel), *_):
                dtype = STORAGES.get(kind)
            case _:
                return Inert("persistent id", True, (pid,))
        if dtype is None:
            raise Refusal(f"has a storage of the class {kind}, which is not known.")
        storage = self._storage(key, device)
        if numel < 0 or numel * ITEM_BYTES[dtype] > storage.bytes:
            raise Refusal(
                f"says that storage {key} has {numel:,} numbers of {dtype}, and its record has"
                f" {storage.bytes:,} bytes: it is damaged, or made to mislead."
            )
        return TypedStorage(storage, dtype)

    def _storage(self, key: str, device: str) -> Storage:
        if key not in self._known:
            record = self._records.get(f"{self._folder}{key}")
            if record is None:
                raise Refusal(f"lacks the record of storage {key}: it was cut off, or taken apart.")
            begin = None if record.compressed else record.begin
            inside = f"{self._archive.begin}:" if self._archive.begin else ""
            self._known[key] = Storage(
                self._archive.path, inside + key, record.bytes, begin, device, True, record.crc
            )
        return self._known[key]


def _check_order(archive: Archive, folder: str) -> None:
    name = f"{folder}byteorder"
    if name in archive.records and archive.read(name) == b"big":
        raise CheckpointError(
            f"{archive.path} was written on a machine with the other byte order (big-endian);"
            " load and save it there with torch.serialization.set_default_load_endianness."
        )
