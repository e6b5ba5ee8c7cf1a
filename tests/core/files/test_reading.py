"""Files written by plain PyTorch, read without it; ``torch.load`` is the oracle, name by name."""

import argparse
import collections
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import resnet18

import core
from core.checkpoint.values import Mapped
from core.errors import CheckpointError
from core.files import Contents, read_contents
from core.files.convert import convert

DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.uint16, torch.uint32,
]  # fmt: skip


def tensors_of(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from tensors_of(each, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for key, each in enumerate(value):
            yield from tensors_of(each, f"{name}.{key}" if name else str(key))


def hold(contents: Contents, oracle: Any) -> None:
    """Names, shapes, dtypes, strides, sharing and values agree."""
    wanted = dict(tensors_of(oracle))
    assert list(contents.tensors) == list(wanted)
    mapped = Mapped()
    for name, stored in contents.tensors.items():
        there = wanted[name]
        assert stored.shape == tuple(there.shape)
        assert f"torch.{stored.dtype}" == str(there.dtype)
        assert stored.parameter == isinstance(there, nn.Parameter)
        assert stored.requires_grad == there.requires_grad
        assert stored.bytes == there.numel() * there.element_size()
        mine = mapped.tensor(stored)
        if there.numel():
            assert mine.stride() == there.stride()
        raw = [each.detach().contiguous().reshape(-1).view(torch.uint8) for each in (mine, there)]
        assert torch.equal(*raw), name
    for one, first in contents.tensors.items():
        for other, second in contents.tensors.items():
            shared = wanted[one].untyped_storage()._cdata == wanted[other].untyped_storage()._cdata
            if wanted[one].numel() and wanted[other].numel():
                assert (first.storage.key == second.storage.key) == shared


FORMATS = pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])


def written(what: object, folder: Path, new: bool = True, **options: Any) -> Path:
    file = folder / "file.pth"
    torch.save(what, file, _use_new_zipfile_serialization=new, **options)
    return file


@FORMATS
def test_every_dtype(new: bool, tmp_path: Path) -> None:
    # PyTorch itself cannot read the youngest dtypes back from the old format.
    dtypes = DTYPES if new else DTYPES[:-4]
    state = {str(d).removeprefix("torch."): torch.arange(6).reshape(2, 3).to(d) for d in dtypes}
    file = written(state, tmp_path, new)
    hold(read_contents(file), torch.load(file))


@FORMATS
def test_views_scalars_and_empty_ones(new: bool, tmp_path: Path) -> None:
    base = torch.arange(24.0)
    state = {
        "base": base,
        "rows": base.view(4, 6)[1:3],
        "turned": base.view(4, 6).T,
        "every other": base[::2],
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 4),
        "expanded": torch.ones(1, 3).expand(5, 3),
        "parameter": nn.Parameter(torch.randn(3)),
        "frozen": nn.Parameter(torch.randn(3), requires_grad=False),
    }
    file = written(state, tmp_path, new)
    hold(read_contents(file), torch.load(file))


@FORMATS
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(new: bool, protocol: int, tmp_path: Path) -> None:
    file = written({"w": torch.randn(3, 4)}, tmp_path, new, pickle_protocol=protocol)
    hold(read_contents(file), torch.load(file, weights_only=False))


@FORMATS
def test_a_training_checkpoint(new: bool, tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    what = {
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 90,
        "best": 0.75,
        "args": argparse.Namespace(lr=0.1, arch="resnet50", nested={"a": [1, 2]}),
        "counts": collections.defaultdict(int, {"seen": 3}),
    }
    contents = read_contents(written(what, tmp_path, new))
    assert contents.kind == "training checkpoint"
    assert [each.label for each in contents.weights] == ["model"]
    assert list(contents.weights[0].tensors) == list(net.state_dict())
    assert contents.values["epoch"] == "90"
    assert contents.values["best"] == "0.75"
    assert contents.values["args"].startswith("Namespace(lr=0.1, arch='resnet50'")
    assert "optimizer.state.0.exp_avg" in contents.tensors
    assert {each.verdict for each in contents.names if each.name == "argparse.Namespace"} == {
        "known"
    }


@FORMATS
def test_whole_models_give_their_state_dict(new: bool, tmp_path: Path) -> None:
    net = resnet18()
    for what in (net, nn.DataParallel(net)):
        contents = read_contents(written(what, tmp_path, new))
        assert contents.kind == "whole model"
        (weights,) = contents.weights
        assert weights.module == "torchvision.models.resnet.ResNet"
        assert list(weights.tensors) == list(net.state_dict())
        assert weights.wrappers == (() if what is net else ("DataParallel",))
        assert not contents.dangerous


def test_buffers_that_do_not_persist_are_left_out(tmp_path: Path) -> None:
    net = nn.Linear(2, 2)
    net.register_buffer("table", torch.zeros(3), persistent=False)
    (weights,) = read_contents(written(net, tmp_path)).weights
    assert list(weights.tensors) == ["weight", "bias"]


def test_the_method_instead_of_the_state_dict(tmp_path: Path) -> None:
    net = nn.Linear(2, 2)
    (weights,) = read_contents(written(net.state_dict, tmp_path)).weights
    assert list(weights.tensors) == ["weight", "bias"]
    assert "parentheses" in weights.notes[0]


def test_lightning_and_both_raw_and_averaged(tmp_path: Path) -> None:
    state = nn.Linear(2, 2).state_dict()
    what = {"pytorch-lightning_version": "2.1", "state_dict": state, "epoch": 3}
    assert read_contents(written(what, tmp_path)).kind == "Lightning checkpoint"
    both = read_contents(written({"model_ema": state, "model": state}, tmp_path))
    assert [(each.label, each.averaged) for each in both.weights] == [
        ("model", False),
        ("model_ema", True),
    ]


@pytest.mark.parametrize("protocol", range(6))
def test_raw_pickles_of_arrays(protocol: int, tmp_path: Path) -> None:
    arrays = {
        "c": numpy.arange(6.0).reshape(2, 3),
        "fortran": numpy.asfortranarray(numpy.arange(6, dtype="f4").reshape(2, 3)),
        "half": numpy.ones(3, "f2"),
        "ints": numpy.arange(4),
        "flags": numpy.array([True, False]),
        "large": numpy.arange(50_000, dtype="f4"),
        "all bytes": numpy.arange(256, dtype="u1"),
        "none": numpy.zeros((0, 3), "f4"),
    }
    file = tmp_path / "arrays.pkl"
    file.write_bytes(pickle.dumps({**arrays, "epoch": 3, "loss": numpy.float64(0.5)}, protocol))
    contents = read_contents(file)
    assert contents.format == "raw pickle"
    assert contents.values["epoch"] == "3"
    assert list(contents.tensors) == list(arrays)
    mapped = Mapped()
    for name, array in arrays.items():
        assert torch.equal(mapped.tensor(contents.tensors[name]), torch.from_numpy(array.copy()))
    assert contents.values["loss"] == "0.5"


class _Python2(pickle._Pickler):
    """Writes bytes as Python 2 did, which had no other texts."""

    def _text(self, data: bytes) -> None:
        self.write(pickle.BINSTRING + len(data).to_bytes(4, "little") + data)  # type: ignore[attr-defined]

    dispatch: ClassVar[dict[type, Any]] = {**pickle._Pickler.dispatch, bytes: _text}


def test_arrays_of_python_2(tmp_path: Path) -> None:
    arrays = {
        "w": numpy.arange(300, dtype="f4").reshape(3, 100),
        "all": numpy.arange(256, dtype="u1"),
    }
    file = tmp_path / "arrays.pkl"
    with file.open("wb") as opened:
        _Python2(opened, 2).dump({**arrays, "loss": numpy.float64(0.5)})
    contents = read_contents(file)
    for name, array in arrays.items():
        assert torch.equal(Mapped().tensor(contents.tensors[name]), torch.from_numpy(array.copy()))
    assert contents.values["loss"] == "0.5"


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
def test_arrays_load_and_become_files(protocol: int, tmp_path: Path) -> None:
    """Whether they stand in the file as they are or in another spelling."""
    arrays = {
        "weight": numpy.asfortranarray(numpy.random.rand(2, 3).astype("f4")),
        "bias": numpy.random.rand(2).astype("f4"),
    }
    file = tmp_path / "arrays.pkl"
    file.write_bytes(pickle.dumps(arrays, protocol))
    loaded = core.load(core.match(core.open("Linear(3, 2)").document, read_contents(file)))
    convert(file, tmp_path / "a.pth")
    convert(file, tmp_path / "a.safetensors")
    written, state = torch.load(tmp_path / "a.pth"), loaded.document.state_dict()
    again = read_contents(tmp_path / "a.safetensors").tensors
    for name, array in arrays.items():
        there = torch.from_numpy(array)
        assert torch.equal(state[name], there)
        assert torch.equal(written[name], there)
        assert torch.equal(Mapped().tensor(again[name]), there)


def test_equal_arrays_are_not_one(tmp_path: Path) -> None:
    file = tmp_path / "arrays.pkl"
    file.write_bytes(pickle.dumps({"a": numpy.ones(3), "b": numpy.ones(3)}, 2))
    one, other = read_contents(file).tensors.values()
    assert one.storage.key != other.storage.key


def test_arrays_of_the_other_byte_order(tmp_path: Path) -> None:
    file = tmp_path / "big.pkl"
    file.write_bytes(pickle.dumps({"w": numpy.arange(3, dtype=">f4")}))
    with pytest.raises(CheckpointError, match="byte order"):
        read_contents(file)


def test_safetensors(tmp_path: Path) -> None:
    state = {"a": torch.randn(2, 3), "b": torch.ones(4).to(torch.bfloat16), "c": torch.tensor(1)}
    save_file(state, tmp_path / "a.safetensors", {"format": "pt", "step": "3"})
    contents = read_contents(tmp_path / "a.safetensors")
    assert contents.metadata["step"] == "3"
    mapped = Mapped()
    for name, tensor in state.items():
        assert torch.equal(mapped.tensor(contents.tensors[name]), tensor)


def test_the_suffix_does_not_matter(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "a.pth")
    assert read_contents(tmp_path / "a.pth").format == "safetensors"
    torch.save({"a": torch.ones(2)}, tmp_path / "b.safetensors")
    assert read_contents(tmp_path / "b.safetensors").format == "torch zip"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    torch.jit.trace(net.eval(), torch.randn(1, 2)).save(str(tmp_path / "net.pt"))
    contents = read_contents(tmp_path / "net.pt")
    assert contents.kind == "TorchScript"
    (weights,) = contents.weights
    state, mapped = net.state_dict(), Mapped()
    assert set(weights.tensors) == set(state)
    for name, stored in weights.tensors.items():
        assert torch.equal(mapped.tensor(stored), state[name])


class TestShards:
    def index(self, folder: Path, kind: str = "safetensors") -> Path:
        import json

        parts = {f"part-{n}.{kind}": {f"w{n}": torch.full((2,), float(n))} for n in (1, 2)}
        for name, state in parts.items():
            save_file(state, folder / name) if kind == "safetensors" else torch.save(
                state, folder / name
            )
        places = {key: name for name, state in parts.items() for key in state}
        file = folder / f"model.{kind}.index.json"
        file.write_text(json.dumps({"metadata": {"total_size": 16}, "weight_map": places}))
        return file

    @pytest.mark.parametrize("kind", ["safetensors", "bin"])
    def test_both_kinds(self, kind: str, tmp_path: Path) -> None:
        contents = read_contents(self.index(tmp_path, kind))
        assert list(contents.tensors) == ["w1", "w2"]
        assert Mapped().tensor(contents.tensors["w2"]).tolist() == [2.0, 2.0]

    def test_missing_ones_are_all_named(self, tmp_path: Path) -> None:
        file = self.index(tmp_path)
        for part in tmp_path.glob("part-*"):
            part.unlink()
        with pytest.raises(CheckpointError, match=r"part-1.safetensors, part-2.safetensors"):
            read_contents(file)

    @pytest.mark.parametrize(
        "name", ["../secret.bin", "/etc/passwd", "a/../../x", "..\\x", "C:\\x", "", "a\0b", "link"]
    )
    def test_no_path_leads_out_of_the_folder(self, name: str, tmp_path: Path) -> None:
        import json

        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "link").symlink_to(tmp_path / "elsewhere.bin")
        torch.save({"w": torch.ones(1)}, tmp_path / "elsewhere.bin")
        file = folder / "x.index.json"
        file.write_text(json.dumps({"weight_map": {"w": name}}))
        with pytest.raises(CheckpointError, match="outside its own folder"):
            read_contents(file)

    def test_a_tensor_that_is_not_where_the_index_says(self, tmp_path: Path) -> None:
        file = self.index(tmp_path)
        file.write_text(file.read_text().replace('"w2"', '"w3"'))
        with pytest.raises(CheckpointError, match=r"w3 is in part-2.safetensors"):
            read_contents(file)


class _Root:
    """A storage that is a view of another: what is written of it is a persistent id."""

    def __init__(self, *pid: Any) -> None:
        self.pid = pid


class _View:
    """A tensor in a view of a storage, as PyTorch wrote them before 0.4."""

    def __init__(self, root: str, numel: int, view: tuple[str, int, int], shape: Any) -> None:
        self.storage = _Root("storage", torch.FloatStorage, root, "cpu", numel, view)
        self.shape = shape

    def __reduce__(self) -> Any:
        stride = torch.empty(self.shape).stride()
        args = (self.storage, 0, self.shape, stride, False, collections.OrderedDict())
        return torch._utils._rebuild_tensor_v2, args


class _OldPickler(pickle._Pickler):
    def persistent_id(self, value: Any) -> Any:
        return value.pid if isinstance(value, _Root) else None


def _with_views(file: Path, *views: _View) -> Path:
    """Write a file of a storage of 24 numbers, and of tensors that look into views of it."""
    with file.open("wb") as opened:
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(part, opened, 2)
        _OldPickler(opened, 2).dump({f"w{number}": each for number, each in enumerate(views)})
        pickle.dump(["root"], opened, 2)
        opened.write((24).to_bytes(8, "little") + bytes(torch.arange(24.0).view(torch.uint8)))
    return file


def test_views_of_storages(tmp_path: Path) -> None:
    file = _with_views(
        tmp_path / "old.pth",
        _View("root", 24, ("one", 6, 6), (2, 3)),
        _View("root", 24, ("two", 0, 24), (24,)),
        _View("root", 24, ("three", 23, 1), ()),
    )
    contents, there = read_contents(file), torch.load(file, weights_only=False)
    mapped = Mapped()
    for name, tensor in there.items():
        assert torch.equal(mapped.tensor(contents.tensors[name]), tensor)
    assert there["w0"].tolist() == [[6, 7, 8], [9, 10, 11]]
    assert len({each.storage.key for each in contents.tensors.values()}) == 1


@pytest.mark.parametrize("view", [("v", 20, 6), ("v", -1, 2), ("v", 0, 5), ("v", 1 << 60, 6)])
def test_views_that_reach_too_far(view: tuple[str, int, int], tmp_path: Path) -> None:
    file = _with_views(tmp_path / "old.pth", _View("root", 24, view, (2, 3)))
    with pytest.raises(CheckpointError, match="made to mislead"):
        read_contents(file)


# Files that run code when they are unpickled. Each would leave a canary behind.


class _Calls:
    def __init__(self, function: Any, *args: Any) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> Any:
        return self.function, self.args


class _Tensor(Tensor):
    """A subclass of a tensor that brings its own way to be built."""

    command = ""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return os.system, (self.command,)


def _tensor(command: str) -> Any:
    made = torch.ones(2).as_subclass(_Tensor)
    made.command = command
    return made


def malicious(canary: Path) -> dict[str, tuple[Any, Any]]:
    import builtins
    import importlib
    import runpy

    touch = f"touch '{canary}'"
    code = f"open({str(canary)!r}, 'w')"
    script = canary.with_suffix(".py")
    script.write_text(code)
    inner = canary.with_suffix(".inner")
    torch.save(_Calls(os.system, touch), inner)
    return {
        "os.system": (_Calls(os.system, touch), "posix.system"),
        "eval": (_Calls(eval, code), "builtins.eval"),
        "exec": (_Calls(builtins.exec, code), "builtins.exec"),
        "subprocess": (_Calls(subprocess.call, ["touch", str(canary)]), "subprocess."),
        "runpy": (_Calls(runpy.run_path, str(script)), "runpy.run_path"),
        "importlib": (_Calls(importlib.import_module, "antigravity"), "importlib.import_module"),
        "torch.load inside": (_Calls(torch.load, str(inner)), "torch."),
        "pickle inside": (
            _Calls(pickle.loads, pickle.dumps(_Calls(os.system, touch))),
            ("_pickle.", "pickle."),
        ),
        "a tensor subclass": ({"w": _tensor(touch)}, "posix.system"),
        "getattr": (_Calls(getattr, _Calls(__import__, "os"), "system"), "builtins.getattr"),
    }


@FORMATS
@pytest.mark.parametrize("which", list(malicious(Path("/tmp/nothing-here"))))
def test_nothing_malicious_is_run(which: str, new: bool, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    what, named = malicious(canary)[which]  # a name, or several that may be
    before = set(sys.modules)
    contents = read_contents(
        written({"state_dict": {"w": torch.ones(2)}, "x": what}, tmp_path, new)
    )
    assert not canary.exists()
    assert "antigravity" not in set(sys.modules) - before
    assert any(each.name.startswith(named) for each in contents.dangerous), contents.names
    assert all(each.why for each in contents.dangerous)


def test_the_canary_would_sing(tmp_path: Path) -> None:
    """The files of the test above do run code in plain PyTorch: it is no test of nothing."""
    canary = tmp_path / "canary"
    torch.load(written(malicious(canary)["eval"][0], tmp_path), weights_only=False)
    assert canary.exists()


def test_a_legacy_file_whose_magic_is_followed_by_code(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    file = written({"w": torch.ones(2)}, tmp_path, False)
    data = file.read_bytes()
    at = data.index(b".") + 1  # behind the magic number
    evil = pickle.dumps(_Calls(os.system, f"touch '{canary}'"), 2)
    file.write_bytes(data[:at] + evil + data[at:])
    try:
        contents = read_contents(file)
        assert contents.dangerous
    except CheckpointError:
        pass
    assert not canary.exists()


def test_a_zip_in_the_zip(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    inner = written(_Calls(os.system, f"touch '{canary}'"), tmp_path)
    file = tmp_path / "outer.pth"
    with zipfile.ZipFile(file, "w") as outer:
        outer.write(inner, "archive/inner.pth")
    with pytest.raises(CheckpointError, match=r"without a data\.pkl"):
        read_contents(file)
    assert not canary.exists()


# Bombs and damage.


def _bomb(data: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "bomb.pkl"
    file.write_bytes(b"\x80\x04" + data)
    return file


BOMBS: dict[str, bytes] = {
    "memo": b"".join(b"r" + (2**31 - n).to_bytes(4, "little") for n in range(1, 3)) + b".",
    "keys nested deep": b"}" + b")" + b"\x85" * 200_000 + b"K\x01s.",
    "frozenset nested deep": b"(" + b")" + b"\x85" * 200_000 + b"\x91.",
    "bytes longer than the file": b"\x8e" + (2**60).to_bytes(8, "little") + b"abc",
    "a number longer than the file": b"\x8b" + (2**30).to_bytes(4, "little") + b"abc.",
    "no stop": b"}" * 10,
    "stack underflow": b"R.",
    "unknown opcode": b"\xff.",
    "a mark that is missing": b"e.",
}


@pytest.mark.parametrize("which", BOMBS)
def test_bombs_are_refused_in_a_sentence(which: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        read_contents(_bomb(BOMBS[which], tmp_path))


def test_billion_laughs_are_told_in_a_line(tmp_path: Path) -> None:
    laugh: Any = ["ha"] * 10
    for _ in range(30):
        laugh = [laugh] * 10
    contents = read_contents(written({"laugh": laugh, "w": torch.ones(1)}, tmp_path))
    assert len(contents.values["laugh"]) <= 200


def test_a_list_inside_itself(tmp_path: Path) -> None:
    loop: list[Any] = [torch.ones(1)]
    loop.append(loop)
    contents = read_contents(written({"loop": loop, "w": torch.ones(2)}, tmp_path))
    assert "w" in contents.tensors


def test_a_shape_larger_than_its_bytes(tmp_path: Path) -> None:
    file = written({"w": torch.ones(4)}, tmp_path)
    lying = tmp_path / "lying.pth"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(lying, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("data.pkl"):
                data = data.replace(b"K\x04\x85", b"J\xff\xff\xff\x7f\x85")
            new.writestr(name, data)
    with pytest.raises(CheckpointError, match="made to mislead"):
        read_contents(lying)


def test_a_storage_that_is_cut_out(tmp_path: Path) -> None:
    file = written({"w": torch.ones(4)}, tmp_path)
    short = tmp_path / "short.pth"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(short, "w") as new:
        for name in old.namelist():
            if not name.endswith("data/0"):
                new.writestr(name, old.read(name))
    with pytest.raises(CheckpointError, match="lacks the record of storage 0"):
        read_contents(short)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h: h.replace(b'"shape":[2,3]', b'"shape":[9,9]'), "takes"),
        (lambda h: h.replace(b'"F32"', b'"F99"'), "not known"),
        (lambda h: h.replace(b"[0,24]", b"[8,32]"), "follow each other"),
        (lambda h: h.replace(b"}", b" "), "no JSON"),
    ],
)
def test_safetensors_headers_that_lie(
    change: Callable[[bytes], bytes], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.safetensors"
    save_file({"w": torch.ones(2, 3)}, file)
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    file.write_bytes(data[:8] + change(data[8 : 8 + length]).ljust(length) + data[8 + length :])
    with pytest.raises(CheckpointError, match=said):
        read_contents(file)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello, world", "no checkpoint of a kind that is known"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html><body>Log in</body></html>", "is a web page"),
        (b"PK\x03\x04 and nothing more", "cut off, or damaged"),
        (b"\xff" * 100, "no checkpoint"),
        ((10**9).to_bytes(8, "little") + b"{", "header is"),
    ],
)
def test_what_is_no_checkpoint(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.pth").write_bytes(data)
    with pytest.raises(CheckpointError, match=said):
        read_contents(tmp_path / "x.pth")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        read_contents(tmp_path / "nothing.pth")
    with pytest.raises(CheckpointError, match="folder"):
        read_contents(tmp_path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("small")
    state = {"a": torch.arange(6.0).reshape(2, 3), "n": {"b": torch.ones(2)}, "epoch": 3}
    found = [written(state, folder, new).read_bytes() for new in (True, False)]
    save_file({"a": torch.arange(6.0)}, folder / "a.safetensors")
    arrays = pickle.dumps({"a": numpy.arange(3.0)})
    old = pickle.dumps({"a": numpy.arange(3.0), "b": numpy.ones((2, 2), "f4")}, 2)
    return [*found, (folder / "a.safetensors").read_bytes(), arrays, old]


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    which=st.integers(0, 4),
    share=st.floats(0, 1),
    cut=st.booleans(),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_damage_gives_contents_or_a_sentence(
    which: int, share: float, cut: bool, flips: list[tuple[float, int]], small: list[bytes],
    tmp_path: Path,
) -> None:  # fmt: skip
    whole = small[which]
    broken = bytearray(whole[: int(share * len(whole))] if cut else whole)
    for place, byte in flips:
        if broken:
            broken[int(place * len(broken))] = byte
    file = tmp_path / "broken"
    file.write_bytes(broken)
    try:
        for stored in read_contents(file).tensors.values():
            Mapped().tensor(stored)
    except CheckpointError:
        pass  # a sentence; anything else would fail the test


def test_torch_is_not_imported(tmp_path: Path) -> None:
    file = written({"w": torch.ones(2)}, tmp_path)
    code = (
        f"import sys; from core.files import read_contents; read_contents({str(file)!r});"
        "print([m for m in ('torch', 'numpy', 'safetensors') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
