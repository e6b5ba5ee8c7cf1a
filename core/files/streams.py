"""Small files of ``torch.save`` one behind the other in a larger file, of which many are alike.

A sharded checkpoint may hold a hundred thousand tensors, each in an archive of its own. Those of
one shape and dtype differ in their numbers alone: what stands before the numbers is compared with
what stood before the last ones, and only read where it differs.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.files.contents import StoredTensor
from core.files.torch_zip import unpickled
from core.files.zipped import Archive

_LONGEST = 1 << 14


@dataclass(frozen=True)
class _Alike:
    """What stood before the numbers of a tensor, and the tensor, which began at ``begin``."""

    head: bytes
    begin: int
    tensor: StoredTensor

    def at(self, file: Path, begin: int) -> StoredTensor:
        """Return the tensor that stands behind the same head elsewhere."""
        mine = self.tensor.storage
        place = (mine.begin or 0) + begin - self.begin
        key = f"{begin}:{mine.key.rpartition(':')[2]}"
        storage = replace(mine, file=file, key=key, begin=place, crc=None)
        return replace(self.tensor, storage=storage)


class Streams:
    """Reads them; ``names`` are those that were met, with whether each would be called."""

    def __init__(self) -> None:
        self.names: dict[str, bool] = {}
        self._alike: dict[Hashable, _Alike] = {}

    def read(self, file: Path, begin: int, length: int, kind: Hashable = None) -> Any:
        """Return what stands there, unread; those of one ``kind`` are expected to be alike.

        Raises :class:`~core.errors.CheckpointError`.
        """
        known = self._alike.get((kind, length))
        if known is not None and _bytes(file, begin, len(known.head)) == known.head:
            return known.at(file, begin)
        found, names, _ = unpickled(Archive(file, begin, length))
        for name, called in names.items():
            self.names[name] = self.names.get(name, False) or called
        if kind is not None and isinstance(found, StoredTensor):
            numbers = found.storage.begin or 0
            if 0 < numbers - begin <= min(length, _LONGEST):
                head = _bytes(file, begin, numbers - begin)
                self._alike[kind, length] = _Alike(head, begin, found)
        return found


def _bytes(file: Path, begin: int, count: int) -> bytes:
    with open(file, "rb", buffering=0) as opened:
        opened.seek(begin)
        return opened.read(count)
