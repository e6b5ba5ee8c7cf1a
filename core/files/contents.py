"""What stands in a file of weights: tensors, values and names, as far as can be told unread.

Nothing here holds a number of a tensor, only where it stands. torch is not imported.
"""

import builtins
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Literal

from core.errors import CheckpointError

Kind = Literal[
    "state dict",
    "training checkpoint",
    "Lightning checkpoint",
    "whole model",
    "optimizer state",
    "tensors",
    "exported program",
    "TorchScript",
    "ONNX model",
    "other",
]
Verdict = Literal["known", "would run code"]

#: Bytes of one number, by torch's name of the dtype.
ITEM_BYTES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2,
    "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1,
    "float8_e8m0fnu": 1, "float4_e2m1fn_x2": 1,
    "complex32": 4, "complex64": 8, "complex128": 16,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1,
    "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1,
    "qint8": 1, "quint8": 1, "qint32": 4, "quint4x2": 1, "quint2x4": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Storage:
    """A run of bytes in a file that one tensor, or several that share it, look into.

    ``begin`` is where the bytes stand; for a record of a zip file (``zipped``) where its header
    does, behind which they follow. ``None`` where they do not stand there as they are (compressed).
    ``crc`` is their CRC-32 where the file says it. ``held`` are the bytes themselves, where a file
    has them in another spelling, so that they had to be read with it.
    """

    file: Path
    key: str
    bytes: int
    begin: int | None
    device: str = ""
    zipped: bool = False
    crc: int | None = None
    held: builtins.bytes | None = field(default=None, repr=False, compare=False)

    @cached_property
    def position(self) -> int:
        """Where in the file the bytes begin; raises :class:`~core.errors.CheckpointError`."""
        with open(self.file, "rb") as file:
            return self._position(file)

    def _position(self, file: BinaryIO) -> int:
        if self.begin is None:
            raise CheckpointError(
                f"The bytes of {self.key} in {self.file} are compressed; PyTorch never writes that."
                " Unpack the file and save it again where it came from."
            )
        begin = self.begin + (self._header(file) if self.zipped else 0)
        if begin + self.bytes > os.fstat(file.fileno()).st_size:
            raise CheckpointError(
                f"{self.file} is cut off: {self.key} should have {self.bytes:,} bytes from byte"
                f" {begin:,}, and the file ends before. Get it again."
            )
        return begin

    def _header(self, file: BinaryIO) -> int:
        """Return the length of the local header (APPNOTE.TXT 4.3.7), which is read only now."""
        assert self.begin is not None
        head = os.pread(file.fileno(), 30, self.begin)
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise CheckpointError(
                f"{self.file} is damaged: {self.key} does not begin where it says."
            )
        name, extra = struct.unpack("<HH", head[26:30])
        return 30 + int(name) + int(extra)


def locate(storages: Iterable[Storage]) -> None:
    """Find where the bytes of many storages begin, and open each file only once for it.

    Raises :class:`~core.errors.CheckpointError`, as :attr:`Storage.position` does.
    """
    with ExitStack() as stack:
        files: dict[Path, BinaryIO] = {}
        for storage in storages:
            if "position" in storage.__dict__ or not storage.bytes or storage.begin is None:
                continue  # known already, or nowhere in a file: whoever wants it is told why
            if storage.file not in files:
                files[storage.file] = stack.enter_context(open(storage.file, "rb"))
            storage.__dict__["position"] = storage._position(files[storage.file])


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of a file: what it is and where it stands.

    ``dtype`` is torch's name without ``torch.``; ``offset`` and ``stride`` count numbers.
    ``special`` says in a word what else it is that bytes and strides do not tell, such as
    ``"quantized"`` or ``"sparse"``; empty for an ordinary tensor. ``pieces`` are what it has to be
    put together from where each process of a training saved its own part; its storage is then only
    a name.
    """

    shape: tuple[int, ...]
    dtype: str
    storage: Storage
    offset: int = 0
    stride: tuple[int, ...] | None = None
    parameter: bool = False
    requires_grad: bool = False
    special: str = ""
    pieces: tuple["Piece", ...] = ()

    @property
    def device(self) -> str:
        """Where it was when it was saved (``cpu``, ``cuda:0``); empty where that is not told."""
        return self.storage.device

    @property
    def numel(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """How many bytes its numbers take, packed."""
        return self.numel * ITEM_BYTES.get(self.dtype, 1)

    @property
    def contiguous(self) -> bool:
        """Whether its numbers stand one behind the other, in row-major order."""
        if self.stride is None:
            return True
        expected = 1
        for size, step in zip(reversed(self.shape), reversed(self.stride), strict=True):
            if size != 1 and step != expected:
                return False
            expected *= size
        return True


@dataclass(frozen=True)
class Piece:
    """A part of a tensor, kept as a tensor; ``at`` is where in the whole its first number goes."""

    at: tuple[int, ...]
    tensor: StoredTensor


@dataclass(eq=False)
class Inert:
    """An object that a pickle describes and that was not made: the name of what would be called.

    ``called`` is false for a bare mention of a class or function. ``args`` and ``kwargs`` are what
    it would be called with, ``state`` what would then be set on it, ``items`` and ``entries`` what
    would be appended and put into it.
    """

    name: str
    called: bool = False
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    state: Any = None
    items: list[Any] = field(default_factory=list)
    entries: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Named:
    """A class or function a file names. ``called`` is whether loading would call it."""

    name: str
    verdict: Verdict
    why: str = ""
    called: bool = True


@dataclass(frozen=True)
class WeightSet:
    """Tensors that look like the state dict of one model, by the names the file gives them.

    ``label`` is where in the file they stand (``""`` for the file itself, ``"model_ema"``,
    ``"checkpoint.state_dict"``); ``averaged`` whether they are a moving average (EMA) of the
    weights; ``module`` the class if they stand in a whole pickled model, ``wrappers`` what it was
    wrapped in (``"DataParallel"``), whose part of the names is already taken away.
    """

    label: str
    tensors: Mapping[str, StoredTensor]
    averaged: bool = False
    module: str = ""
    wrappers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contents:
    """A file, read without running it and without reading its tensors.

    ``format`` is how it is written (``"torch zip"``, ``"safetensors"``), ``kind`` what it is.
    ``tensors`` are all of them by full dotted name, ``values`` everything else as text, ``names``
    the classes and functions that loading would import. ``tree`` is the whole thing as plain
    dictionaries and lists, with :class:`StoredTensor` and :class:`Inert` in it; ``None`` where the
    format has no tree. ``weights`` are the state dicts in it, the likeliest first.
    """

    path: Path
    format: str
    kind: Kind
    tensors: Mapping[str, StoredTensor]
    values: Mapping[str, str] = field(default_factory=dict)
    names: tuple[Named, ...] = ()
    weights: tuple[WeightSet, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    tree: Any = None
    notes: tuple[str, ...] = ()
    stamps: tuple[tuple[Path, int, int], ...] = ()

    def check_unchanged(self) -> None:
        """Raise :class:`~core.errors.CheckpointError` if a file is not what was read any more.

        ``stamps`` are the size and the time of the last change (ns) of each file when it was read.
        """
        for path, size, changed in self.stamps:
            try:
                now = path.stat()
            except OSError as error:
                raise CheckpointError(
                    f"{path} is not there any more ({error.strerror}); nothing was loaded. Put it"
                    " back, or choose another file."
                ) from error
            if (now.st_size, now.st_mtime_ns) != (size, changed):
                raise CheckpointError(
                    f"{path} has changed since it was read; nothing was loaded. Read it again."
                )

    @property
    def bytes(self) -> int:
        """Bytes of all storages; what is shared counts once."""
        return sum(storage.bytes for storage in self.storages())

    def storages(self) -> Iterator[Storage]:
        """Yield each storage once, in the order of the tensors."""
        seen = set()
        for tensor in self.tensors.values():
            which = (tensor.storage.file, tensor.storage.key)
            if which not in seen:
                seen.add(which)
                yield tensor.storage

    @property
    def dangerous(self) -> tuple[Named, ...]:
        """What loading the file with ``weights_only=False`` would run."""
        return tuple(each for each in self.names if each.verdict == "would run code")
