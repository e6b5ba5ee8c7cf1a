"""What ``torch.distributed.checkpoint`` writes: a folder of parts, and one pickle that knows them.

``.metadata`` is a pickled ``Metadata`` (torch/distributed/checkpoint/metadata.py): of each entry
its shape and dtype and the chunks it was cut into, and of each chunk the file, offset and length
(``_StorageInfo`` in filesystem.py). What stands there is a small zip of ``torch.save``: its own
directory and pickle are read, its tensor is not.
"""

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import CheckpointError
from core.files.beside import beside, check_presence
from core.files.contents import Contents, Inert, Piece, Storage, StoredTensor
from core.files.inert import read_pickle
from core.files.nested import nested
from core.files.pieces import put_together
from core.files.sets import contents
from core.files.streams import Streams
from core.files.told import told
from core.files.verdicts import verdicts

_MODULE = "torch.distributed.checkpoint.metadata"


def reads(path: Path, head: bytes) -> bool:
    """Whether it is a pickle whose first name is the class of such metadata."""
    return head[:1] == b"\x80" and _MODULE.encode() in head[:128]


def read(path: Path) -> Contents:
    """Read the metadata and what stands at the places it names; raises CheckpointError."""
    with open(path, "rb") as file:
        tree, names = read_pickle(file, path)
    folder = _Folder(path, tree)
    entries = dict(folder.entries())
    several = sum(isinstance(e, StoredTensor) and bool(e.pieces) for e in entries.values())
    notes = (
        (f"{several} tensors are kept in several pieces; loading puts them together.",)
        if several
        else ()
    )
    plan = folder.state.get("planner_data")
    return contents(
        path.parent if path.name == ".metadata" else path,
        "torch distributed",
        nested(path, entries, plan if isinstance(plan, dict) else {}),
        verdicts({**folder.names, **names}),
        folder.metadata,
        notes,
    )


class _Folder:
    """The files beside a ``.metadata``, and what it says stands where in them."""

    def __init__(self, path: Path, tree: Any) -> None:
        self.path, self._streams = path, Streams()
        self.state = _state(tree)
        described, places = self.state.get("state_dict_metadata"), self.state.get("storage_data")
        if not isinstance(described, dict) or not isinstance(places, dict):
            raise CheckpointError(f"{path} does not say what the checkpoint holds, or where.")
        self._described: Mapping[Any, Any] = described
        self._places = dict(self._read(places))
        files = sorted({file for file, _, _ in self._places.values()})
        self._files = {file: beside(path, file) for file in files}
        check_presence(path, self._files)
        self._sizes = {name: file.stat().st_size for name, file in self._files.items()}
        self._found: dict[tuple[str, tuple[int, ...] | None], Any] = {}
        version = self.state.get("version")
        self.metadata = {"files": str(len(files))}
        if isinstance(version, str):
            self.metadata["version"] = version

    @property
    def names(self) -> Mapping[str, bool]:
        """The names in the parts that were looked at."""
        return self._streams.names

    def _read(
        self, places: Mapping[Any, Any]
    ) -> Iterator[tuple[tuple[str, Any], tuple[str, int, int]]]:
        """Yield (name, where in the tensor) -> (file, where in the file, how many bytes)."""
        for index, info in places.items():
            match _state(index), _state(info):
                case (
                    {"fqn": str(name), **rest},
                    {"relative_path": str(file), "offset": int(begin), "length": int(size), **how},
                ):
                    pass
                case _:
                    raise CheckpointError(f"{self.path} has a place that cannot be understood.")
            at = rest.get("offset")
            if begin < 0 or size < 0 or not (at is None or _is_row(at)):
                raise CheckpointError(f"{self.path}: {name} is said to stand at byte {begin}.")
            if how.get("transform_descriptors"):
                raise CheckpointError(
                    f"{self.path}: {name} was packed by an extension"
                    f" ({told(how['transform_descriptors'])}), which only it can read."
                )
            yield (name, at), (file, begin, size)

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield the name of each entry and what it is: a tensor, or any other value."""
        for name, about in self._described.items():
            if not isinstance(name, str) or not isinstance(about, Inert):
                raise CheckpointError(f"{self.path} has an entry that cannot be understood.")
            if about.name == f"{_MODULE}.TensorStorageMetadata":
                yield name, self._tensor(name, _state(about))
            else:
                yield name, self._at(name, None, None)

    def _tensor(self, name: str, about: Mapping[Any, Any]) -> StoredTensor:
        """Return a tensor whose chunks are where they should be and what they should be."""
        shape, chunks = about.get("size"), about.get("chunks")
        properties = getattr(about.get("properties"), "state", None)
        match shape, chunks, properties:
            case tuple(), list(), (Inert(name=dtype), *_) if _is_row(shape):
                dtype = dtype.removeprefix("torch.")
            case _:
                raise CheckpointError(f"{self.path} does not say what {name} is.")
        pieces = []
        for chunk in chunks:
            at, size = _state(chunk).get("offsets"), _state(chunk).get("sizes")
            if not isinstance(at, tuple) or not _is_row(at) or not _is_row(size):
                raise CheckpointError(f"{self.path} does not say where a piece of {name} goes.")
            found = self._at(name, at, (size, dtype))
            if not isinstance(found, StoredTensor) or (found.shape, found.dtype) != (size, dtype):
                raise CheckpointError(
                    f"{self.path} says that {name} is {told(size)} {dtype} at {told(at)}, and"
                    " something else stands there; it is damaged, or of other files than these."
                )
            pieces.append(Piece(at, found))
        if len(pieces) == 1 and pieces[0].tensor.shape == shape:
            return pieces[0].tensor
        whole = StoredTensor(shape, dtype, Storage(self.path, name, 0, None))
        return put_together(whole, pieces, f"{self.path}: {name}")

    def _at(self, name: str, at: tuple[int, ...] | None, kind: Hashable) -> Any:
        """Return what stands at one place; no place is looked at twice."""
        if (name, at) not in self._found:
            self._found[name, at] = self._look(name, at, kind)
        return self._found[name, at]

    def _look(self, name: str, at: tuple[int, ...] | None, kind: Hashable) -> Any:
        if (name, at) not in self._places:
            raise CheckpointError(f"{self.path} does not say where {name} stands.")
        file, begin, length = self._places[name, at]
        if begin + length > self._sizes[file]:
            raise CheckpointError(
                f"{self._files[file]} is cut off: {name} should end at byte {begin + length:,}, and"
                f" the file ends at {self._sizes[file]:,}. Get it again."
            )
        return self._streams.read(self._files[file], begin, length, kind)


def _state(value: Any) -> Mapping[Any, Any]:
    state = value.state if isinstance(value, Inert) else None
    return state if isinstance(state, dict) else {}


def _is_row(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) <= 64 and all(type(e) is int for e in value)
