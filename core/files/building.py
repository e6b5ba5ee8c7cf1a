"""What the few functions do that an inert pickle may call: they build plain data, here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.files.arrays import array, array_type, from_buffer, number
from core.files.contents import ITEM_BYTES, Inert, Storage, StoredTensor
from core.files.declared import Refusal, checked, sizes


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
        sizes(shape), _dtype(dtype), nowhere, 0, sizes(stride), special="without values (meta)"
    )


def _sparse(layout: Any, data: Any, *rest: Any) -> Any:
    parts = [each for each in data if isinstance(each, StoredTensor)] if data else []
    shape = next((each for each in data if isinstance(each, tuple)), ()) if data else ()
    if not parts:
        return Inert("torch._utils._rebuild_sparse_tensor", True, (layout, data))
    return replace(parts[-1], shape=sizes(shape), stride=None, special="sparse")


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
    return sizes(values)


def _device(*args: Any) -> str:
    return ":".join(str(each) for each in args)


def _bytes(*nothing: Any) -> Any:
    """``bytes()``, as protocols 0 to 2 write that there are none."""
    return b"" if not nothing else Inert("builtins.bytes", True, nothing)


def _embedded(data: Any, *rest: Any) -> TypedStorage:
    from core.files.embedded import storage  # it reads with what is built here

    return storage(data)


#: Name -> what it builds. Everything else is only noted.
MAKERS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": tensor,
    "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch.storage._load_from_bytes": _embedded,
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
    "numpy.dtype": array_type,
    "numpy.core.multiarray._reconstruct": array,
    "numpy._core.multiarray._reconstruct": array,
    "numpy.core.numeric._frombuffer": from_buffer,
    "numpy._core.numeric._frombuffer": from_buffer,
    "numpy.core.multiarray.scalar": number,
    "numpy._core.multiarray.scalar": number,
}
#: The same for those whose parts are themselves calls.
PARTS: dict[str, Callable[..., Any]] = {
    "torch._tensor._rebuild_from_type": _of_a_subclass,
    "torch._tensor._rebuild_from_type_v2": _of_a_subclass,
}
