"""The directory of a zip file: which records it has and where, without reading any."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import CheckpointError

#: No list of a checkpoint's tensors is that long; a record that says so is a bomb.
_MOST = 1 << 28


@dataclass(frozen=True)
class Record:
    """One file in a zip file; ``begin`` is where its local header stands, ``crc`` its CRC-32."""

    name: str
    bytes: int
    begin: int
    compressed: bool
    crc: int


class Archive:
    """A zip file whose directory has been read; ``records`` are by name, in the file's order."""

    def __init__(self, path: Path) -> None:
        """Read the directory; raises :class:`~core.errors.CheckpointError`."""
        self.path = path
        try:
            with zipfile.ZipFile(path) as file:
                found = file.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
            raise CheckpointError(
                f"{path} begins like a zip file but has no directory at its end ({error}): it is"
                " cut off, or damaged. Get it again."
            ) from error
        self.records: Mapping[str, Record] = {
            each.filename: Record(
                each.filename, each.file_size, each.header_offset, each.compress_type != 0, each.CRC
            )
            for each in found
        }

    def read(self, name: str) -> bytes:
        """Return a small record whole; raises :class:`~core.errors.CheckpointError`."""
        record = self.records[name]
        if record.bytes > _MOST:
            raise CheckpointError(
                f"{self.path}: {name} says that it is {record.bytes:,} bytes long, more than any"
                " checkpoint's; it was not read."
            )
        try:
            with zipfile.ZipFile(self.path) as file, file.open(name) as opened:
                data = opened.read(record.bytes + 1)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise CheckpointError(f"{self.path}: {name} is damaged ({error}).") from error
        if len(data) != record.bytes:
            raise CheckpointError(f"{self.path}: {name} is not as long as the directory says.")
        return data
