"""What comes between: a step that is left, a window that is closed, a disk or a GPU that fails."""

import errno
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from torch import nn
from torchvision.models import squeezenet1_1

import core
from app.dialogs.convert import ConvertSheet
from app.dialogs.load import LoadSheet
from app.dialogs.save import SaveSheet
from core.document import InputSpec
from core.errors import Cancelled
from core.placement import Device
from tests.app.checkpoints.conftest import Desktop
from tests.core.checkpoint.test_match import Net, trained

GB = 10**9
GONE = (
    Device("cpu", "a processor", 16 * GB, 8 * GB),
    Device("cuda:7", "A GPU that is gone", 80 * GB, 70 * GB, "GPU-g"),
)


def unharmed(desktop: Desktop, before: object) -> None:
    state = desktop.window.desk.state
    assert state.document is before
    assert state.cursor == 0


class Held:
    """A function of ``core`` that waits until it is let go of, and then does what it always did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.begun, self.go, self._does = False, False, getattr(core, name)
        monkeypatch.setattr(core, name, self, raising=False)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.begun = True
        while not self.go:
            torch.ones(1).sum()
        return self._does(*arguments, **options)


@pytest.mark.parametrize("step", ["read_contents", "match", "doubts"])
def test_the_sheet_is_left_while_it_works_and_the_late_answer_is_dropped(
    step: str, desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop.opens(Net())
    before = desktop.document
    file = written(trained(Net()).state_dict())
    held = Held(monkeypatch, step)
    desktop.window.commands.checkpoints.load(file)
    (sheet,) = desktop.window.findChildren(LoadSheet)
    desktop.waits(lambda: held.begun)
    assert sheet.isVisible()
    sheet.reject()
    held.go = True
    desktop.idles()
    desktop.waits(lambda: not desktop.window.findChildren(LoadSheet))
    unharmed(desktop, before)


def test_the_sheet_is_left_while_a_forward_is_tried(
    desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop.opens(squeezenet1_1(num_classes=3), (InputSpec(shape=(1, 3, 64, 64)),))
    before = desktop.document
    sheet = desktop.drops(written(squeezenet1_1(num_classes=3).state_dict()))
    sheet.pages.setCurrentWidget(sheet.place)
    desktop.idles()
    held = Held(monkeypatch, "try_forward")
    sheet.place.try_it.click()
    desktop.waits(lambda: held.begun)
    sheet.reject()
    held.go = True
    desktop.idles()
    unharmed(desktop, before)


def test_the_window_is_closed_while_a_file_is_loaded(
    desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop.opens(Net())
    before = desktop.document
    sheet = desktop.drops(written(trained(Net()).state_dict()))
    begun: list[bool] = []

    def slow(plan: Any, *, cancelled: Any, **_: Any) -> Any:
        begun.append(True)
        while not cancelled():
            pass
        raise Cancelled("Loading was stopped; nothing was changed.")

    monkeypatch.setattr(core, "load", slow, raising=False)
    sheet.load.click()
    desktop.waits(lambda: begun)
    assert desktop.window.close()
    desktop.idles()
    unharmed(desktop, before)


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_stops_one_conversion_and_leaves_nothing(
    desktop: Desktop, tmp_path: Path, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(Net().state_dict())
    desktop.window.commands.checkpoints.convert([file])
    (sheet,) = desktop.window.findChildren(ConvertSheet)
    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(os, "replace", full)
    sheet.go.click()
    desktop.waits(lambda: sheet.job is None)
    (item,) = sheet.model.items
    assert item.where == "failed"
    assert "no room left" in item.said
    assert [each.name for each in tmp_path.iterdir() if "safetensors" in each.name] == []


@pytest.mark.parametrize("loaded", [False, True])
def test_a_full_disk_leaves_the_old_project_whole(
    loaded: bool, desktop: Desktop, tmp_path: Path, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop.opens("Sequential(a=Linear(4, 3), b=Linear(3, 2))")
    if loaded:
        desktop.loads(desktop.drops(written(desktop.document.model().state_dict())))
    project = tmp_path / "net.modelwright"
    desktop.window.desk.save_project(project)
    desktop.idles()
    before = {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    desktop.window.desk.ask("b = Linear(3, 5)")
    desktop.waits(lambda: desktop.window.desk.state.can_undo and not desktop.window.jobs.running)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        desktop.window.desk.save_project(project)
        desktop.waits(lambda: "no room left" in desktop.window.tree.notice.text)
        desktop.idles()
    assert {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()} == before
    assert desktop.window.isWindowModified()
    assert core.open(str(project)).document.module("b").out_features == 2


# GPUs


@pytest.fixture
def on_a_gpu(desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch) -> LoadSheet:
    """The third step, where a GPU is chosen that was there when the list was made."""
    monkeypatch.setattr(core, "devices", lambda: GONE, raising=False)
    desktop.opens(squeezenet1_1(num_classes=3), (InputSpec(shape=(1, 3, 64, 64)),))
    sheet = desktop.drops(written(squeezenet1_1(num_classes=3).state_dict()))
    sheet.pages.setCurrentWidget(sheet.place)
    desktop.idles()
    sheet.place.radios["cuda"].click()
    assert sheet.place.try_it.isEnabled()
    return sheet


@pytest.mark.parametrize("place", ["cuda", "dp"])
def test_a_gpu_that_is_gone_when_the_model_comes_is_said(
    place: str, on_a_gpu: LoadSheet, desktop: Desktop
) -> None:
    before, page = desktop.document, on_a_gpu.place
    page.radios[place].click()
    page.try_it.click()  # nothing is made up from here on: PyTorch finds no such GPU
    desktop.waits(lambda: page._trying is None)
    assert page.tried.tone == "problem"
    assert "did not run" in page.tried.text()
    assert "7" in page.tried.text()
    assert on_a_gpu.load.isEnabled()
    unharmed(desktop, before)


@pytest.mark.parametrize("when", ["moved there", "run there"])
def test_memory_that_runs_out_is_said_and_the_model_stays_where_it_was(
    when: str, on_a_gpu: LoadSheet, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, page = desktop.document, on_a_gpu.place
    values = {name: each.clone() for name, each in before.state_dict().items()}

    def out(*_: Any, **__: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    if when == "moved there":
        monkeypatch.setattr(nn.Module, "to", out)
    else:
        monkeypatch.setattr(nn.Module, "to", lambda self, *_: self)
        monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda *_: None)
        monkeypatch.setattr(type(before), "example_inputs", lambda *_: ((1,), {}))
        monkeypatch.setattr(type(before.root), "forward", out)
    page.try_it.click()
    desktop.waits(lambda: page._trying is None)
    assert "memory ran out" in page.tried.text()
    assert "half precision" in page.tried.text()
    unharmed(desktop, before)
    assert all(torch.equal(each, values[name]) for name, each in before.state_dict().items())
    assert all(each.device.type == "cpu" for each in before.state_dict().values())


# More files that are not what they seem, dropped on the window


def index(folder: Path, where: str) -> Path:
    made = folder / "model.safetensors.index.json"
    made.write_text(json.dumps({"weight_map": {"fc.weight": where}}))
    return made


def archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "holiday.pth", "w") as made:
        made.writestr("beach.jpg", b"\xff\xd8")
    return folder / "holiday.pth"


def followed_by_code(folder: Path) -> Path:
    """An old file with its magic number, and something else to be run behind it."""
    import pickle

    class Touches:
        def __reduce__(self) -> Any:
            return os.system, (f"touch '{folder / 'canary'}'",)

    parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, Touches())
    (folder / "old.pth").write_bytes(b"".join(pickle.dumps(each, 2) for each in parts))
    return folder / "old.pth"


ODD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a shard that is missing": (lambda f: index(f, "part1.safetensors"), "missing"),
    "a shard elsewhere": (lambda f: index(f, "../../secret.safetensors"), "outside its own folder"),
    "a zip of pictures": (archive, "holiday.pth"),
    "code behind the magic": (followed_by_code, "old.pth"),
}


@pytest.mark.parametrize("which", ODD)
def test_an_odd_file_is_answered_and_nothing_of_it_is_run(
    which: str, desktop: Desktop, tmp_path: Path
) -> None:
    make, said = ODD[which]
    desktop.opens(Net())
    before = desktop.document
    sheet = desktop.drops(make(tmp_path))
    told = f"{sheet.name.text()} {sheet.sentence.text()} {sheet.verdict.text()}"
    assert said in told
    assert not sheet.load.isEnabled()
    sheet.reject()
    assert not (tmp_path / "canary").exists()
    unharmed(desktop, before)


# By keys alone


def press(widget: Any, qtbot: Any, key: Qt.Key, keys: Any = Qt.KeyboardModifier.NoModifier) -> None:
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    qtbot.keyClick(widget.focusWidget() or widget, key, keys)


def test_a_file_is_loaded_and_saved_again_by_keys_alone(
    desktop: Desktop, tmp_path: Path, written: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = trained(Net())
    file = written(nn.DataParallel(net).state_dict(), "theirs.pth")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(file), ""))
    desktop.opens(Net())
    press(desktop.window, qtbot, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    sheet = desktop.sheet()
    press(sheet, qtbot, Qt.Key.Key_Return)
    desktop.waits(lambda: desktop.window.desk.state.cursor == 1)
    desktop.holds(net)
    desktop.idles()
    ctrl_shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    press(desktop.window, qtbot, Qt.Key.Key_E, ctrl_shift)
    (saving,) = desktop.window.findChildren(SaveSheet)
    saving.path.setFocus()
    saving.path.selectAll()
    qtbot.keyClicks(saving.path, str(tmp_path / "mine.pth"))
    desktop.idles()
    press(saving, qtbot, Qt.Key.Key_Return)
    desktop.waits(lambda: (tmp_path / "mine.pth").exists())
    desktop.idles()
    again = Net()
    again.load_state_dict(torch.load(tmp_path / "mine.pth", weights_only=True), strict=True)
    assert all(torch.equal(t, net.state_dict()[n]) for n, t in again.state_dict().items())


def test_loading_stands_in_menu_and_toolbar_too(desktop: Desktop) -> None:
    window = desktop.window
    action = window.actions_table.by_id["load-checkpoint"]
    assert action in window.toolbar.actions()
    assert action in window.actions_table.in_menu("File")
