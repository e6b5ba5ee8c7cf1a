"""Converted and saved files load in plain PyTorch, in a process without Modelwright."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from safetensors.torch import load_file
from torch import Tensor, nn

from core.checkpoint import SaveOptions, by_module, diff, save
from core.checkpoint.casting import casting
from core.document import Document
from core.errors import Cancelled, CheckpointError, SaveRefused
from core.files import read_contents
from core.files.convert import convert
from tests.zoo import Tied


def state() -> dict[str, Tensor]:
    base = torch.arange(24.0)
    shared = torch.randn(4, 4)
    return {
        "plain": torch.randn(3, 4),
        "rows": base.view(4, 6)[1:3],
        "turned": torch.randn(3, 5).T,
        "one": shared,
        "other": shared,
        "half": torch.randn(5).half(),
        "brain": torch.randn(5).bfloat16(),
        "eighth": torch.randn(5).to(torch.float8_e4m3fn),
        "count": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "nothing": torch.zeros(0, 3),
        "pair": torch.randn(3, dtype=torch.complex64),
    }


def same(one: dict[str, Tensor], other: dict[str, Tensor], ordered: bool = True) -> None:
    assert (list if ordered else set)(one) == (list if ordered else set)(other)
    for name, tensor in other.items():
        assert one[name].dtype == tensor.dtype
        assert one[name].shape == tensor.shape
        first, second = (
            each.detach().contiguous().reshape(-1).view(torch.uint8) for each in (one[name], tensor)
        )
        assert torch.equal(first, second), name


def loaded(file: Path) -> dict[str, Tensor]:
    if file.suffix == ".safetensors":
        return load_file(file)
    found: dict[str, Tensor] = torch.load(file, weights_only=True)
    return found


@pytest.mark.parametrize("target", ["a.pth", "a.pt", "a.bin", "a.safetensors"])
@pytest.mark.parametrize("source", ["s.pth", "s.safetensors"])
def test_there_and_back(source: str, target: str, tmp_path: Path) -> None:
    wanted = state()
    torch.save(wanted, tmp_path / "s.pth")
    if source == "s.safetensors":
        convert(tmp_path / "s.pth", tmp_path / source)
    done = convert(tmp_path / source, tmp_path / target)
    assert done.tensors == len(wanted)
    same(loaded(tmp_path / target), wanted, ordered=False)


def test_the_zip_is_sound_and_keeps_ties(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "s.pth")
    convert(tmp_path / "s.pth", tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.pth") as file:
        assert file.testzip() is None
    found = torch.load(tmp_path / "a.pth", mmap=True, weights_only=True)
    assert found["one"].data_ptr() == found["other"].data_ptr()
    assert list(found) == list(state())


def test_the_old_format(tmp_path: Path) -> None:
    wanted = {k: v for k, v in state().items() if k != "eighth"}  # which it has no storage for
    torch.save(wanted, tmp_path / "s.pth")
    convert(tmp_path / "s.pth", tmp_path / "a.pth", legacy=True)
    assert not zipfile.is_zipfile(tmp_path / "a.pth")
    same(loaded(tmp_path / "a.pth"), wanted)


def test_prefixes(tmp_path: Path) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.submodule = nn.Linear(2, 2)
            self.features = nn.DataParallel(nn.Sequential(nn.Linear(2, 2)))

    net = Net()
    torch.save(nn.DataParallel(net).state_dict(), tmp_path / "s.pth")
    convert(tmp_path / "s.pth", tmp_path / "a.pth", prefix="strip")
    by_hand = {n.replace("features.module.", "features."): t for n, t in net.state_dict().items()}
    same(loaded(tmp_path / "a.pth"), by_hand)
    convert(tmp_path / "a.pth", tmp_path / "b.safetensors", prefix="add")
    same(
        loaded(tmp_path / "b.safetensors"),
        {f"module.{n}": t for n, t in by_hand.items()},
        ordered=False,
    )
    again = convert(tmp_path / "a.pth", tmp_path / "c.pth", prefix="strip")
    assert "No name had a prefix" in again.notes[0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(dtype: str, tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "s.pth")
    convert(tmp_path / "s.pth", tmp_path / "a.pth", cast=casting(dtype))
    wanted = {
        n: t.to(getattr(torch, dtype)) if t.is_floating_point() else t for n, t in state().items()
    }
    found = loaded(tmp_path / "a.pth")
    for name, tensor in torch.load(tmp_path / "s.pth").items():
        cast = tensor.to(getattr(torch, dtype)) if tensor.is_floating_point() else tensor
        assert found[name].dtype == wanted[name].dtype
        assert torch.equal(found[name].to(torch.complex128), cast.to(torch.complex128))
    assert found["one"].data_ptr() == found["other"].data_ptr()


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_shards(suffix: str, tmp_path: Path) -> None:
    wanted = {f"w{n}": torch.randn(100, 10) for n in range(7)}
    torch.save(wanted, tmp_path / "s.pth")
    done = convert(tmp_path / "s.pth", tmp_path / f"model.{suffix}", shard_size=10_000)
    assert done.files[-1].name == f"model.{suffix}.index.json"
    assert done.files[0].name == f"model-00001-of-00004.{suffix}"
    found: dict[str, Tensor] = {}
    for file in done.files[:-1]:
        assert file.stat().st_size < 16_000
        found |= loaded(file)
    same(found, wanted)
    convert(done.files[-1], tmp_path / "whole.pth")
    same(loaded(tmp_path / "whole.pth"), wanted)


def test_a_training_checkpoint_says_what_is_left_out(tmp_path: Path) -> None:
    torch.save({"model": state(), "epoch": 3, "optimizer": {}}, tmp_path / "s.pth")
    done = convert(tmp_path / "s.pth", tmp_path / "a.pth")
    assert "epoch" in done.notes[-1]
    torch.save({"model": state(), "model_ema": state()}, tmp_path / "s.pth")
    with pytest.raises(CheckpointError, match=r"'model', 'model_ema'"):
        convert(tmp_path / "s.pth", tmp_path / "b.pth")
    convert(tmp_path / "s.pth", tmp_path / "b.pth", weights="model_ema")


def test_refusals_leave_nothing(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "s.pth")
    (tmp_path / "there.pth").write_text("precious")
    with pytest.raises(SaveRefused, match="exists already"):
        convert(tmp_path / "s.pth", tmp_path / "there.pth")
    with pytest.raises(SaveRefused, match="suffix"):
        convert(tmp_path / "s.pth", tmp_path / "a.txt")
    with pytest.raises(Cancelled):
        convert(tmp_path / "s.pth", tmp_path / "c.pth", cancelled=lambda: True)
    assert (tmp_path / "there.pth").read_text() == "precious"
    assert {each.name for each in tmp_path.iterdir()} == {"s.pth", "there.pth"}


def test_onto_itself(tmp_path: Path) -> None:
    wanted = state()
    torch.save(wanted, tmp_path / "s.pth")
    convert(tmp_path / "s.pth", tmp_path / "s.pth", prefix="add", overwrite=True)
    same(loaded(tmp_path / "s.pth"), {f"module.{n}": t for n, t in wanted.items()})


_dtypes = st.sampled_from([torch.float32, torch.float16, torch.int64, torch.bool, torch.uint8])
_words = st.text(min_size=1, max_size=12)
_shapes = st.lists(st.integers(0, 5), max_size=4)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.dictionaries(st.text(min_size=1, max_size=12), st.tuples(_shapes, _dtypes), max_size=6)
)
def test_any_state_dict(kinds: dict[str, Any], tmp_path: Path) -> None:
    wanted = {n: (torch.rand(s) * 9).to(d).mT if len(s) > 1 else (torch.rand(s) * 9).to(d)
              for n, (s, d) in kinds.items()}  # fmt: skip
    torch.save(wanted, tmp_path / "s.pth")
    if not wanted:
        with pytest.raises(CheckpointError, match="no weights"):
            convert(tmp_path / "s.pth", tmp_path / "a.pth", overwrite=True)
        return
    convert(tmp_path / "s.pth", tmp_path / "a.pth", overwrite=True)
    same(loaded(tmp_path / "a.pth"), wanted)


class TestSave:
    def test_a_state_dict_as_plain_pytorch_writes_it(self, tmp_path: Path) -> None:
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        done: list[tuple[int, int]] = []
        (file,) = save(
            Document.of(net), tmp_path / "a.pth", progress=lambda d, t, _: done.append((d, t))
        )
        found = torch.load(file)
        same(found, net.state_dict())
        assert found._metadata == net.state_dict()._metadata
        assert done[-1][0] == done[-1][1]

    def test_with_the_prefix_it_loads_into_dataparallel(self, tmp_path: Path) -> None:
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        (file,) = save(Document.of(net), tmp_path / "a.pth", SaveOptions(module_prefix=True))
        other = nn.DataParallel(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)))
        other.load_state_dict(torch.load(file), strict=True)
        same(other.module.state_dict(), net.state_dict())

    @pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
    def test_tied_weights(self, name: str, tmp_path: Path) -> None:
        net = Tied()
        (file,) = save(Document.of(net), tmp_path / name, SaveOptions(dtype="float16"))
        assert set(loaded(file)) == set(net.state_dict())
        Tied().half().load_state_dict(loaded(file), strict=True)

    def test_a_training_dictionary(self, tmp_path: Path) -> None:
        net = nn.Linear(2, 2)
        options = SaveOptions("training", extras={"epoch": 3, "optimizer": {"state": {}}})
        (file,) = save(Document.of(net), tmp_path / "a.pth", options)
        found = torch.load(file)
        assert found["epoch"] == 3
        same(found["model"], net.state_dict())

    def test_a_whole_model_opens_without_modelwright(self, tmp_path: Path) -> None:
        net = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        (file,) = save(Document.of(net), tmp_path / "a.pth", SaveOptions("whole model"))
        code = (
            f"import sys, torch; m = torch.load({str(file)!r}, weights_only=False);"
            "print(type(m).__name__, m[0].weight.sum().item(), 'core' in sys.modules)"
        )
        ran = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path
        )
        kind, total, core_there = ran.stdout.split()
        assert (kind, core_there) == ("Sequential", "False")
        assert float(total) == pytest.approx(net[0].weight.sum().item())

    def test_refusals(self, tmp_path: Path) -> None:
        net = Document.of(nn.Linear(2, 2))
        with pytest.raises(SaveRefused, match="more than tensors"):
            save(net, tmp_path / "a.safetensors", SaveOptions("whole model"))
        with pytest.raises(SaveRefused, match="does not exist"):
            save(net, tmp_path / "no" / "a.pth")
        with torch.device("meta"):
            bare = Document.of(nn.Linear(2, 2))
        with pytest.raises(SaveRefused, match="structure only"):
            save(bare, tmp_path / "a.pth")
        assert not list(tmp_path.iterdir())


def test_killed_at_any_moment_the_old_or_the_new_file_is_there(tmp_path: Path) -> None:
    """A child writes one file over the other again and again, and is killed at some moment."""
    from safetensors.torch import save_file

    file = tmp_path / "a.pth"
    sources = [tmp_path / f"s{value}.safetensors" for value in (1, 2)]
    for value, source in enumerate(sources, start=1):
        save_file({"w": torch.full((400_000,), float(value))}, source)
    code = (
        "import itertools; from pathlib import Path; from core.files.convert import convert\n"
        f"for source in itertools.cycle({[str(each) for each in sources]}):\n"
        f"    convert(Path(source), Path({str(file)!r}), overwrite=True); print(flush=True)"
    )
    for number in range(12):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()  # however long it takes to start
        time.sleep(0.007 * number)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert torch.load(file)["w"].unique().tolist() in ([1.0], [2.0])
    convert(sources[0], file, overwrite=True)  # and clears what the dead have left
    assert {each.name for each in tmp_path.iterdir()} == {file.name, *(s.name for s in sources)}


def test_two_processes_save_to_one_path(tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    for value in (1, 2):
        torch.save({"w": torch.full((200_000,), float(value))}, tmp_path / f"s{value}.pth")
    code = (
        "import sys; from pathlib import Path; from core.files.convert import convert\n"
        f"for _ in range(20): convert(Path(sys.argv[1]), Path({str(file)!r}), overwrite=True)"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / f"s{value}.pth")])
        for value in (1, 2)
    ]
    assert [child.wait() for child in children] == [0, 0]
    assert torch.load(file)["w"].unique().tolist() in ([1.0], [2.0])
    assert not [each for each in os.listdir(tmp_path) if each.endswith(".part")]


class TestDiff:
    def test_what_changed_and_how_far(self, tmp_path: Path) -> None:
        ones, zeros = torch.ones, torch.zeros
        before = {"a.w": ones(4), "a.b": zeros(2), "b.w": ones(3), "gone": ones(1)}
        after = {"a.w": ones(4) * 3, "a.b": zeros(2), "c.w": ones(3), "new": zeros(5)}
        torch.save(before, tmp_path / "a.pth")
        torch.save(after, tmp_path / "b.pth")
        found = diff(read_contents(tmp_path / "a.pth"), read_contents(tmp_path / "b.pth"))
        kinds = {each.after or each.before: each.kind for each in found}
        assert kinds == {
            "a.w": "changed", "a.b": "same", "c.w": "renamed", "new": "added", "gone": "removed",
        }  # fmt: skip
        (changed,) = [each for each in found if each.kind == "changed"]
        assert changed.change == pytest.approx((after["a.w"] - before["a.w"]).norm().item())
        assert changed.relative == pytest.approx(2.0)
        assert by_module(found)["a"].change == pytest.approx(4.0)

    def test_documents(self) -> None:
        net = nn.Sequential(nn.Linear(3, 3))
        one = Document.of(net)
        assert all(each.kind == "same" for each in diff(one, one))

    def test_shapes_and_dtypes(self, tmp_path: Path) -> None:
        torch.save({"a": torch.ones(2), "b": torch.ones(2)}, tmp_path / "a.pth")
        torch.save({"a": torch.ones(3), "b": torch.ones(2).half()}, tmp_path / "b.pth")
        found = diff(read_contents(tmp_path / "a.pth"), read_contents(tmp_path / "b.pth"))
        assert [each.kind for each in found] == ["shape", "dtype"]
        assert found[1].change == 0


def test_what_takes_anothers_place_is_on_the_disk_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new file can be made again from its source; one that is written over is gone."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    source, target = tmp_path / "a.pth", tmp_path / "b.pth"
    torch.save({"w": torch.ones(4)}, source)
    convert(source, target)
    assert synced == []
    convert(source, target, overwrite=True)
    assert len(synced) == 2  # the file, and the folder with its name
    save(Document.of(nn.Linear(2, 2)), tmp_path / "new.pth")
    assert len(synced) == 4
