"""From opening to plain PyTorch, through the real window: with the mouse, and by keys alone."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from app import mime
from app.dialogs.ask_layer import AskLayerDialog
from app.dialogs.trust import TrustDialog
from app.dialogs.unsaved import UnsavedDialog
from app.main_window import MainWindow
from app.screenshot import is_ready
from app.settings import Settings
from tests.app.drags import Drag

Key, Modifier = Qt.Key, Qt.KeyboardModifier
CTRL = Modifier.ControlModifier
SHIFT = Modifier.ShiftModifier
NET = "Sequential(body=Linear(8, 6), act=ReLU(), fc=Linear(6, 4))"

FRESH = """
import json, sys, torch
from torch import nn
from torchvision.models import resnet18
net = resnet18()
net.fc = eval(sys.argv[2], {**vars(nn), "Linear": nn.Linear})
print(json.dumps(str(net.load_state_dict(torch.load(sys.argv[1]), strict=True))))
"""


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(tmp_path / "settings.ini"))
    made.resize(1200, 800)
    with qtbot.waitActive(made):  # keys of an inactive window are nobody's
        made.show()
        made.activateWindow()
    made.torch_is_ready()
    yield made
    made.desk.close()
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 0)


def ready(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: is_ready(window), timeout=60_000)


def opened(window: MainWindow, qtbot: QtBot, source: str = NET) -> None:
    window.commands.open_source(source)
    ready(window, qtbot)


def press(
    window: MainWindow, qtbot: QtBot, key: Qt.Key, keys: Qt.KeyboardModifier = Modifier.NoModifier
) -> None:
    """Press a key of the window, which has to be the active one: offscreen nobody sees to that."""
    if not window.isActiveWindow():
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, key, keys)


def row(window: MainWindow, path: str) -> QPoint:
    return window.tree.view.visualRect(window.tree.model.index_of(path)).center()


def children(window: MainWindow) -> list[str]:
    assert window.desk.state.document is not None
    return [str(child) for child in window.desk.state.document.root.children()]


def saved_to(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))


def test_a_head_is_dragged_on_fc_undone_redone_saved_and_loaded_by_plain_pytorch(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(window, qtbot, "resnet18")
    viewport = window.tree.view.viewport()
    Drag(viewport, mime.of_layer("preset:mlp"), row(window, "fc")).drop(row(window, "fc"))
    qtbot.waitUntil(lambda: window.desk.state.cursor == 1)
    ready(window, qtbot)
    report = window.desk.state.report
    assert report is not None
    assert report.problems == ()
    assert window.isWindowModified()
    assert window.tree.model.index_of("fc").data() == "fc"
    with_head = window.desk.state.document
    press(window, qtbot, Key.Key_Z, CTRL)
    assert window.desk.state.document is window.desk.state.origin
    press(window, qtbot, Key.Key_Z, CTRL | SHIFT)
    assert window.desk.state.document is with_head
    saved_to(monkeypatch, tmp_path / "head.pth")
    with qtbot.waitSignal(window.desk.saved):
        press(window, qtbot, Key.Key_E, CTRL | Modifier.AltModifier)
    assert not window.isWindowModified()
    assert with_head is not None
    head = str(with_head.module("fc")).replace("\n", " ")
    spec = _as_code(with_head)
    done = subprocess.run(
        [sys.executable, "-I", "-c", FRESH, str(tmp_path / "head.pth"), spec],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + head
    assert json.loads(done.stdout) == "<All keys matched successfully>"


def _as_code(document: object) -> str:
    """The head as plain PyTorch writes it: named children in an OrderedDict."""
    from core.catalog import describe

    head = document.module("fc")  # type: ignore[attr-defined]
    parts = ", ".join(f"('{name}', {describe(child)})" for name, child in head.named_children())
    return f"Sequential(__import__('collections').OrderedDict([{parts}]))"


def test_the_same_by_keys_alone(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = window.welcome.field
    field.setFocus()
    qtbot.keyClicks(field, NET)
    qtbot.keyClick(field, Key.Key_Return)
    qtbot.waitUntil(lambda: window.desk.state.document is not None, timeout=60_000)
    ready(window, qtbot)
    view = window.tree.view
    assert view.hasFocus()
    qtbot.keyClick(view, Key.Key_End)
    qtbot.waitUntil(lambda: window.desk.state.selection == ("fc",))
    qtbot.keyClick(view, Key.Key_R, CTRL)
    dialog = window.findChild(AskLayerDialog)
    assert dialog is not None
    assert dialog.field.text() == "Linear(6, 4)"
    dialog.field.setText("Linear(6, 9)")
    qtbot.keyClick(dialog.field, Key.Key_Return)
    qtbot.waitUntil(lambda: window.desk.state.cursor == 1)
    ready(window, qtbot)
    press(window, qtbot, Key.Key_Up, Modifier.AltModifier)
    qtbot.waitUntil(lambda: window.desk.state.cursor == 2)
    press(window, qtbot, Key.Key_Z, CTRL)
    assert children(window)[-1].startswith("Linear(in_features=6, out_features=9")
    saved_to(monkeypatch, tmp_path / "net.pth")
    with qtbot.waitSignal(window.desk.saved):
        press(window, qtbot, Key.Key_E, CTRL | Modifier.AltModifier)
    import torch
    from torch import nn

    plain = nn.Sequential()
    for name, layer in (("body", nn.Linear(8, 6)), ("act", nn.ReLU()), ("fc", nn.Linear(6, 9))):
        plain.add_module(name, layer)
    plain.load_state_dict(torch.load(tmp_path / "net.pth"), strict=True)


def test_cut_and_paste_moves_copy_and_paste_copies(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot, "Sequential(ReLU(), Sequential(Tanh()), GELU())")
    window.desk.select(("0",))
    press(window, qtbot, Key.Key_X, CTRL)
    window.desk.select(("1",))
    press(window, qtbot, Key.Key_V, CTRL)
    qtbot.waitUntil(lambda: window.desk.state.cursor == 1)
    assert [each.partition("(")[0] for each in children(window)] == ["Sequential", "GELU"]
    window.desk.select(("1",))
    press(window, qtbot, Key.Key_C, CTRL)
    press(window, qtbot, Key.Key_V, CTRL)
    qtbot.waitUntil(lambda: window.desk.state.cursor == 2)
    assert [each.partition("(")[0] for each in children(window)] == ["Sequential", "GELU", "GELU"]


def test_a_layer_from_a_script_is_pasted(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot)
    QApplication.clipboard().setText("nn.Linear(4, 2)")
    window.desk.select(("fc",))
    press(window, qtbot, Key.Key_V, CTRL)
    qtbot.waitUntil(lambda: window.desk.state.cursor == 1)
    assert children(window)[-1].startswith("Linear(in_features=4, out_features=2")


def test_what_is_refused_is_said_in_the_window_and_nothing_changes(
    window: MainWindow, qtbot: QtBot
) -> None:
    opened(window, qtbot)
    before = window.desk.state
    window.desk.select(("",))
    window.commands.do("move", 1)
    assert "beside the model" in window.tree.notice.text
    window.desk.ask("nothing = ReLU()")
    qtbot.waitUntil(lambda: "nothing" in window.tree.notice.text)
    assert window.desk.state.document is before.document
    assert window.desk.state.steps == before.steps


def test_an_input_that_breaks_the_model_gives_problems_and_no_dialog(
    window: MainWindow, qtbot: QtBot
) -> None:
    opened(window, qtbot)
    field = window.tree.totals_bar.input
    field.setText("1,5")
    qtbot.keyClick(field, Key.Key_Return)
    qtbot.waitUntil(lambda: window.desk.state.cursor == 1)
    ready(window, qtbot)
    assert "(1)" in window.docks["problems"].windowTitle()
    assert window.tree.totals_bar.output.text() == "→ fails"
    press(window, qtbot, Key.Key_F8)
    assert window.desk.state.selection == ("body",)


def test_unsaved_steps_are_asked_about_before_another_model_is_opened(
    window: MainWindow, qtbot: QtBot
) -> None:
    opened(window, qtbot)
    window.desk.ask("act = GELU()")
    qtbot.waitUntil(lambda: window.desk.state.cursor == 1)
    document = window.desk.state.document
    window.commands.open_source("Linear(2, 2)")
    dialog = window.findChild(UnsavedDialog)
    assert dialog is not None
    dialog.button(dialog.StandardButton.Cancel).click()
    assert window.desk.state.document is document
    window.commands.open_source("Linear(2, 2)")
    dialog = next(each for each in window.findChildren(UnsavedDialog) if each.isVisible())
    dialog.button(dialog.StandardButton.Discard).click()
    qtbot.waitUntil(lambda: window.desk.state.document is not document)


def test_closing_asks_about_unsaved_steps(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot)
    window.desk.ask("act = GELU()")
    qtbot.waitUntil(lambda: window.desk.state.cursor == 1)
    window.close()
    assert window.isVisible()
    dialog = next(each for each in window.findChildren(UnsavedDialog) if each.isVisible())
    dialog.button(dialog.StandardButton.Discard).click()
    qtbot.waitUntil(lambda: not window.isVisible())


def test_code_of_a_file_that_is_dropped_runs_only_after_a_yes(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file, mark = tmp_path / "net.py", tmp_path / "it_ran"
    file.write_text(
        "from pathlib import Path\nfrom torch import nn\n"
        f"Path({str(mark)!r}).touch()\nclass Net(nn.Linear):\n"
        "    def __init__(self): super().__init__(2, 2)\n"
    )
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    Drag(window, data, QPoint(300, 300)).drop(QPoint(300, 300))
    qtbot.waitUntil(lambda: window.findChild(TrustDialog) is not None)
    dialog = window.findChild(TrustDialog)
    assert dialog is not None
    assert str(file) in dialog.path.text()
    dialog.keep.click()
    assert not mark.exists()
    assert window.desk.state.document is None
    window.commands.open_path(file)
    qtbot.waitUntil(lambda: any(d.isVisible() for d in window.findChildren(TrustDialog)))
    next(each for each in window.findChildren(TrustDialog) if each.isVisible()).run.click()
    qtbot.waitUntil(lambda: window.desk.state.document is not None)
    assert mark.exists()


def test_what_is_no_model_is_answered_on_the_start_page(window: MainWindow, qtbot: QtBot) -> None:
    window.commands.open_source("resnet51")
    qtbot.waitUntil(lambda: "resnet51" in window.welcome.hint.text() and not window.jobs.running)
    assert "resnet50" in window.welcome.hint.text()


def test_closing_while_a_job_runs_ends_it(window: MainWindow, qtbot: QtBot) -> None:
    import threading

    goes_on = threading.Event()

    def work(job) -> None:  # type: ignore[no-untyped-def]
        while not job.cancelled() and not goes_on.wait(0.01):
            pass

    job = window.jobs.start(work, lambda _: None, title="Something long")
    window.close()
    qtbot.waitUntil(lambda: not job.running)
    goes_on.set()


def test_recent_models_are_remembered(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened(window, qtbot)
    assert window.settings.recent == [NET]
    window.settings.sync()
    assert Settings(tmp_path / "settings.ini").recent == [NET]


def test_a_screen_that_is_gone_does_not_take_the_window_along(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.move(20_000, 20_000)
    window._keep_on_a_screen()
    assert window.screen().availableGeometry().intersects(window.frameGeometry())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_is_switched_at_run_time(window: MainWindow, qtbot: QtBot, theme: str) -> None:
    opened(window, qtbot)
    window.set_theme(theme)  # type: ignore[arg-type]
    QApplication.processEvents()
    ground = window.grab().toImage().pixelColor(5, 300).lightness()
    assert (ground < 128) == (theme == "dark")
    assert window.settings.theme == theme
