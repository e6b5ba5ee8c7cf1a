"""Projects through the real window: saved, closed, opened in every way, and what goes wrong."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox
from pytestqt.qtbot import QtBot
from torch import nn

import core
from app import mime
from app.dialogs.danger import DangerSheet
from app.dialogs.trust import TrustDialog
from app.dialogs.unsaved import UnsavedDialog
from app.main_window import MainWindow
from app.screenshot import is_ready
from app.settings import Settings
from core.errors import Cancelled
from core.project import SUFFIX
from tests.app.drags import Drag

NET = "Sequential(body=Linear(8, 6), act=ReLU(), fc=Linear(6, 4))"
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(tmp_path / "settings.ini"))
    made.settings.folder = tmp_path
    made.resize(1200, 800)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.torch_is_ready()
    yield made
    made.desk.close()
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What the user is asked for where to save: it is always ``work`` (without its suffix)."""
    names: list[str] = []

    def name(*arguments: object, **_: object) -> tuple[str, str]:
        names.append(str(arguments[2]))
        return str(tmp_path / "work"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", name)
    return names


def opened(window: MainWindow, qtbot: QtBot, source: str = NET) -> None:
    window.commands.open_source(source)
    qtbot.waitUntil(lambda: is_ready(window))


def edited(window: MainWindow, qtbot: QtBot, text: str) -> None:
    before = window.desk.state.document
    window.desk.ask(text)
    qtbot.waitUntil(lambda: window.desk.state.document is not before and is_ready(window))


def saved(window: MainWindow, qtbot: QtBot, keys: Qt.KeyboardModifier = CTRL) -> None:
    if not window.isActiveWindow():
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
    with qtbot.waitSignal(window.desk.kept):
        qtbot.keyClick(window, Qt.Key.Key_S, keys)
    qtbot.waitUntil(lambda: not window.jobs.running)


def dialog(window: MainWindow, qtbot: QtBot, kind: type) -> object:
    qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(kind)))
    return next(each for each in window.findChildren(kind) if each.isVisible())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    net = nn.Sequential()
    for name, layer in (("body", nn.Linear(8, 6)), ("act", nn.ReLU()), ("fc", nn.Linear(6, 4))):
        net.add_module(name, layer)
    torch.save(net.state_dict(), folder / "trained.pth")
    return net.state_dict()


def load(window: MainWindow, qtbot: QtBot, file: Path) -> None:
    document = window.desk.state.document
    assert document is not None
    found = core.load(core.match(document, core.read_contents(file)))
    window.desk.take_loaded(found, document, file)
    qtbot.waitUntil(lambda: is_ready(window))


def test_one_suffix_is_meant_everywhere() -> None:
    assert mime.PROJECT == SUFFIX


def test_the_first_save_asks_where_and_the_next_ones_do_not(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str]
) -> None:
    opened(window, qtbot)
    edited(window, qtbot, "act = GELU()")
    assert window.isWindowModified()
    saved(window, qtbot)
    project = tmp_path / "work.modelwright"
    assert asked == [str(tmp_path / "Sequential.modelwright")]
    assert project.exists()
    assert not window.isWindowModified()
    assert window.windowTitle() == "work.modelwright[*] — Modelwright"
    assert window.status.currentMessage() == "Saved work.modelwright"
    assert window.settings.recent[0] == str(project)
    edited(window, qtbot, "act = Tanh()")
    assert window.isWindowModified()
    saved(window, qtbot)
    assert len(asked) == 1
    assert str(core.open(str(project)).document.module("act")) == "Tanh()"
    window.desk.undo()
    assert window.isWindowModified()
    window.desk.redo()
    assert not window.isWindowModified()


def test_save_as_keeps_the_work_in_another_file(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    opened(window, qtbot)
    saved(window, qtbot)
    edited(window, qtbot, "act = GELU()")
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "other.modelwright"), "")
    )
    saved(window, qtbot, CTRL | SHIFT)
    assert window.windowTitle().startswith("other.modelwright")
    assert str(core.open(str(tmp_path / "other.modelwright")).document.module("act")) != "ReLU()"
    assert str(core.open(str(tmp_path / "work.modelwright")).document.module("act")) == "ReLU()"


def test_another_file_is_written_over_only_after_a_yes(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "work.modelwright").write_text("precious")
    told: list[str] = []

    def no(*arguments: object, **_: object) -> object:
        told.append(str(arguments[2]))
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "question", no)
    opened(window, qtbot)
    window.commands.projects.save()
    assert "work.modelwright" in told[0]
    assert (tmp_path / "work.modelwright").read_text() == "precious"
    assert window.desk.state.project is None


def test_loaded_weights_come_back_with_the_project(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str]
) -> None:
    state = weights(tmp_path)
    opened(window, qtbot)
    load(window, qtbot, tmp_path / "trained.pth")
    saved(window, qtbot)
    (tmp_path / "trained.pth").unlink()
    window.commands.close_model()
    assert window.windowTitle() == "Modelwright"
    window.commands.open_path(tmp_path / "work.modelwright")
    qtbot.waitUntil(lambda: is_ready(window))
    assert window.desk.state.document is not None
    own = window.desk.state.document.state_dict()
    assert all(torch.equal(own[name], each) for name, each in state.items())
    assert not window.isWindowModified()
    assert [each.label for each in window.desk.state.steps] == ["Open"]


def test_exporting_the_weights_does_not_save_the_project(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str]
) -> None:
    opened(window, qtbot)
    saved(window, qtbot)
    edited(window, qtbot, "act = GELU()")
    with qtbot.waitSignal(window.desk.saved):
        window.desk.save(tmp_path / "out.pth")
    assert window.isWindowModified()


def test_closing_asks_and_saves_the_project_first(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str]
) -> None:
    opened(window, qtbot)
    saved(window, qtbot)
    edited(window, qtbot, "fc = Linear(6, 5)")
    saved(window, qtbot)
    edited(window, qtbot, "act = GELU()")
    window.close()
    question = dialog(window, qtbot, UnsavedDialog)
    assert isinstance(question, UnsavedDialog)
    assert "work.modelwright" in question.text()
    assert question.informativeText().startswith("one step")
    buttons = QMessageBox.StandardButton
    texts = [question.button(b).text().replace("&", "") for b in
             (buttons.Save, buttons.Discard, buttons.Cancel)]  # fmt: skip
    assert texts == ["Save", "Don't Save", "Cancel"]
    question.button(buttons.Cancel).click()
    assert window.isVisible()
    window.close()
    question = dialog(window, qtbot, UnsavedDialog)
    assert isinstance(question, UnsavedDialog)
    question.button(buttons.Save).click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert str(core.open(str(tmp_path / "work.modelwright")).document.module("act")) != "ReLU()"


def test_a_save_that_fails_does_not_close_the_window_then_or_later(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str]
) -> None:
    opened(window, qtbot)
    saved(window, qtbot)
    edited(window, qtbot, "act = GELU()")
    project = tmp_path / "work.modelwright"
    project.unlink()
    project.mkdir()
    window.close()
    question = dialog(window, qtbot, UnsavedDialog)
    assert isinstance(question, UnsavedDialog)
    question.button(QMessageBox.StandardButton.Save).click()
    qtbot.waitUntil(lambda: "is a folder" in window.tree.notice.text)
    assert window.isVisible()
    assert window.isWindowModified()
    project.rmdir()
    saved(window, qtbot)
    assert window.isVisible()


def test_who_saves_twice_at_once_has_the_later_state_on_disk(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str]
) -> None:
    opened(window, qtbot)
    saved(window, qtbot)
    for layer in ("GELU()", "Tanh()", "SiLU()"):
        edited(window, qtbot, f"act = {layer}")
        window.commands.projects.save()
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert not window.isWindowModified()
    assert str(core.open(str(tmp_path / "work.modelwright")).document.module("act")) == "SiLU()"


def test_the_window_is_closed_while_a_project_is_saved(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    opened(window, qtbot)
    saved(window, qtbot)
    before = (tmp_path / "work.modelwright").read_bytes()
    edited(window, qtbot, "act = GELU()")
    begun: list[bool] = []

    def slow(*_: object, cancelled: Callable[[], bool], **__: object) -> None:
        begun.append(True)
        while not cancelled():
            pass
        raise Cancelled("Saving was stopped.")

    monkeypatch.setattr(core, "save_project", slow, raising=False)
    window.commands.projects.save()
    qtbot.waitUntil(lambda: bool(begun))
    window.close()
    question = dialog(window, qtbot, UnsavedDialog)
    assert isinstance(question, UnsavedDialog)
    question.button(QMessageBox.StandardButton.Discard).click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert (tmp_path / "work.modelwright").read_bytes() == before


def test_a_project_is_dropped_on_the_window(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    session = core.open(NET)
    session.apply("act = GELU()")
    file = session.save_project(tmp_path / "net.modelwright").path
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    Drag(window, data, QPoint(300, 300)).drop(QPoint(300, 300))
    qtbot.waitUntil(lambda: is_ready(window))
    assert window.windowTitle().startswith("net.modelwright")
    assert window.desk.state.can_undo
    window.commands.close_model()
    window.commands.open_source(window.settings.recent[0])
    qtbot.waitUntil(lambda: is_ready(window))
    assert window.windowTitle().startswith("net.modelwright")


def damaged(folder: Path, how: str) -> Path:
    """A project with something wrong about it."""
    weights(folder)
    session = core.open(NET)
    found = core.load(core.match(session.document, core.read_contents(folder / "trained.pth")))
    session.adopt(found.document, "Load")
    made = session.save_project(folder / "bad.modelwright")
    assert made.weights is not None
    if how == "no weights":
        made.weights.unlink()
    elif how == "other weights":
        made.weights.write_bytes((folder / "trained.pth").read_bytes())
    elif how == "newer":
        text = made.path.read_text().replace('"schema_version": 1', '"schema_version": 9', 1)
        made.path.write_text(text)
    elif how == "damaged":
        made.path.write_bytes(made.path.read_bytes()[:100])
    elif how == "moved code":
        made.path.write_text(made.path.read_text().replace(NET, "gone.py:Net()"))
    return made.path


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no weights", "needs its weights"),
        ("other weights", "contents differ"),
        ("newer", "newer Modelwright"),
        ("damaged", "not JSON"),
        ("moved code", "Put gone.py beside"),
    ],
)
def test_a_project_that_cannot_be_opened_is_answered_and_the_model_stays(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, how: str, said: str
) -> None:
    opened(window, qtbot)
    before = window.desk.state
    window.commands.open_path(damaged(tmp_path, how))
    qtbot.waitUntil(lambda: said in window.tree.notice.text)
    assert window.desk.state.document is before.document
    assert window.desk.state.project is None
    assert window.windowTitle().startswith("Sequential")


def test_code_of_a_project_runs_only_after_a_yes(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    mark, file = tmp_path / "it_ran", tmp_path / "net.py"
    file.write_text(
        f"from torch import nn\nopen({str(mark)!r}, 'a').close()\n"
        "class Net(nn.Linear):\n    def __init__(self): super().__init__(2, 2)\n"
    )
    session = core.open(f"{file}:Net()", trust=True)
    project = session.save_project(tmp_path / "net.modelwright").path
    mark.unlink()
    window.commands.open_path(project)
    question = dialog(window, qtbot, TrustDialog)
    assert isinstance(question, TrustDialog)
    assert question.path.text() == str(file)
    assert not mark.exists()
    question.run.click()
    qtbot.waitUntil(lambda: is_ready(window))
    assert mark.exists()
    assert window.windowTitle().startswith("net.modelwright")


def test_a_whole_model_with_a_class_of_ones_own_asks_about_the_class_not_the_project(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ownnet.py").write_text(
        "from torch import nn\nclass Own(nn.Linear):\n"
        "    def __init__(self): super().__init__(2, 2)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import ownnet  # type: ignore[import-not-found]

    torch.save(ownnet.Own(), tmp_path / "whole.pth")
    session = core.open(str(tmp_path / "whole.pth"), allow=("ownnet.Own",))
    project = session.save_project(tmp_path / "net.modelwright").path
    window.commands.open_path(project)
    sheet = dialog(window, qtbot, DangerSheet)
    assert isinstance(sheet, DangerSheet)
    assert any("whole.pth" in each.text() for each in sheet.findChildren(QLabel))
    sheet.reject()
    assert window.desk.state.document is None
