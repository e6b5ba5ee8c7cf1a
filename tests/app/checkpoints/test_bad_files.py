"""Whatever is dropped on the window is answered by a sentence, and the model stays as it is."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, QUrl
from torch import nn

import core
from app.dialogs.convert import ConvertSheet
from app.dialogs.load import LoadSheet
from core.errors import Cancelled
from tests.app.checkpoints.conftest import Desktop
from tests.app.drags import Drag
from tests.core.checkpoint.test_match import Net, trained
from tests.core.files.test_reading import BOMBS, malicious

DAMAGED = {
    "empty": b"",
    "text": b"hello, world",
    "half a zip": b"PK\x03\x04 and nothing more",
    "noise": bytes(range(256)) * 4,
    "a header that lies": (10**9).to_bytes(8, "little") + b"{",
    **{f"bomb: {name}": b"\x80\x04" + data for name, data in BOMBS.items()},
}


def unharmed(desktop: Desktop, before: object) -> None:
    state = desktop.window.desk.state
    assert state.document is before
    assert state.cursor == 0
    assert state.clean


@pytest.mark.parametrize("which", DAMAGED)
def test_a_damaged_file_is_answered_in_place(which: str, desktop: Desktop, tmp_path: Path) -> None:
    desktop.opens(Net())
    before = desktop.document
    file = tmp_path / "bad.pth"
    file.write_bytes(DAMAGED[which])
    sheet = desktop.drops(file)
    assert not sheet.load.isEnabled()
    assert sheet.sentence.tone == "problem" or sheet.verdict.tone == "problem"
    assert "bad.pth" in sheet.sentence.text() + sheet.verdict.text()
    sheet.reject()
    unharmed(desktop, before)


@pytest.mark.parametrize("which", list(malicious(Path("/tmp/nothing-here"))))
def test_a_malicious_file_is_shown_and_nothing_is_run(
    which: str, desktop: Desktop, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    what, names = malicious(canary)[which]
    file = tmp_path / "evil.pth"
    torch.save(what, file)
    desktop.opens(Net())
    before = desktop.document
    sheet = desktop.drops(file)
    assert sheet.pages.currentWidget() is sheet.file
    assert "Nothing of it was run" in sheet.sentence.text()
    told = " ".join(row.texts[1] for row in sheet.file.names.rows)
    assert any(name in told for name in ((names,) if isinstance(names, str) else names))
    assert not sheet.load.isEnabled()
    sheet.reject()
    assert not canary.exists()
    unharmed(desktop, before)


def test_a_cut_off_file_is_named(desktop: Desktop, tmp_path: Path, written: Any) -> None:
    desktop.opens(Net())
    whole = written(trained(Net()).state_dict())
    cut = tmp_path / "cut.pth"
    cut.write_bytes(whole.read_bytes()[:-200])
    sheet = desktop.drops(cut)
    assert "cut.pth" in sheet.sentence.text()
    assert sheet.sentence.tone == "problem"


def test_a_folder_is_no_file_of_weights(desktop: Desktop, tmp_path: Path) -> None:
    desktop.opens(Net())
    (tmp_path / "folder").mkdir()
    sheet = desktop.drops(tmp_path / "folder")
    assert "folder" in sheet.sentence.text()
    assert not sheet.load.isEnabled()


def test_a_hundred_files_at_once_are_queued(desktop: Desktop, tmp_path: Path, written: Any) -> None:
    files = [written({"w": torch.ones(2) * number}, f"{number}.pth") for number in range(100)]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    Drag(desktop.window, data, QPoint(5, 5)).drop(QPoint(5, 5))
    (sheet,) = desktop.window.findChildren(ConvertSheet)
    assert len(sheet.model.items) == 100
    sheet.go.click()
    desktop.waits(lambda: sheet.job is None)
    assert all(item.where == "done" for item in sheet.model.items)
    assert all((tmp_path / f"{number}.safetensors").exists() for number in range(100))
    sheet.reject()


def test_a_file_that_changes_before_it_is_loaded(desktop: Desktop, written: Any) -> None:
    desktop.opens(Net())
    before = desktop.document
    file = written(trained(Net()).state_dict())
    sheet = desktop.drops(file)
    torch.save({"fc.weight": torch.zeros(10, 4)}, file)
    sheet.load.click()
    desktop.waits(lambda: sheet.case.loading is None)
    assert "has changed since it was read" in sheet.verdict.text()
    unharmed(desktop, before)


def test_a_file_that_goes_away_before_it_is_loaded(desktop: Desktop, written: Any) -> None:
    desktop.opens(Net())
    before = desktop.document
    file = written(trained(Net()).state_dict())
    sheet = desktop.drops(file)
    os.unlink(file)
    sheet.load.click()
    desktop.waits(lambda: sheet.case.loading is None)
    assert "is not there any more" in sheet.verdict.text()
    assert sheet.isVisible()
    unharmed(desktop, before)


def test_cancelling_while_it_loads_changes_nothing(
    desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop.opens(Net())
    before = desktop.document
    sheet = desktop.drops(written(trained(Net()).state_dict()))

    def slow(plan: Any, *, cancelled: Any, **_: Any) -> Any:
        while not cancelled():
            pass
        raise Cancelled("Loading was stopped; nothing was changed.")

    monkeypatch.setattr(core, "load", slow, raising=False)
    sheet.load.click()
    assert not sheet.progress.isHidden()
    sheet.reject()
    assert sheet.isVisible()
    assert "stopped" in sheet.verdict.text()
    desktop.idles()
    unharmed(desktop, before)
    assert sheet.load.isEnabled()


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_sheet_can_be_left_at_every_step(step: int, desktop: Desktop, written: Any) -> None:
    desktop.opens(Net())
    before = desktop.document
    sheet = desktop.drops(written(trained(Net()).state_dict()))
    sheet.pages.setCurrentIndex(step)
    sheet.reject()
    desktop.idles()
    desktop.waits(lambda: not desktop.window.findChildren(LoadSheet))
    unharmed(desktop, before)


def test_a_second_file_takes_the_place_of_the_first_while_that_is_read(
    desktop: Desktop, written: Any
) -> None:
    net = trained(Net())
    desktop.opens(Net())
    first = written(nn.Linear(3, 3).state_dict(), "first.pth")
    second = written(net.state_dict(), "second.pth")
    desktop.window.commands.checkpoints.load(first)
    (sheet,) = desktop.window.findChildren(LoadSheet)
    sheet.open_file(second)
    desktop.sheet()
    desktop.idles()
    assert sheet.case.path == second
    desktop.loads(sheet)
    desktop.holds(net)


def test_the_window_closes_while_a_file_is_read(desktop: Desktop, written: Any) -> None:
    desktop.opens(Net())
    desktop.window.commands.checkpoints.load(written(trained(Net()).state_dict()))
    assert desktop.window.close()


def test_a_recent_checkpoint_is_looked_into_again(
    desktop: Desktop, written: Any, tmp_path: Path
) -> None:
    net = trained(Net())
    desktop.opens(Net())
    file = written(net.state_dict())
    desktop.loads(desktop.drops(file))
    assert desktop.window.settings.recent[0] == str(file)
    desktop.window.desk.undo()
    desktop.window.commands.open_source(str(file))
    desktop.loads(desktop.sheet())
    desktop.holds(net)
    shutil.move(file, tmp_path / "elsewhere.pth")
    desktop.window.commands.open_source(str(file))
    sheet = desktop.sheet()
    assert "does not exist" in sheet.sentence.text()
