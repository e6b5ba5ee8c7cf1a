"""The directory of a zip file: which records it has and where, without reading any."""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import CheckpointError
from core.files.contents import Storage
from core.files.window import window

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
    """A zip file whose directory has been read; ``records`` are by name, in the file's order.

    It may stand inside another file, ``length`` bytes from byte ``begin`` on. Where its records
    begin is counted from the begin of the file.
    """

    def __init__(self, path: Path, begin: int = 0, length: int | None = None) -> None:
        """Read the directory; raises :class:`~core.errors.CheckpointError`."""
        self.path, self.begin, self._length = path, begin, length
        try:
            with self._opened() as file:
                found = file.infolist()
        except _DAMAGED as error:
            where = "" if length is None else f" at byte {begin:,}"
            raise CheckpointError(
                f"{path} begins like a zip file{where} but has no directory at its end ({error}):"
                " it is cut off, or damaged. Get it again."
            ) from error
        self.records: Mapping[str, Record] = {
            each.filename: Record(
                each.filename,
                each.file_size,
                begin + each.header_offset,
                each.compress_type != 0,
                each.CRC,
            )
            for each in found
        }

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        if self._length is None:
            with zipfile.ZipFile(self.path) as file:
                yield file
        else:
            with (
                window(self.path, self.begin, self._length) as part,
                zipfile.ZipFile(part) as file,
            ):
                yield file

    def inside(self, name: str) -> "Archive":
        """Return the archive that a record is; raises :class:`~core.errors.CheckpointError`."""
        record = self.records[name]
        if record.compressed:
            raise CheckpointError(
                f"{self.path}: {name} is compressed; PyTorch never writes that. Unpack the file and"
                " save it again where it came from."
            )
        whole = Storage(self.path, name, record.bytes, record.begin, zipped=True)
        return Archive(self.path, whole.position, record.bytes)

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
        with self._opened() as file, file.open(record.name) as opened:
            return opened.read(record.bytes + 1)
