"""The zip file that ``torch.save`` writes since version 1.6, record by record as it does.

The layout is that of ``caffe2/serialize/inline_container.cc`` (PyTorchStreamWriter over miniz):
stored records, each filled up by an extra field ``FB`` so that its bytes begin at a multiple of 64,
with a data descriptor behind; zip64 where 32 bits do not do (APPNOTE.TXT 4.3 and 4.5.3). torch can
therefore map such a file, and even calculate where its storages stand without asking.
"""

import hashlib
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from core.files.writing.output import Output
from core.files.writing.runs import Bytes

_ALIGNMENT = 64
_MOST = 0xFFFFFFFF
_DAY = 0x0000  # torch writes no time, so that the same weights give the same file
_UTF8, _DESCRIPTOR = 0x0800, 0x0008


@dataclass(frozen=True)
class _Opened:
    """A record whose header is written; ``wide`` is whether it needed 64 bits."""

    name: bytes
    begin: int
    bytes: int
    flags: int
    wide: bool


@dataclass(frozen=True)
class _Record:
    name: bytes
    begin: int
    bytes: int
    crc: int
    flags: int


def write_torch_zip(output: Output, pickled: bytes, storages: Sequence[Bytes]) -> None:
    """Write ``data.pkl`` and the storages its persistent ids call ``"0"``, ``"1"``, ...

    ``output`` is at the beginning of its file.
    """
    records = [
        _small(output, "data.pkl", pickled),
        _small(output, ".format_version", b"1"),
        _small(output, ".storage_alignment", str(_ALIGNMENT).encode()),
        _small(output, "byteorder", sys.byteorder.encode()),
    ]
    for number, storage in enumerate(storages):
        opened = _head(output, f"data/{number}", storage.length)
        records.append(_tail(output, opened, output.append_counted(storage)))
    records.append(_small(output, "version", b"3\n"))
    records.append(_small(output, ".data/serialization_id", _identity(records)))
    _directory(output, records)


def _small(output: Output, name: str, data: bytes) -> _Record:
    opened = _head(output, name, len(data))
    output.write(data)
    return _tail(output, opened, zlib.crc32(data))


def _head(output: Output, name: str, size: int) -> _Opened:
    """Write the local header of a record; its checksum follows behind the bytes."""
    written, begin = f"archive/{name}".encode(), output.position
    wide = size >= _MOST or begin >= _MOST
    extra = b""
    if wide:
        fields = [size, size] if size >= _MOST else []
        fields += [begin] if begin >= _MOST else []
        extra = struct.pack(f"<HH{len(fields)}Q", 1, 8 * len(fields), *fields)
    start = begin + 30 + len(written) + len(extra) + 4
    padding = -start % _ALIGNMENT
    extra += b"FB" + struct.pack("<H", padding) + b"Z" * padding
    flags = _UTF8 | (_DESCRIPTOR if size else 0)
    sizes = (_MOST, _MOST) if size >= _MOST else (0, 0)
    output.write(
        struct.pack(
            "<4sHHHHHIIIHH",
            b"PK\3\4", 0, flags, 0, _DAY, _DAY, 0, *sizes, len(written), len(extra),
        )
        + written
        + extra
    )  # fmt: skip
    return _Opened(written, begin, size, flags, wide)


def _tail(output: Output, opened: _Opened, crc: int) -> _Record:
    if opened.bytes:
        form = "<4sIQQ" if opened.wide else "<4sIII"
        output.write(struct.pack(form, b"PK\7\x08", crc, opened.bytes, opened.bytes))
    return _Record(opened.name, opened.begin, opened.bytes, crc, opened.flags)


def _identity(records: Sequence[_Record]) -> bytes:
    """Return forty digits that are the same for the same contents, as torch's own are."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(record.name + struct.pack("<I", record.crc))
    return str(int.from_bytes(digest.digest()[:16], "little")).rjust(40, "0")[:40].encode()


def _directory(output: Output, records: Sequence[_Record]) -> None:
    begin = output.position
    for record in records:
        wide = [record.bytes, record.bytes] if record.bytes >= _MOST else []
        wide += [record.begin] if record.begin >= _MOST else []
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        size = min(record.bytes, _MOST)
        output.write(
            struct.pack(
                "<4sHHHHHHIIIHHHHHII",
                b"PK\1\2", 0, 45 if wide else 0, record.flags, 0, _DAY, _DAY, record.crc,
                size, size, len(record.name), len(extra), 0, 0, 0, 0, min(record.begin, _MOST),
            )
            + record.name
            + extra
        )  # fmt: skip
    end, count = output.position, len(records)
    size = end - begin
    # miniz writes the zip64 end always, and so does this.
    output.write(
        struct.pack(
            "<4sQHHIIQQQQ", b"PK\6\6", 44, 0x031E, 45, 0, 0, count, count, size, begin
        )
        + struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
        + struct.pack(
            "<4sHHHHIIH",
            b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF),
            min(size, _MOST), min(begin, _MOST), 0,
        )
    )  # fmt: skip
