"""The sheet that saves: what it says before, what it writes, and what it leaves behind."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import core
from app.dialogs.save import SaveSheet
from core.errors import Cancelled
from tests.app.checkpoints.conftest import Desktop
from tests.core.checkpoint.test_match import Net, trained


@pytest.fixture
def sheet(desktop: Desktop, tmp_path: Path) -> SaveSheet:
    desktop.opens(trained(Net()))
    desktop.window.commands.checkpoints.save()
    (made,) = desktop.window.findChildren(SaveSheet)
    desktop.idles()
    return made


def choose(box: Any, data: object) -> None:
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())


def saves(desktop: Desktop, sheet: SaveSheet, target: Path) -> Path:
    sheet.path.setText(str(target))
    desktop.idles()
    assert sheet.save.isEnabled()
    sheet.save.click()
    desktop.waits(lambda: sheet.writing is None)
    desktop.idles()
    return target


def test_size_and_names_are_said_before(sheet: SaveSheet, desktop: Desktop) -> None:
    state = desktop.document.state_dict()
    assert f"{len(state)} tensors" in sheet.facts.text()
    assert sheet.names.text().splitlines()[0] == next(iter(state))
    choose(sheet.form.names, True)
    desktop.idles()
    assert sheet.names.text().startswith("module.features.0.weight")
    sheet.form.split.setChecked(True)
    sheet.form.most.setValue(0.001)
    desktop.idles()
    assert "files" not in sheet.facts.text()  # it is smaller than a megabyte


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_another_dtype_is_written_and_the_model_is_not_called_saved(
    dtype: str, sheet: SaveSheet, desktop: Desktop, tmp_path: Path
) -> None:
    desktop.window.desk.ask("fc = Linear(4, 2)")
    desktop.waits(lambda: desktop.window.desk.state.cursor == 1)
    choose(sheet.form.dtype, dtype)
    file = saves(desktop, sheet, tmp_path / "half.pth")
    found = torch.load(file, weights_only=True)
    assert found["fc.weight"].dtype == getattr(torch, dtype)
    assert not desktop.window.desk.state.clean


def test_safetensors_follow_the_name_and_the_list(
    sheet: SaveSheet, desktop: Desktop, tmp_path: Path
) -> None:
    choose(sheet.form.format, ".safetensors")
    assert sheet.target.suffix == ".safetensors"
    assert "safetensors" in sheet.code.code()
    sheet.path.setText(str(tmp_path / "net.pt"))
    assert sheet.form.format.currentData() == ".pt"
    file = saves(desktop, sheet, tmp_path / "net.safetensors")
    for name, tensor in load_file(file).items():
        assert torch.equal(tensor, desktop.document.state_dict()[name])


def test_a_training_checkpoint_carries_what_was_loaded(
    desktop: Desktop, tmp_path: Path, written: Any
) -> None:
    net = trained(Net())
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    net(torch.rand(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    desktop.opens(Net())
    desktop.loads(
        desktop.drops(
            written({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 4})
        )
    )
    desktop.window.commands.checkpoints.save()
    (sheet,) = desktop.window.findChildren(SaveSheet)
    sheet.form.radios["training"].setChecked(True)
    desktop.idles()
    assert "epoch: 4" in sheet.names.text()
    file = saves(desktop, sheet, tmp_path / "again.pth")
    found = torch.load(file, weights_only=True)
    assert found["epoch"] == 4
    again = Net()
    again.load_state_dict(found["model"])
    torch.optim.SGD(again.parameters(), 0.1, momentum=0.9).load_state_dict(found["optimizer"])


def test_overwriting_tells_both_files_facts_and_is_called_so(
    sheet: SaveSheet, desktop: Desktop, tmp_path: Path
) -> None:
    torch.save({"w": torch.zeros(3)}, tmp_path / "old.pth")
    sheet.path.setText(str(tmp_path / "old.pth"))
    desktop.idles()
    assert sheet.save.text().replace("&", "") == "Overwrite"
    assert "one tensor" in sheet.said.text()
    assert "Will be written" in sheet.facts.text()
    saves(desktop, sheet, tmp_path / "old.pth")
    assert "fc.weight" in torch.load(tmp_path / "old.pth", weights_only=True)


@pytest.mark.parametrize("what", ["state dict", "training"])
def test_a_full_disk_is_said_and_the_old_file_is_whole(
    what: str, sheet: SaveSheet, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({"w": torch.zeros(3)}, tmp_path / "old.pth")
    before = (tmp_path / "old.pth").read_bytes()
    sheet.form.radios[what].setChecked(True)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    saves(desktop, sheet, tmp_path / "old.pth")
    assert sheet.isVisible()
    assert "there is no room left" in sheet.said.text()
    assert (tmp_path / "old.pth").read_bytes() == before
    assert sorted(file.name for file in tmp_path.glob("*.p*")) == ["old.pth"]


@pytest.mark.parametrize("name", ["", "no/such/folder/net.pth", "net.txt"])
def test_a_bad_name_is_answered(name: str, sheet: SaveSheet, desktop: Desktop) -> None:
    sheet.path.setText(name)
    desktop.idles()
    if name:
        sheet.save.click()
        desktop.waits(lambda: sheet.writing is None)
        assert sheet.said.tone == "problem"
        assert sheet.said.text()
    else:
        assert not sheet.save.isEnabled()


def test_cancel_stops_the_writing_and_leaves_nothing(
    sheet: SaveSheet, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(document: Any, path: Any, options: Any, *, progress: Any, cancelled: Any) -> Any:
        progress(5, 10, "half")
        while not cancelled():
            pass
        raise Cancelled("Saving was stopped.")

    monkeypatch.setattr(core, "save", slow, raising=False)
    sheet.path.setText(str(tmp_path / "never.pth"))
    desktop.idles()
    sheet.save.click()
    sheet.progress.watch.look()
    assert sheet.progress.format() == "5 B / 10 B"
    sheet.reject()
    assert sheet.isVisible()
    assert "nothing was written" in sheet.said.text()
    desktop.idles()
    assert not (tmp_path / "never.pth").exists()


def test_the_window_closes_while_it_saves(
    sheet: SaveSheet, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, cancelled: Any, **__: Any) -> Any:
        while not cancelled():
            pass
        raise Cancelled("Saving was stopped.")

    monkeypatch.setattr(core, "save", slow, raising=False)
    sheet.save.click()
    assert desktop.window.close()


def test_the_code_it_shows_loads_the_file(
    sheet: SaveSheet, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet.reject()
    desktop.window.commands.open_source("squeezenet1_1")
    desktop.waits(lambda: desktop.window.desk.state.name == "squeezenet1_1")
    desktop.idles()
    desktop.window.commands.checkpoints.save()
    sheet = desktop.window.findChildren(SaveSheet)[-1]
    sheet.path.setText(str(tmp_path / "net.pth"))
    code = sheet.code.code()
    file = saves(desktop, sheet, tmp_path / "net.pth")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    exec(code, names)
    for name, tensor in names["model"].state_dict().items():
        assert torch.equal(tensor.cpu(), torch.load(file, weights_only=True)[name])


def test_the_code_for_shards_and_odd_names_loads_them(
    sheet: SaveSheet, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet.reject()
    desktop.window.commands.open_source("squeezenet1_1")
    desktop.waits(lambda: desktop.window.desk.state.name == "squeezenet1_1")
    desktop.idles()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    for name, shards in (("a.pth", True), ("b.safetensors", True), ('c"d.safetensors', False)):
        desktop.window.commands.checkpoints.save()
        sheet = desktop.window.findChildren(SaveSheet)[-1]
        sheet.path.setText(str(tmp_path / name))
        sheet.form.split.setChecked(shards)
        sheet.form.most.setValue(0.001)
        desktop.idles()
        code = sheet.code.code()
        sheet.save.click()
        desktop.waits(lambda sheet=sheet: sheet.writing is None)
        desktop.idles()
        names: dict[str, Any] = {}
        exec(code, names)
        for tensor, ours in desktop.document.state_dict().items():
            assert torch.equal(names["model"].state_dict()[tensor].cpu(), ours)


def test_a_file_that_came_meanwhile_is_not_written_over(
    sheet: SaveSheet, desktop: Desktop, tmp_path: Path
) -> None:
    sheet.path.setText(str(tmp_path / "new.pth"))
    desktop.idles()
    (tmp_path / "new.pth").write_text("precious")
    sheet.save.click()
    desktop.waits(lambda: sheet.writing is None)
    assert "exists already" in sheet.said.text()
    assert (tmp_path / "new.pth").read_text() == "precious"
