"""ONNX: the initialisers of a model, by walking over the protobuf message and skipping the bytes.

The fields are those of onnx.proto3: ``ModelProto`` {1 ir_version, 2 producer_name,
3 producer_version, 7 graph, 8 opset_import, 14 metadata_props}, ``GraphProto`` {2 name,
5 initializer}, ``TensorProto`` {1 dims, 2 data_type, 4 float_data, 8 name, 9 raw_data,
10 double_data, 13 external_data, 14 data_location}. The wire format:
https://protobuf.dev/programming-guides/encoding/.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from core.errors import CheckpointError
from core.files.contents import Contents, Storage, StoredTensor, WeightSet

_DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64",
    15: "complex128", 16: "bfloat16", 17: "float8_e4m3fn", 18: "float8_e4m3fnuz",
    19: "float8_e5m2", 20: "float8_e5m2fnuz",
}  # fmt: skip
_LONGEST_TEXT = 1 << 20
_TOP = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}


@dataclass(frozen=True)
class _Field:
    """A field of a message: a number, or a run of bytes (``begin`` to ``end``) in the file."""

    number: int
    value: int
    begin: int
    end: int


def reads(path: Path, head: bytes) -> bool:
    """Whether it is fields of a ModelProto from its first to its last byte; there is no magic."""
    if not head or head[0] != 0x08:
        return False
    try:
        with open(path, "rb") as file:
            fields = _fields(file, path, 0, _end(file))
            wires = [(field.number, 0 if field.begin < 0 else 2) for field in fields]
    except CheckpointError:
        return False
    return any(number == 7 for number, _ in wires) and all(
        _TOP.get(number) == wire for number, wire in wires
    )


def read(path: Path) -> Contents:
    """Walk over the file; raises :class:`~core.errors.CheckpointError`."""
    tensors: dict[str, StoredTensor] = {}
    values: dict[str, str] = {}
    notes: list[str] = []
    with open(path, "rb") as file:
        for field in _fields(file, path, 0, _end(file)):
            if field.number == 1:
                values["ir_version"] = str(field.value)
            elif field.number in (2, 3) and field.begin >= 0:
                name = {2: "producer_name", 3: "producer_version"}[field.number]
                values[name] = _text(file, path, field)
            elif field.number == 7:
                for part in _fields(file, path, field.begin, field.end):
                    if part.number == 5 and part.begin >= 0:
                        name, tensor, note = _tensor(file, path, part)
                        tensors[name] = tensor
                        notes += [note] if note else []
    weights = (WeightSet("", tensors),) if tensors else ()
    return Contents(
        path, "ONNX", "ONNX model", tensors, values, (), weights, {}, None, tuple(notes[:8])
    )


def _end(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _fields(file: IO[bytes], path: Path, begin: int, end: int) -> Iterator[_Field]:
    """Yield the fields of the message that stands from ``begin`` to ``end``."""
    at = begin
    while at < end:
        key, at = _varint(file, path, at, end)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(file, path, at, end)
            yield _Field(number, value, -1, -1)
            continue
        length = {1: 8, 5: 4}.get(wire)
        if wire == 2:
            length, at = _varint(file, path, at, end)
        if length is None or number == 0 or at + length > end:
            raise CheckpointError(
                f"{path} is no ONNX model, or it is damaged: at byte {at:,} it announces more than"
                " there is."
            )
        yield _Field(number, 0, at, at + length)
        at += length


def _varint(file: IO[bytes], path: Path, at: int, end: int) -> tuple[int, int]:
    file.seek(at)
    data = file.read(min(10, end - at))
    value = 0
    for index, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return value, at + index + 1
    raise CheckpointError(f"{path} is no ONNX model, or it is damaged: a number at {at:,} is cut.")


def _text(file: IO[bytes], path: Path, field: _Field) -> str:
    if field.end - field.begin > _LONGEST_TEXT:
        raise CheckpointError(f"{path} has a name of {field.end - field.begin:,} bytes.")
    file.seek(field.begin)
    return file.read(field.end - field.begin).decode("utf-8", "replace")


def _tensor(file: IO[bytes], path: Path, whole: _Field) -> tuple[str, StoredTensor, str]:
    name, kind, dims, outside = "", 0, [], {}
    numbers: _Field | None = None
    for field in _fields(file, path, whole.begin, whole.end):
        if field.number == 1:
            dims += [field.value] if field.begin < 0 else _packed(file, path, field)
        elif field.number == 2:
            kind = field.value
        elif field.number == 8 and field.begin >= 0:
            name = _text(file, path, field)
        elif field.number in (4, 9, 10) and field.begin >= 0:
            numbers = field
        elif field.number == 13 and field.begin >= 0:
            key, value = _entry(file, path, field)
            outside[key] = value
    dtype = _DTYPES.get(kind)
    if dtype is None:
        nowhere = Storage(path, name, 0, None)
        return name, StoredTensor(tuple(dims), "uint8", nowhere, special=f"of ONNX type {kind}"), ""
    shape = tuple(dims)
    if len(shape) > 64 or any(each < 0 or each >= 1 << 48 for each in shape):
        raise CheckpointError(f"{path}: {name} has the shape {shape}, which cannot be.")
    wanted = StoredTensor(shape, dtype, Storage(path, name, 0, None)).bytes
    if outside:
        storage, note = _beside(path, name, outside, wanted)
        return name, StoredTensor(shape, dtype, storage), note
    if numbers is None:  # small numbers one by one, which stand nowhere as they are
        return name, StoredTensor(shape, dtype, Storage(path, name, wanted, None)), ""
    if numbers.end - numbers.begin != wanted:
        raise CheckpointError(
            f"{path}: {name} is {'×'.join(map(str, shape))} {dtype}, which takes {wanted:,} bytes,"
            f" and it has {numbers.end - numbers.begin:,}. The file is damaged."
        )
    return name, StoredTensor(shape, dtype, Storage(path, name, wanted, numbers.begin)), ""


def _packed(file: IO[bytes], path: Path, field: _Field) -> list[int]:
    found: list[int] = []
    at = field.begin
    while at < field.end and len(found) <= 64:
        value, at = _varint(file, path, at, field.end)
        found.append(value)
    return found


def _entry(file: IO[bytes], path: Path, field: _Field) -> tuple[str, str]:
    parts = {
        part.number: _text(file, path, part)
        for part in _fields(file, path, field.begin, field.end)
        if part.begin >= 0
    }
    return parts.get(1, ""), parts.get(2, "")


def _beside(path: Path, name: str, facts: dict[str, str], wanted: int) -> tuple[Storage, str]:
    """Return where a tensor stands in a file beside the model; none outside its folder is read."""
    location = facts.get("location", "")
    file = path.parent / location
    inside = location and ".." not in PurePosixPath(location).parts and "\0" not in location
    if not inside or not file.resolve().is_relative_to(path.parent.resolve()):
        raise CheckpointError(
            f"{path}: {name} is said to stand in '{location}', outside the model's folder. No"
            " honest model does; nothing was opened."
        )
    try:
        begin, length = int(facts.get("offset", "0")), int(facts.get("length", str(wanted)))
    except ValueError as error:
        raise CheckpointError(f"{path}: {name} has an offset that is no number.") from error
    if length != wanted or begin < 0:
        raise CheckpointError(f"{path}: {name} takes {wanted:,} bytes and is given {length:,}.")
    missing = "" if file.is_file() else f"{location}, which holds {name}, is not beside the model."
    return Storage(file, name, wanted, begin if file.is_file() else None), missing
