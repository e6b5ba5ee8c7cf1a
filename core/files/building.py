"""What the few functions do that an inert pickle may call: they build plain data, here."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.files.contents import ITEM_BYTES, Inert, Storage, StoredTensor


class Refusal(Exception):
    """What a pickle describes cannot be; the text goes on from the name of the file."""


class Bytes(bytes):
    """Bytes of a pickle that know where in the file they stand."""

    storage: Storage


@dataclass(frozen=True)
class TypedStorage:
    """A storage as a pickle names it: with the dtype of its numbers.

    A view of one shows ``numel`` of its numbers from ``start`` on; tensors of it share its bytes.
    """

    storage: Storage
    dtype: str
    start: int = 0
    numel: int | None = None

    def view(self, start: int, numel: int) -> "TypedStorage":
        """Return a view; raises :class:`Refusal` where it reaches beyond what it is of."""
        mine = self.storage.bytes // ITEM_BYTES[self.dtype] if self.numel is None else self.numel
        if start < 0 or numel < 0 or start + numel > mine:
            raise Refusal(
                f"has a view of {numel:,} numbers from {start:,} on of a storage of {mine:,}; it is"
                " damaged, or made to mislead."
            )
        return TypedStorage(self.storage, self.dtype, self.start + start, numel)


#: The classes of torch's typed storages, and their dtypes.
STORAGES = {
    "torch.FloatStorage": "float32", "torch.DoubleStorage": "float64",
    "torch.HalfStorage": "float16", "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64", "torch.IntStorage": "int32", "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8", "torch.ByteStorage": "uint8", "torch.BoolStorage": "bool",
    "torch.ComplexFloatStorage": "complex64", "torch.ComplexDoubleStorage": "complex128",
    "torch.QInt8Storage": "qint8", "torch.QUInt8Storage": "quint8",
    "torch.QInt32Storage": "qint32", "torch.QUInt4x2Storage": "quint4x2",
    "torch.QUInt2x4Storage": "quint2x4",
    "torch.storage.UntypedStorage": "uint8", "torch.UntypedStorage": "uint8",
}  # fmt: skip


def tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, requires_grad: Any = False, *rest: Any
) -> StoredTensor:
    """``torch._utils._rebuild_tensor`` and ``_v2``."""
    if not isinstance(storage, TypedStorage):
        raise Refusal("has a tensor without a storage.")
    return _shown(storage, storage.dtype, offset, shape, stride, requires_grad)


def _shown(
    storage: TypedStorage, dtype: str, offset: Any, shape: Any, stride: Any, requires_grad: Any
) -> StoredTensor:
    """Return a tensor of a storage, or of a view of one, beyond which it may not reach."""
    if storage.numel is None:
        return checked(storage.storage, dtype, offset, shape, stride, requires_grad)
    seen = replace(storage.storage, bytes=storage.numel * ITEM_BYTES[storage.dtype])
    found = checked(seen, dtype, offset, shape, stride, requires_grad)
    return replace(found, storage=storage.storage, offset=found.offset + storage.start)


def _tensor_v3(
    storage: Any, offset: Any, shape: Any, stride: Any, requires_grad: Any, hooks: Any, dtype: Any,
    *rest: Any,
) -> StoredTensor:  # fmt: skip
    if not isinstance(storage, TypedStorage):
        raise Refusal("has a tensor without a storage.")
    return _shown(storage, _dtype(dtype), offset, shape, stride, requires_grad)


def _dtype(mention: Any) -> str:
    return mention.name.removeprefix("torch.") if isinstance(mention, Inert) else str(mention)


def _sizes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple | list) or not all(type(each) is int for each in value):
        raise Refusal("has a tensor whose shape is not a row of numbers.")
    if len(value) > 64 or any(each < 0 for each in value):
        raise Refusal("has a tensor with a negative size, or with more than 64 dimensions.")
    return tuple(value)


def checked(
    storage: Storage, dtype: str, offset: Any, shape: Any, stride: Any, requires_grad: Any
) -> StoredTensor:
    """Return a tensor whose bytes are there, as many as it declares; raises :class:`Refusal`."""
    shape, stride = _sizes(shape), _sizes(stride)
    if type(offset) is not int or offset < 0 or len(shape) != len(stride):
        raise Refusal("has a tensor whose offset and strides make no sense.")
    found = StoredTensor(shape, dtype, storage, offset, stride, False, bool(requires_grad))
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if found.numel and (last + 1) * ITEM_BYTES.get(dtype, 1) > storage.bytes:
        raise Refusal(
            f"says that a tensor is {'×'.join(map(str, shape))} {dtype}, more than the"
            f" {storage.bytes:,} bytes of its storage; it is damaged, or made to mislead."
        )
    return found


def _parameter(data: Any, requires_grad: Any = True, *rest: Any) -> Any:
    if not isinstance(data, StoredTensor):
        return Inert("torch.nn.parameter.Parameter", True, (data, requires_grad))
    return replace(data, parameter=True, requires_grad=bool(requires_grad))


def _variable(data: Any, *rest: Any) -> Any:
    """``Variable(data, ...)``: what held a tensor before 0.4, when tensors had no gradients."""
    return data if isinstance(data, StoredTensor) else Inert("torch.autograd.Variable", True, rest)


def _quantized(
    storage: Any, offset: Any, shape: Any, stride: Any, quantizer: Any, *rest: Any
) -> StoredTensor:
    return replace(tensor(storage, offset, shape, stride), special="quantized")


def _without_storage(
    dtype: Any, shape: Any, stride: Any, requires_grad: Any = False
) -> StoredTensor:
    from pathlib import Path

    nowhere = Storage(Path(), "", 0, None, "meta")
    return StoredTensor(
        _sizes(shape), _dtype(dtype), nowhere, 0, _sizes(stride), special="without values (meta)"
    )


def _sparse(layout: Any, data: Any, *rest: Any) -> Any:
    parts = [each for each in data if isinstance(each, StoredTensor)] if data else []
    shape = next((each for each in data if isinstance(each, tuple)), ()) if data else ()
    if not parts:
        return Inert("torch._utils._rebuild_sparse_tensor", True, (layout, data))
    return replace(parts[-1], shape=_sizes(shape), stride=None, special="sparse")


def _of_a_subclass(
    call: Callable[..., Any], function: Any, kind: Any, args: Any, *rest: Any
) -> Any:
    made = call(function, args)
    name = kind.name if isinstance(kind, Inert) else ""
    if isinstance(made, StoredTensor) and name not in ("torch.Tensor", "torch._tensor.Tensor"):
        if name in ("torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"):
            return replace(made, parameter=name.endswith("Parameter"))
        return replace(made, special=f"of the class {name}")
    return made


def _encoded(text: Any, how: Any = "latin1") -> bytes:
    if not isinstance(text, str) or how not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise Refusal("encodes something that is no text.")
    return text.encode(how)


def _items(values: Any = ()) -> list[Any]:
    return list(values) if isinstance(values, list | tuple) else [values]


def _set(values: Any = ()) -> Any:
    """A set of plain values; of others, which might not be hashable, the list of them."""
    items = _items(values)
    plain = all(isinstance(each, str | int | float | bool) for each in items)
    return set(items) if plain else items


def _dictionary(*args: Any) -> dict[Any, Any]:
    pairs = args[-1] if args and isinstance(args[-1], list | tuple) else ()
    made: dict[Any, Any] = {}
    for pair in pairs:
        if isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str | int):
            made[pair[0]] = pair[1]
    return made


def _size(values: Any = ()) -> tuple[int, ...]:
    return _sizes(values)


def _device(*args: Any) -> str:
    return ":".join(str(each) for each in args)


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


def _array(*args: Any) -> Array:
    return Array()


def _array_type(text: Any, *rest: Any) -> ArrayType:
    short = str(text).lstrip("<>|=")
    return ArrayType(_ARRAYS.get(short, ""), str(text).startswith(">"))


def _bytes(*nothing: Any) -> Any:
    """``bytes()``, as protocols 0 to 2 write that there are none."""
    return b"" if not nothing else Inert("builtins.bytes", True, nothing)


def _number(kind: Any, data: Any = b"", *rest: Any) -> Any:
    """``numpy.core.multiarray.scalar``: one number, of which the commonest kinds are read."""
    codes = {"float64": "<d", "float32": "<f", "int64": "<q", "int32": "<i", "bool": "<?"}
    code = codes.get(kind.name) if isinstance(kind, ArrayType) else None
    data = data.encode("latin1") if isinstance(data, str) else data
    if code is None or not isinstance(data, bytes) or len(data) != struct.calcsize(code):
        return Inert("numpy.scalar", True, (kind,))
    return struct.unpack(code, data)[0]


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any = "C") -> Any:
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
    shape = _sizes(shape)
    steps = [1]
    for size in shape[:-1] if fortran else reversed(shape[1:]):
        steps.append(steps[-1] * size)
    stride = tuple(steps if fortran else reversed(steps))[: len(shape)]
    return checked(storage, name, 0, shape, stride, False)


#: Name -> what it builds. Everything else is only noted.
MAKERS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": tensor,
    "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch.autograd.variable.Variable": _variable,
    "torch._utils._rebuild_qtensor": _quantized,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_meta_tensor_no_storage": _without_storage,
    "torch.Size": _size,
    "torch.device": _device,
    "collections.OrderedDict": _dictionary,
    "collections.defaultdict": _dictionary,
    "builtins.dict": _dictionary,
    "__builtin__.dict": _dictionary,
    "builtins.list": _items,
    "builtins.bytes": _bytes,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "__builtin__.set": _set,
    "__builtin__.frozenset": _set,
    "_codecs.encode": _encoded,
    "numpy.dtype": _array_type,
    "numpy.core.multiarray._reconstruct": _array,
    "numpy._core.multiarray._reconstruct": _array,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy._core.numeric._frombuffer": _from_buffer,
    "numpy.core.multiarray.scalar": _number,
    "numpy._core.multiarray.scalar": _number,
}
#: The same for those whose parts are themselves calls.
PARTS: dict[str, Callable[..., Any]] = {
    "torch._tensor._rebuild_from_type": _of_a_subclass,
    "torch._tensor._rebuild_from_type_v2": _of_a_subclass,
}


def built_upon(target: Any, state: Any, place: Storage) -> Any:
    """Return plain data after ``__setstate__``: arrays get their numbers, dtypes their order."""
    if isinstance(target, Array):
        return _filled(state, place)
    if isinstance(target, ArrayType) and isinstance(state, tuple) and len(state) > 1:
        return ArrayType(target.name, state[1] == ">")
    return target  # an OrderedDict's attributes are of no use here
