"""What ``torch.export.save`` writes: a zip with a program as JSON, and its tensors as records.

Today (torch/export/pt2_archive): ``data/weights/NAME_weights_config.json`` tells of each parameter
and buffer what it is and the record with its raw bytes; ``data/constants`` the same of constants.
A year before, ``data/weights/NAME.pt`` was one file of ``torch.save``, and before that the zip held
``serialized_state_dict.pt`` and ``serialized_constants.pt``. The program itself is not read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import CheckpointError
from core.files.contents import Contents, Storage, StoredTensor, WeightSet
from core.files.declared import Refusal, checked
from core.files.inert import read_pickle
from core.files.told import told
from core.files.torch_zip import unpickled
from core.files.verdicts import verdicts
from core.files.zipped import Archive

#: torch/_export/serde/schema.py, ``ScalarType``.
_DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
    8: "float64", 9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16",
    28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
_STRIDED = 7
_OLD = "serialized_exported_program.json"


def reads(path: Path, head: bytes) -> bool:
    """Whether it is a zip file that says so; what ``torch.save`` wrote is known by its begin."""
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if head[:4] != b"PK\x03\x04" or first.endswith(b"/data.pkl"):
        return False
    records = Archive(path).records
    return _OLD in records or any(name.endswith("/archive_format") for name in records)


def read(path: Path) -> Contents:
    """Read what the archive says of its tensors; raises :class:`~core.errors.CheckpointError`."""
    archive = Archive(path)
    found = _Found(archive)
    programs = list(_programs(archive))
    if not programs:
        raise CheckpointError(
            f"{path} holds no exported program, only what was compiled from one or beside it; the"
            " file of torch.export.save was expected."
        )
    tensors: dict[str, StoredTensor] = {}
    weights = []
    for program in programs:
        prefix = f"{program.name}." if len(programs) > 1 else ""
        state = dict(found.tensors(program.weights))
        constants = dict(found.tensors(program.constants))
        both = state | {name: each for name, each in constants.items() if name not in state}
        tensors.update({f"{prefix}{name}": each for name, each in both.items()})
        weights += [WeightSet(prefix.rstrip("."), state)] if state else []
        found.say(f"{prefix}constants", ", ".join(constants))
        found.look(f"{prefix}example inputs", program.example)
    return Contents(
        path, "torch export", "exported program", tensors, found.values, verdicts(found.names),
        tuple(weights), found.metadata, None, tuple(found.notes),
    )  # fmt: skip


@dataclass(frozen=True)
class _Program:
    """The records of one program: its weights, its constants, what it was traced with."""

    name: str
    weights: str
    constants: str
    example: str


def _programs(archive: Archive) -> Iterator[_Program]:
    records = archive.records
    if _OLD in records:
        suffix = "pt" if "serialized_state_dict.pt" in records else "json"  # of the same content
        weights, constants = (f"serialized_{part}.{suffix}" for part in ("state_dict", "constants"))
        yield _Program("model", weights, constants, "serialized_example_inputs.pt")
        return
    for record in records:
        root, models, file = record.rpartition("models/")
        if not models or not file.endswith(".json"):
            continue
        name = file.removesuffix(".json")
        configs = {p: f"{root}data/{p}/{name}_{p}_config.json" for p in ("weights", "constants")}
        weights, constants = (
            config if config in records else f"{root}data/{part}/{name}.pt"
            for part, config in configs.items()
        )
        yield _Program(name, weights, constants, f"{root}data/sample_inputs/{name}.pt")


@dataclass
class _Found:
    """What comes out of an archive while it is looked through."""

    archive: Archive
    names: dict[str, bool] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def metadata(self) -> dict[str, str]:
        """What the archive says of itself: versions."""
        kept = ("archive_version", "version")
        names = [name for name in self.archive.records if name.rpartition("/")[2] in kept]
        return {
            name.rpartition("/")[2]: self.archive.read(name).decode("ascii", "replace").strip()
            for name in names
            if self.archive.records[name].bytes < 100 and ".data/" not in name
        }

    def say(self, name: str, text: str) -> None:
        """Note a value, unless there is nothing to tell."""
        if text:
            self.values[name] = told(text)

    def look(self, name: str, record: str) -> None:
        """Note what stands in a record that is no weight; it may be missing."""
        if record in self.archive.records:
            self.say(name, told(self._unpickled(record)))

    def tensors(self, record: str) -> Iterator[tuple[str, StoredTensor]]:
        """Yield the tensors that a record tells of or holds."""
        if record not in self.archive.records:
            raise CheckpointError(
                f"{self.archive.path} lacks {record}, in which its tensors were expected: it was"
                " taken apart, or a newer PyTorch wrote it."
            )
        if record.endswith("_config.json"):
            yield from self._configured(record)
            return
        tree = self._unpickled(record)
        if not isinstance(tree, dict):
            raise CheckpointError(f"{self.archive.path}: {record} holds no tensors by name.")
        for name, value in tree.items():
            yield from self._kept(str(name), value)

    def _kept(self, name: str, value: Any) -> Iterator[tuple[str, StoredTensor]]:
        if isinstance(value, StoredTensor):
            yield name, value
        else:
            self.notes.append(f"{name} is no tensor but {told(value)}: left out.")

    def _unpickled(self, record: str) -> Any:
        if self.archive.records[record].bytes == 0:  # older archives have empty records
            return {}
        tree, names, _ = unpickled(self.archive.inside(record))
        self._name(names)
        return tree

    def _name(self, names: Mapping[str, bool]) -> None:
        for name, called in names.items():
            self.names[name] = self.names.get(name, False) or called

    def _configured(self, config: str) -> Iterator[tuple[str, StoredTensor]]:
        path = self.archive.path
        try:
            payloads = json.loads(self.archive.read(config))["config"].items()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CheckpointError(f"{path}: {config} tells of no tensors ({error}).") from error
        for name, payload in payloads:
            match payload:
                case {"path_name": str(file), "use_pickle": bool(pickled)}:
                    record = f"{config.rpartition('/')[0]}/{file}"
                case _:
                    raise CheckpointError(f"{path}: {config} does not say where {name} stands.")
            if record not in self.archive.records:
                raise CheckpointError(f"{path} lacks {record}, which should hold {name}.")
            if not pickled:
                yield name, self._raw(name, record, payload)
            elif file.startswith("opaque_obj"):
                tree, names = read_pickle(self.archive.read(record), path)
                self._name(names)
                yield from self._kept(name, tree)
            else:
                yield from self._kept(name, self._unpickled(record))

    def _raw(self, name: str, record: str, payload: Mapping[str, Any]) -> StoredTensor:
        """Return a tensor whose storage is a record as it is."""
        path = self.archive.path
        meta: Mapping[str, Any] = payload.get("tensor_meta") or {}
        match meta:
            case {"dtype": int(kind), "sizes": list(sizes), "strides": list(strides)} if (
                kind in _DTYPES
            ):
                offset = meta.get("storage_offset")
            case _:
                raise CheckpointError(f"{path} does not say what {name} is.")
        there = self.archive.records[record]
        begin = None if there.compressed else there.begin
        storage = Storage(path, record, there.bytes, begin, _device(meta), True, there.crc)
        shape, stride = tuple(map(_number, sizes)), tuple(map(_number, strides))
        special = "" if meta.get("layout", _STRIDED) == _STRIDED else "sparse"
        if not there.bytes and 0 not in shape:
            special = "without values (it was exported so)"
        try:
            bounds = replace(storage, bytes=1 << 62) if special else storage
            found = checked(bounds, _DTYPES[kind], _number(offset), shape, stride, False)
        except Refusal as error:
            raise CheckpointError(f"{path} {error} ({name})") from error
        return replace(
            found,
            storage=storage,
            parameter=bool(payload.get("is_param")),
            requires_grad=bool(meta.get("requires_grad")),
            special=special,
        )


def _number(value: Any) -> Any:
    """Return a size, which is written ``{"as_int": 3}``; what is none is refused by who checks."""
    return value.get("as_int") if isinstance(value, dict) else value


def _device(meta: Mapping[str, Any]) -> str:
    match meta.get("device"):
        case {"type": str(kind), "index": int(index)}:
            return f"{kind}:{index}"
        case {"type": str(kind)}:
            return kind
    return ""
