"""Safetensors: the length of a JSON header, the header, the bytes.

The format: https://github.com/huggingface/safetensors#format. What its own reader refuses is
refused here, too: a header over 100 MB, holes, overlaps, sizes that do not agree.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

from core.errors import CheckpointError
from core.files.contents import ITEM_BYTES, Contents, Storage, StoredTensor, WeightSet

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
    "C64": "complex64",
}  # fmt: skip
_LONGEST = 100_000_000


def reads(path: Path, head: bytes) -> bool:
    """Whether eight bytes of a length are followed by the brace of a JSON header."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 48


def read(path: Path) -> Contents:
    """Read the header; raises :class:`~core.errors.CheckpointError`."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(_LONGEST, size - 8):
            raise CheckpointError(
                f"{path} says that its header is {length:,} bytes long; the file has {size:,}, and"
                f" {_LONGEST:,} are allowed. It is cut off, or no safetensors file."
            )
        header = _header(path, file.read(length))
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise CheckpointError(f"{path}: __metadata__ of the header is no dictionary.")
    tensors = {name: _tensor(path, name, facts, 8 + length) for name, facts in header.items()}
    _check_places(path, tensors, 8 + length, size)
    return Contents(
        path,
        "safetensors",
        "state dict",
        tensors,
        {},
        (),
        (WeightSet("", tensors),) if tensors else (),
        {str(key): str(value) for key, value in metadata.items()},
    )


def _header(path: Path, data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: the header is no JSON ({error}).") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path}: the header is no dictionary of tensors.")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _tensor(path: Path, name: str, facts: Any, base: int) -> StoredTensor:
    match facts:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            pass
        case _:
            raise CheckpointError(f"{path}: the header does not say what {name} is.")
    if dtype not in _DTYPES:
        raise CheckpointError(f"{path}: {name} has the dtype {dtype}, which is not known.")
    if not all(type(each) is int and each >= 0 for each in shape) or not 0 <= begin <= end:
        raise CheckpointError(f"{path}: {name} has the shape {shape} at {begin} to {end}.")
    wanted = prod(shape) * ITEM_BYTES[_DTYPES[dtype]]
    if wanted != end - begin:
        raise CheckpointError(
            f"{path}: {name} is {'×'.join(map(str, shape))} {dtype}, which takes {wanted:,} bytes,"
            f" and the header gives it {end - begin:,}. The header is wrong; get the file again."
        )
    return StoredTensor(
        tuple(shape), _DTYPES[dtype], Storage(path, name, end - begin, base + begin)
    )


def _check_places(path: Path, tensors: dict[str, StoredTensor], begin: int, size: int) -> None:
    """Each begins where the one before ends, and the last ends with the file."""
    at = begin
    for name, tensor in sorted(
        tensors.items(), key=lambda item: (item[1].storage.begin or 0, item[1].bytes)
    ):
        if tensor.storage.begin != at:
            raise CheckpointError(
                f"{path}: {name} begins at byte {tensor.storage.begin:,} and the tensor before it"
                f" ends at {at:,}; they must follow each other. The header is wrong."
            )
        at += tensor.bytes
    if at != size:
        what = "is cut off" if at > size else "has bytes that belong to no tensor"
        raise CheckpointError(f"{path} {what}: its tensors end at byte {at:,}, it at {size:,}.")
