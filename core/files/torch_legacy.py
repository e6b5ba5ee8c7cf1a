"""What ``torch.save`` wrote before PyTorch 1.6, and does on request: pickles, then raw bytes.

A magic number, the protocol, facts about the machine and the object, each a pickle; then a pickled
list of storage keys, and for each its number of elements (int64) and its bytes
(torch/serialization.py, ``_legacy_save``).
"""

import os
import struct
from pathlib import Path
from typing import IO, Any

from core.errors import CheckpointError
from core.files.building import STORAGES, TypedStorage
from core.files.contents import ITEM_BYTES, Contents, Inert, Storage
from core.files.declared import Refusal
from core.files.inert import read_pickle
from core.files.sets import contents
from core.files.verdicts import verdicts

_MAGIC = 0x1950A86A20F9469CFC6C
#: The magic number as an instruction of a pickle.
_HEAD = b"\x8a\x0a" + _MAGIC.to_bytes(10, "little")


def reads(path: Path, head: bytes) -> bool:
    """Whether the first pickle is the magic number."""
    return head[:1] == b"\x80" and _HEAD in head[2:32]  # behind a frame, from protocol 4 on


def read(path: Path) -> Contents:
    """Read the pickles and walk over the storages; raises CheckpointError."""
    with open(path, "rb") as file:
        tree, names, located, protocol = read_stream(file, path)
    tree = _with_places(tree, located)
    return contents(path, "torch legacy", tree, verdicts(names), {"protocol": str(protocol)})


def read_stream(
    file: IO[bytes], path: Path
) -> tuple[Any, dict[str, bool], dict[str, Storage], Any]:
    """Return the object, the names in it, where each storage stands, and the protocol.

    ``path`` is what storages and errors name. Raises CheckpointError.
    """
    names: dict[str, bool] = {}
    storages = _Storages(path)
    parts = []
    for number in range(4):  # magic number, protocol, machine, object
        part, named = read_pickle(file, path, storages if number == 3 else None)
        parts.append(part)
        names.update(named)
    _, protocol, machine, tree = parts
    if isinstance(machine, dict) and machine.get("little_endian") is False:
        raise CheckpointError(
            f"{path} was written on a machine with the other byte order (big-endian); save it"
            " again there in today's format."
        )
    keys, named = read_pickle(file, path)
    names.update(named)
    if not isinstance(keys, list):
        raise CheckpointError(f"{path} is damaged: its list of storages is missing.")
    storages.place(file, keys)
    return tree, names, storages.located, protocol


class _Storages:
    """Answers persistent ids before it is known where the bytes stand: that comes after them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sizes: dict[str, tuple[int, str]] = {}
        self._dtypes: dict[str, str] = {}
        self.located: dict[str, Storage] = {}

    def __call__(self, pid: Any) -> Any:
        match pid:
            case ("storage", Inert(name=kind), str(key), str(device), int(numel), *view):
                dtype = STORAGES.get(kind)
            case ("module", kind, *_):  # the source of a class, which was kept beside it once
                return kind
            case _:
                return Inert("persistent id", True, (pid,))
        if dtype is None:
            raise Refusal(f"has a storage of the class {kind}, which is not known.")
        if numel < 0:
            raise Refusal(f"says that storage {key} has {numel:,} numbers.")
        size = ITEM_BYTES[dtype]
        self._sizes[key] = (numel * size, device)
        self._dtypes[key] = dtype
        whole = TypedStorage(Storage(self._path, key, numel * size, None, device), dtype)
        match view:
            case [] | [None]:
                return whole
            case [(_, int(start), int(count))]:  # written before 0.4: a part of that storage
                return whole.view(start, count)
        raise Refusal("has a view of a storage that cannot be understood.")

    def place(self, file: IO[bytes], keys: list[Any]) -> None:
        """Walk over the storages behind the pickles and note where each begins."""
        begin = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(begin)
        for key in keys:
            if key not in self._sizes:
                raise CheckpointError(f"{self._path} is damaged: storage {key!r} is unheard of.")
            size, device = self._sizes[key]
            count = file.read(8)
            begin = file.tell()
            if len(count) < 8 or begin + size > end:
                raise CheckpointError(
                    f"{self._path} is cut off: storage {key} should have {size:,} bytes from byte"
                    f" {begin:,}, and the file ends at {end:,}. Get it again."
                )
            (numel,) = struct.unpack("<q", count)
            if numel * ITEM_BYTES[self._dtypes[key]] != size:
                raise CheckpointError(
                    f"{self._path} is damaged: storage {key} has {numel:,} numbers where it is kept"
                    f" and another count where it is used."
                )
            self.located[key] = Storage(self._path, key, size, begin, device)
            file.seek(size, os.SEEK_CUR)
        missing = self._sizes.keys() - self.located.keys()
        if missing:
            raise CheckpointError(f"{self._path} lacks the bytes of {len(missing)} storages.")


def _with_places(tree: Any, located: dict[str, Storage]) -> Any:
    """Return the tree with each storage's place in it."""
    from dataclasses import replace

    from core.files.contents import StoredTensor

    seen: dict[int, Any] = {}
    before: list[StoredTensor] = []  # kept alive, so that their ids mean them

    def placed(value: Any) -> Any:
        if id(value) in seen:
            return seen[id(value)]
        if isinstance(value, StoredTensor):
            there = located.get(value.storage.key)
            before.append(value)
            seen[id(value)] = value if there is None else replace(value, storage=there)
            return seen[id(value)]
        if isinstance(value, dict):
            seen[id(value)] = value
            for key, each in value.items():
                value[key] = placed(each)
        elif isinstance(value, list):
            seen[id(value)] = value
            value[:] = [placed(each) for each in value]
        elif isinstance(value, tuple):
            return tuple(placed(each) for each in value)
        elif isinstance(value, Inert):
            seen[id(value)] = value
            value.args = tuple(placed(each) for each in value.args)
            value.state = placed(value.state)
            value.items[:] = [placed(each) for each in value.items]
            value.entries[:] = [(key, placed(each)) for key, each in value.entries]
        return value

    try:
        return placed(tree)
    except RecursionError as error:
        raise CheckpointError("The file is nested deeper than any checkpoint.") from error
