"""NumPy's arrays, types and numbers out of a pickle, without NumPy."""

import struct
from dataclasses import dataclass, replace
from typing import Any

from core.files.contents import Inert, Storage
from core.files.declared import Bytes, Refusal, checked, sizes


@dataclass
class Array:
    """A NumPy array on its way: shape, dtype and bytes come with its state."""


@dataclass(frozen=True)
class ArrayType:
    """A NumPy dtype, by torch's name; empty where torch has none."""

    name: str
    big: bool = False


_ARRAYS = {
    "f8": "float64", "f4": "float32", "f2": "float16", "i8": "int64", "i4": "int32", "i2": "int16",
    "i1": "int8", "u8": "uint64", "u4": "uint32", "u2": "uint16", "u1": "uint8", "b1": "bool",
    "c8": "complex64", "c16": "complex128",
}  # fmt: skip


def array(*args: Any) -> Array:
    """``numpy.core.multiarray._reconstruct``: an empty one, whose state is to come."""
    return Array()


def array_type(text: Any, *rest: Any) -> ArrayType:
    """``numpy.dtype``, by its letter and size: ``f4``."""
    short = str(text).lstrip("<>|=")
    return ArrayType(_ARRAYS.get(short, ""), str(text).startswith(">"))


def number(kind: Any, data: Any = b"", *rest: Any) -> Any:
    """``numpy.core.multiarray.scalar``: one number, of which the commonest kinds are read."""
    codes = {"float64": "<d", "float32": "<f", "int64": "<q", "int32": "<i", "bool": "<?"}
    code = codes.get(kind.name) if isinstance(kind, ArrayType) else None
    data = data.encode("latin1") if isinstance(data, str) else data
    if code is None or not isinstance(data, bytes) or len(data) != struct.calcsize(code):
        return Inert("numpy.scalar", True, (kind,))
    return struct.unpack(code, data)[0]


def from_buffer(data: Any, kind: Any, shape: Any, order: Any = "C") -> Any:
    """``numpy.core.numeric._frombuffer``, which protocol 5 writes."""
    if not isinstance(data, Bytes):
        return Inert("numpy.ndarray", True, (data, kind, shape))
    return _filled((1, shape, kind, order == "F", data), data.storage)


def _filled(state: Any, place: Storage) -> Any:
    """``ndarray.__setstate__``: (version, shape, dtype, is Fortran order, bytes).

    Protocols 0 to 2 have no bytes but in a text, and Python 2 knew no difference: those do not
    stand in the file as they are, and are held, under the name that ``place`` has.
    """
    match state:
        case (_, tuple(shape), ArrayType(name=name, big=big), bool(fortran), bytes() | str()):
            data = state[4]
        case _:
            return Inert("numpy.ndarray", True, (state,))
    if not name:
        return Inert("numpy.ndarray", True, ("of objects or texts",))
    if big:
        raise Refusal("has an array in the other byte order (big-endian); save it on this machine.")
    if isinstance(data, Bytes):
        storage = data.storage
    else:
        held = data.encode("latin1") if isinstance(data, str) else data
        storage = replace(place, bytes=len(held), held=held)
    shape = sizes(shape)
    steps = [1]
    for size in shape[:-1] if fortran else reversed(shape[1:]):
        steps.append(steps[-1] * size)
    stride = tuple(steps if fortran else reversed(steps))[: len(shape)]
    return checked(storage, name, 0, shape, stride, False)


def built_upon(target: Any, state: Any, place: Storage) -> Any:
    """Return plain data after ``__setstate__``: arrays get their numbers, dtypes their order."""
    if isinstance(target, Array):
        return _filled(state, place)
    if isinstance(target, ArrayType) and isinstance(state, tuple) and len(state) > 1:
        return ArrayType(target.name, state[1] == ">")
    return target  # an OrderedDict's attributes are of no use here
