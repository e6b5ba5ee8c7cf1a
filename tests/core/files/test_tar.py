"""The tar files of PyTorch before 0.1.10, written by hand; ``torch.load`` still reads them."""

import collections
import io
import pickle
import struct
import tarfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from torch import Tensor

import core
from core.checkpoint.values import Mapped
from core.errors import CheckpointError
from core.files import read_contents
from core.files.convert import convert

BASE = torch.arange(24.0)
STATE = {
    "weight": torch.randn(2, 3),
    "bias": torch.randn(2),
    "ints": torch.arange(5),
    "turned": BASE.view(4, 6).T,
    "rows": BASE.view(4, 6)[1:3],
}
#: Tensors that look into a view of another's storage: (name, begin, count).
VIEW = ("part", 6, 6)


class _Pickler(pickle._Pickler):
    """Writes a tensor as its key."""

    def __init__(self, file: Any, keys: dict[int, int]) -> None:
        super().__init__(file, 2)
        self._keys = keys

    def persistent_id(self, value: Any) -> Any:
        return str(self._keys[id(value)]) if isinstance(value, Tensor) else None


def parts(state: dict[str, Tensor], extra: Any = None) -> dict[str, bytes]:
    """Return the three parts, as torch/serialization.py wrote them then."""
    storages: dict[int, tuple[int, Tensor]] = {}
    for tensor in state.values():
        storages.setdefault(tensor.untyped_storage().data_ptr(), (1000 + len(storages), tensor))
    out = {name: io.BytesIO() for name in ("storages", "tensors", "pickle")}
    pickle.dump(len(storages), out["storages"], 2)
    for key, tensor in storages.values():
        typed = tensor.untyped_storage()
        kind = {torch.float32: torch.FloatStorage, torch.int64: torch.LongStorage}[tensor.dtype]
        pickle.dump((key, "cpu", kind), out["storages"], 2)
        out["storages"].write(struct.pack("<q", typed.nbytes() // tensor.itemsize))
        out["storages"].write(bytes(typed.tolist()))
    base, _ = storages[BASE.untyped_storage().data_ptr()]
    pickle.dump([(5000, base, VIEW[1], VIEW[2])], out["storages"], 2)
    rows = [
        (2000 + number, storages[each.untyped_storage().data_ptr()][0], each)
        for number, each in enumerate(state.values())
    ]
    view = BASE[VIEW[1] : VIEW[1] + VIEW[2]]
    pickle.dump(len(rows) + 1, out["tensors"], 2)
    for key, storage, tensor in (*rows, (3000, 5000, view)):
        kind = getattr(torch, {torch.int64: "LongTensor"}.get(tensor.dtype, "FloatTensor"))
        pickle.dump((key, storage, kind), out["tensors"], 2)
        out["tensors"].write(struct.pack("<i4x", tensor.dim()))
        for row in (tensor.shape, tensor.stride()):
            out["tensors"].write(struct.pack(f"<{tensor.dim()}q", *row))
        offset = 0 if tensor is view else tensor.storage_offset()
        out["tensors"].write(struct.pack("<q", offset))
    keys = {id(tensor): key for key, _, tensor in rows} | {id(view): 3000}
    what: Any = collections.OrderedDict(state, **{VIEW[0]: view})
    _Pickler(out["pickle"], keys).dump(what if extra is None else {"model": what, "x": extra})
    return {name: each.getvalue() for name, each in out.items()}


def tar(file: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w:", format=tarfile.PAX_FORMAT) as out:
        for name, data in {"sys_info": pickle.dumps({"protocol_version": 1000}), **members}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tar(tmp_path / "old.pth", parts(STATE))


def oracle(file: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.load(file, weights_only=False)


def test_it_equals_pytorch(file: Path) -> None:
    contents, there = read_contents(file), oracle(file)
    assert (contents.format, contents.kind) == ("torch tar", "state dict")
    assert list(contents.tensors) == list(there) == [*STATE, "part"]
    assert not contents.dangerous
    mapped = Mapped()
    for name, tensor in there.items():
        mine = mapped.tensor(contents.tensors[name])
        assert torch.equal(mine, tensor)
        assert mine.stride() == tensor.stride()
        assert mine.dtype == tensor.dtype
    assert there["part"].tolist() == BASE[6:12].tolist()


def test_what_is_shared_stays_shared(file: Path) -> None:
    tensors = read_contents(file).tensors
    keys = {tensors[name].storage.key for name in ("turned", "rows", "part")}
    assert len(keys) == 1
    assert tensors["part"].offset == 6


def test_it_loads_into_a_document_and_converts(file: Path, tmp_path: Path) -> None:
    document = core.open("Linear(3, 2)").document
    loaded = core.load(core.match(document, read_contents(file)), partial=True)
    there = oracle(file)
    assert torch.equal(loaded.document.state_dict()["weight"], there["weight"])
    convert(file, tmp_path / "new.pth")
    found = torch.load(tmp_path / "new.pth")
    assert all(torch.equal(found[name], tensor) for name, tensor in there.items())


def test_other_tar_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="a tar file without storages and tensors and pickle"):
        read_contents(tar(tmp_path / "x.tar", {"readme": b"hello"}))


class _Evil:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.canary)!r}, 'w')",)


@pytest.mark.parametrize("where", ["pickle", "storages", "tensors"])
def test_nothing_malicious_is_run(where: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    members = parts(STATE, _Evil(canary))
    if where != "pickle":
        members[where] = pickle.dumps(_Evil(canary), 2)
    file = tar(tmp_path / "evil.pth", members)
    if where == "pickle":
        assert [each.name for each in read_contents(file).dangerous] == ["builtins.eval"]
    else:
        with pytest.raises(CheckpointError):
            read_contents(file)
    assert not canary.exists()


def _replaced(part: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        assert old in members[part]
        members[part] = members[part].replace(old, new)

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_replaced("storages", struct.pack("<q", 24), struct.pack("<q", 1 << 60)), "is cut off"),
        (_replaced("storages", struct.pack("<q", 24), struct.pack("<q", -1)), "is cut off"),
        (_replaced("tensors", struct.pack("<i4x", 2), struct.pack("<i4x", 1 << 30)), "dimensions"),
        (_replaced("tensors", struct.pack("<qq", 2, 3), struct.pack("<qq", 2, 999)), "mislead"),
        (_replaced("storages", b"K\x06K\x06t", b"K\x06K\x60t"), "has a view of 96 numbers"),
        (_replaced("pickle", b"3000", b"3001"), "lacks the tensor '3001'"),
        (lambda m: m.update(storages=m["storages"][:-40]), "damaged|cut off"),
        (lambda m: m.update(tensors=m["tensors"][:-3]), "damaged|cut off"),
        (lambda m: m.pop("tensors"), "a tar file without tensors"),
    ],
)
def test_files_that_lie(change: Any, said: str, tmp_path: Path) -> None:
    members = parts(STATE)
    change(members)
    with pytest.raises(CheckpointError, match=said):
        read_contents(tar(tmp_path / "x.pth", members))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    share=st.floats(0, 1),
    cut=st.booleans(),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_damage_gives_contents_or_a_sentence(
    share: float, cut: bool, flips: list[tuple[float, int]], tmp_path: Path
) -> None:
    whole = tar(tmp_path / "whole.pth", parts(STATE)).read_bytes().rstrip(b"\0")
    broken = bytearray(whole[: int(share * len(whole))] if cut else whole)
    for place, byte in flips:
        if broken:
            broken[int(place * len(broken))] = byte
    (tmp_path / "broken").write_bytes(broken)
    try:
        for stored in read_contents(tmp_path / "broken").tensors.values():
            Mapped().tensor(stored)
    except CheckpointError:
        pass  # a sentence; anything else would fail the test
