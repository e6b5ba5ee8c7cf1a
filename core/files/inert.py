"""A pickle, understood without importing or calling anything it names.

A pickle is a program for a small stack machine (Lib/pickletools.py describes it). Here it runs with
the instructions that import, call or set attributes replaced: they note down what would happen, as
:class:`~core.files.contents.Inert`. Only names of a short list, which build plain data, are carried
out, by our own code (:mod:`core.files.building`).
"""

import _compat_pickle
import io
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, ClassVar

from core.errors import CheckpointError
from core.files.arrays import built_upon
from core.files.building import MAKERS, PARTS
from core.files.contents import Inert, Storage, StoredTensor
from core.files.declared import Bytes, Refusal

Persistent = Callable[[Any], Any]
_TODAY: dict[tuple[str, str], tuple[str, str]] = _compat_pickle.NAME_MAPPING
_MODULES: dict[str, str] = _compat_pickle.IMPORT_MAPPING
_SCALARS = (str, int, float, bool, bytes, complex, type(None), Inert)
_MOST_OBJECTS = 20_000_000


def read_pickle(
    data: bytes | IO[bytes], where: str | Path, persistent: Persistent | None = None
) -> tuple[Any, dict[str, bool]]:
    """Return what a pickle describes, and the names in it with whether each would be called.

    ``persistent`` answers persistent ids, which are torch's storages. ``where`` names the file in
    errors. Raises :class:`~core.errors.CheckpointError`.
    """
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    reader = InertUnpickler(file, persistent, Path(where))
    try:
        return reader.load(), reader.names
    except Refusal as error:
        raise CheckpointError(f"{where} {error}") from error
    except CheckpointError:
        raise
    except (RecursionError, MemoryError) as error:
        raise CheckpointError(
            f"{where} is nested deeper, or says that it is larger, than any checkpoint; it was not"
            " read further."
        ) from error
    except _DAMAGED as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{where} is no pickle, or it is damaged: {said}.") from error


_DAMAGED = (
    pickle.UnpicklingError, EOFError, IndexError, KeyError, ValueError, TypeError, AttributeError,
    struct.error, OverflowError, UnicodeError, NotImplementedError, AssertionError, OSError,
)  # fmt: skip


class InertUnpickler(pickle._Unpickler):
    """Python's own unpickler with the dangerous instructions replaced."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)

    def __init__(
        self, file: IO[bytes], persistent: Persistent | None = None, path: Path = Path()
    ) -> None:
        start = file.tell()
        # What Python 2 wrote as text may be bytes: latin-1 keeps every byte.
        super().__init__(file, encoding="latin-1")
        self._answer = persistent
        self._under = file
        self._ends = file.seek(0, 2) - file.seek(start) + start
        self.path = path
        self.names: dict[str, bool] = {}

    def position(self) -> int:
        """Where in the file the next byte stands, also within a frame, which is read ahead."""
        frame = self._unframer.current_frame  # type: ignore[attr-defined]
        ahead = len(frame.getbuffer()) - frame.tell() if frame else 0
        return self._under.tell() - ahead

    def room(self) -> int:
        """How many bytes are left in the file."""
        return self._ends - self.position()

    def find_class(self, module: str, name: str) -> Any:
        """Note the name; the same mention for each use of it."""
        if self.proto < 3:  # type: ignore[attr-defined]  # Python 2's names, as pickle itself translates them
            module, name = _TODAY.get((module, name), (_MODULES.get(module, module), name))
        full = f"{module}.{name}"
        self.names.setdefault(full, False)
        return Inert(full)

    def persistent_load(self, pid: Any) -> Any:
        """Ask who knows the storages."""
        return Inert("persistent id", True, (pid,)) if self._answer is None else self._answer(pid)

    def call(self, function: Any, args: Any, kwargs: dict[str, Any] | None = None) -> Any:
        """Note a call, or carry it out where it builds plain data."""
        args = args if isinstance(args, tuple) else (args,)
        if not isinstance(function, Inert):
            return Inert(f"an object of {type(function).__name__}", True, args, kwargs or {})
        if function.called:
            return Inert(f"what {function.name} returns", True, args, kwargs or {})
        self.names[function.name] = True
        maker = MAKERS.get(function.name)
        if maker is not None and not kwargs:
            return maker(*args)
        if function.name in PARTS:
            return PARTS[function.name](self.call, *args)
        return Inert(function.name, True, args, kwargs or {})


def _instruction(opcode: bytes) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        InertUnpickler.dispatch[opcode[0]] = function
        return function

    return register


def _key(key: Any) -> Any:
    """Return a key that may be hashed: hashing deep nests of tuples overflows C's stack."""
    if isinstance(key, _SCALARS):
        return key
    if isinstance(key, tuple) and len(key) < 64 and all(isinstance(k, _SCALARS) for k in key):
        return key
    if isinstance(key, tuple | frozenset):
        raise Refusal("uses a nested tuple or a set as a key, which no checkpoint does.")
    return Inert(f"an object of {type(key).__name__}")


@_instruction(pickle.REDUCE)
def _reduce(self: Any) -> None:
    args = self.stack.pop()
    self.stack[-1] = self.call(self.stack[-1], args)


@_instruction(pickle.NEWOBJ)
def _newobj(self: Any) -> None:
    args = self.stack.pop()
    self.stack[-1] = self.call(self.stack[-1], args)


@_instruction(pickle.NEWOBJ_EX)
def _newobj_ex(self: Any) -> None:
    kwargs = self.stack.pop()
    args = self.stack.pop()
    kwargs = kwargs if isinstance(kwargs, dict) else {"?": kwargs}
    self.stack[-1] = self.call(self.stack[-1], args, kwargs)


@_instruction(pickle.OBJ)
def _obj(self: Any) -> None:
    args = self.pop_mark()
    self.append(self.call(args[0], tuple(args[1:])))


@_instruction(pickle.INST)
def _inst(self: Any) -> None:
    module, name = self.readline()[:-1].decode("ascii"), self.readline()[:-1].decode("ascii")
    self.append(self.call(self.find_class(module, name), tuple(self.pop_mark())))


@_instruction(pickle.BUILD)
def _build(self: Any) -> None:
    state = self.stack.pop()
    target = self.stack[-1]
    if isinstance(target, Inert):
        target.state = state
        return
    at = self.position()
    built = built_upon(target, state, Storage(self.path, str(at), 0, None))
    self.stack[-1] = built
    if built is not target:  # what was remembered under a number is this one from now on
        for number in [n for n, each in self.memo.items() if each is target][-3:]:
            self.memo[number] = built


def _extension(size: str) -> Callable[[Any], None]:
    def load(self: Any) -> None:
        (code,) = struct.unpack(size, self.read(struct.calcsize(size)))
        self.append(self.find_class("copyreg extension", str(code)))

    return load


for _opcode, _size in ((pickle.EXT1, "<B"), (pickle.EXT2, "<H"), (pickle.EXT4, "<i")):
    _instruction(_opcode)(_extension(_size))


def _located(size: str) -> Callable[[Any], None]:
    """Read bytes and remember where they stood, if the file can tell: arrays are mapped from it."""

    def load(self: Any) -> None:
        (length,) = struct.unpack(size, self.read(struct.calcsize(size)))
        if length > self.room():
            raise pickle.UnpicklingError("it ends within bytes it announced")
        begin = self.position()
        data = Bytes(self.read(length))
        data.storage = Storage(self.path, str(begin), length, begin)
        self.append(data)

    return load


for _opcode, _size in (
    (pickle.BINBYTES, "<I"), (pickle.BINBYTES8, "<Q"), (pickle.SHORT_BINBYTES, "<B"),
    (pickle.BYTEARRAY8, "<Q"),
):  # fmt: skip
    _instruction(_opcode)(_located(_size))


@_instruction(pickle.APPEND)
def _append(self: Any) -> None:
    value = self.stack.pop()
    _extend(self.stack[-1], [value])


@_instruction(pickle.APPENDS)
def _appends(self: Any) -> None:
    items = self.pop_mark()
    _extend(self.stack[-1], items)


def _extend(target: Any, items: list[Any]) -> None:
    if isinstance(target, Inert):
        target.items.extend(items)
    elif isinstance(target, list):
        target.extend(items)
    else:
        raise Refusal(f"appends to a {type(target).__name__}, which cannot be.")


@_instruction(pickle.SETITEM)
def _setitem(self: Any) -> None:
    value = self.stack.pop()
    key = self.stack.pop()
    _put(self.stack[-1], [key, value])


@_instruction(pickle.SETITEMS)
def _setitems(self: Any) -> None:
    items = self.pop_mark()
    _put(self.stack[-1], items)


def _put(target: Any, items: list[Any]) -> None:
    pairs = zip(items[::2], items[1::2], strict=True)
    if isinstance(target, dict):
        for key, value in pairs:
            target[key if type(key) is str else _key(key)] = value
    elif isinstance(target, Inert):
        target.entries.extend(pairs)
    else:
        raise Refusal(f"puts entries into a {type(target).__name__}, which cannot be.")


@_instruction(pickle.DICT)
def _dict(self: Any) -> None:
    items = self.pop_mark()
    made: dict[Any, Any] = {}
    _put(made, items)
    self.append(made)


@_instruction(pickle.ADDITEMS)
def _additems(self: Any) -> None:
    items = self.pop_mark()
    target = self.stack[-1]
    if isinstance(target, set):
        target.update(map(_key, items))
    else:
        _extend(target, items)


@_instruction(pickle.FROZENSET)
def _frozenset(self: Any) -> None:
    self.append(frozenset(map(_key, self.pop_mark())))


def is_module(value: Any) -> bool:
    """Whether an inert object is an ``nn.Module``, by what would be set on it."""
    state = value.state if isinstance(value, Inert) else None
    return isinstance(state, dict) and "_modules" in state and "_parameters" in state


def is_tensor(value: Any) -> bool:
    """Whether a value of a tree is a tensor."""
    return isinstance(value, StoredTensor)
