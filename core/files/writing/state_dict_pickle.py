"""The pickle of a state dict as ``torch.save`` makes it, written opcode by opcode without torch.

The calls in it are those of ``Tensor.__reduce_ex__`` and ``Parameter.__reduce_ex__``; the storages
are named by persistent ids and stand elsewhere in the file.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import SaveRefused
from core.files.contents import ITEM_BYTES

#: The class of ``torch`` that a storage of this dtype is pickled as. Dtypes that are younger than
#: these classes have none: their storages are untyped, and the tensor says its dtype itself.
_STORAGES = {
    "float64": "DoubleStorage", "float32": "FloatStorage", "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage", "int64": "LongStorage", "int32": "IntStorage",
    "int16": "ShortStorage", "int8": "CharStorage", "uint8": "ByteStorage", "bool": "BoolStorage",
    "complex64": "ComplexFloatStorage", "complex128": "ComplexDoubleStorage",
}  # fmt: skip


def item_of(dtype: str) -> int:
    """Return the bytes of one number of a storage, as ``torch.save`` counts them."""
    return ITEM_BYTES[dtype] if dtype in _STORAGES else 1


class StateDictPickle:
    """Collects the tensors of a state dict; :meth:`finished` is its pickle, of protocol 2."""

    def __init__(self, *, legacy: bool) -> None:
        self._legacy = legacy
        self._out = bytearray(b"\x80\x02")
        self._memo: dict[tuple[str, ...], int] = {}
        self._views: dict[object, bytes] = {}
        self._call("collections", "OrderedDict")
        self._out += b"("

    def add(
        self, name: str, shape: Sequence[int], stride: Sequence[int], offset: int, dtype: str,
        key: str, storage_bytes: int, *, parameter: bool = False, requires_grad: bool = False,
    ) -> None:  # fmt: skip
        """Add a tensor that looks into the storage ``key``; offset and strides count numbers.

        Raises :class:`~core.errors.SaveRefused` for a dtype that torch knows no storage for.
        """
        if dtype not in ITEM_BYTES or dtype.startswith("q"):
            raise SaveRefused(f"{name} is of dtype {dtype}, which cannot be written to this file.")
        self._text(name)
        if parameter:
            self._global("torch._utils", "_rebuild_parameter")
            self._out += b"("
        typed = dtype in _STORAGES
        self._global("torch._utils", "_rebuild_tensor_v2" if typed else "_rebuild_tensor_v3")
        self._out += b"(("
        self._text("storage", kept=True)
        if typed:
            self._global("torch", _STORAGES[dtype])
        else:
            self._global("torch.storage", "UntypedStorage")
        self._text(key)
        self._text("cpu", kept=True)
        self._value(storage_bytes // item_of(dtype))
        self._out += b"NtQ" if self._legacy else b"tQ"
        self._view((offset, tuple(shape), tuple(stride)))
        self._value(requires_grad and not parameter)
        self._call("collections", "OrderedDict")
        if not typed:
            self._global("torch", dtype)
        self._out += b"tR"
        if parameter:
            self._value(requires_grad)
            self._call("collections", "OrderedDict")
            self._out += b"tR"

    def finished(self, metadata: Mapping[str, Any] | None = None) -> bytes:
        """Return the pickle; ``metadata`` are the versions of the layers, torch's ``_metadata``."""
        self._out += b"u"
        if metadata is not None:
            self._value({"_metadata": dict(metadata)})
            self._out += b"b"
        return bytes(self._out + b".")

    def _view(self, view: tuple[int, tuple[int, ...], tuple[int, ...]]) -> None:
        """Write offset, shape and strides; most tensors have those of another."""
        if view not in self._views:
            begin = len(self._out)
            for each in view:
                self._value(each)
            self._views[view] = bytes(self._out[begin:])
        else:
            self._out += self._views[view]

    def _value(self, value: Any) -> None:
        """Write plain data: what layers keep beside their tensors."""
        if value is None or isinstance(value, bool):
            self._out += {None: b"N", True: b"\x88", False: b"\x89"}[value]
        elif isinstance(value, int):
            self._number(value)
        elif isinstance(value, float):
            self._out += b"G" + struct.pack(">d", value)
        elif isinstance(value, str):
            self._text(value)
        elif isinstance(value, (tuple, list)):
            self._out += b"(" if isinstance(value, tuple) else b"]("
            for each in value:
                self._value(each)
            self._out += b"t" if isinstance(value, tuple) else b"e"
        elif isinstance(value, Mapping):
            self._out += b"}("
            for key, each in value.items():
                self._value(key)
                self._value(each)
            self._out += b"u"
        else:
            raise TypeError(f"{type(value).__name__} is no plain data")

    def _number(self, value: int) -> None:
        if 0 <= value < 1 << 8:
            self._out += b"K" + struct.pack("<B", value)
        elif 0 <= value < 1 << 16:
            self._out += b"M" + struct.pack("<H", value)
        elif -(1 << 31) <= value < 1 << 31:
            self._out += b"J" + struct.pack("<i", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self._out += b"\x8a" + struct.pack("<B", len(data)) + data

    def _text(self, text: str, *, kept: bool = False) -> None:
        if not (kept and self._known((text,))):
            data = text.encode("utf-8", "surrogatepass")
            self._out += b"X" + struct.pack("<I", len(data)) + data
            if kept:
                self._keep((text,))

    def _global(self, module: str, name: str) -> None:
        if not self._known((module, name)):
            self._out += f"c{module}\n{name}\n".encode()
            self._keep((module, name))

    def _call(self, module: str, name: str) -> None:
        self._global(module, name)
        self._out += b")R"

    def _known(self, key: tuple[str, ...]) -> bool:
        number = self._memo.get(key)
        if number is not None:
            self._out += b"h" + struct.pack("<B", number)
        return number is not None

    def _keep(self, key: tuple[str, ...]) -> None:
        number = self._memo[key] = len(self._memo)  # two dozen at most
        self._out += b"q" + struct.pack("<B", number)
