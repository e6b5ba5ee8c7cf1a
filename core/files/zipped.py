"""The directory of a zip file: which records it has and where, without reading any."""

import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import CheckpointError

#: No list of a checkpoint's tensors is that long; a record that says so is a bomb.
_MOST = 1 << 28


#: What Python's own reader raises on a damaged file.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, KeyError, EOFError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


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
        except _DAMAGED as error:
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
            data = self._packed(record) if record.compressed else self._stored(record)
        except _DAMAGED as error:
            raise CheckpointError(f"{self.path}: {name} is damaged ({error}).") from error
        if len(data) != record.bytes:
            raise CheckpointError(f"{self.path}: {name} is not as long as the directory says.")
        return data

    def _stored(self, record: Record) -> bytes:
        """Read what stands there as it is, without reading the directory once more."""
        with open(self.path, "rb") as file:
            file.seek(record.begin)
            head = file.read(30)
            if head[:4] != b"PK\x03\x04":
                raise ValueError("it does not begin where the directory says")
            name, extra = struct.unpack("<HH", head[26:30])
            file.seek(name + extra, 1)
            data = file.read(record.bytes)
        if zlib.crc32(data) != record.crc:
            raise ValueError("its checksum is another")
        return data

    def _packed(self, record: Record) -> bytes:
        with zipfile.ZipFile(self.path) as file, file.open(record.name) as opened:
            return opened.read(record.bytes + 1)
