"""In the window, too, the yes is to the code in the dialog and to no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.dialogs.trust import TrustDialog
from app.main_window import MainWindow
from app.settings import Settings

NET = "from torch import nn\nclass Net(nn.Module):\n    mark = {!r}\n"


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(tmp_path / "settings.ini"))
    made.show()
    yield made
    made.desk.close()
    made.jobs.cancel_all()
    assert made.jobs.wait_all(30)
    made.close()
    made.deleteLater()


def asked(window: MainWindow, qtbot: QtBot, file: Path) -> TrustDialog:
    window.commands.open_source(f"{file}:Net()")
    qtbot.waitUntil(lambda: window.findChild(TrustDialog) is not None)
    dialog = window.findChild(TrustDialog)
    assert dialog is not None
    return dialog


def test_the_code_in_the_dialog_is_run(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(NET.format("seen"))
    dialog = asked(window, qtbot, file)
    assert dialog.code.toPlainText() == file.read_text()
    dialog.run.click()
    qtbot.waitUntil(lambda: window.desk.state.document is not None)


def test_code_that_changed_while_the_dialog_was_open_is_refused_in_place(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file, ran = tmp_path / "net.py", tmp_path / "ran"
    file.write_text(NET.format("seen"))
    dialog = asked(window, qtbot, file)
    file.write_text(f"open({str(ran)!r}, 'w')\n" + NET.format("other"))
    said: list[str] = []
    window.desk.refused.connect(said.append)
    dialog.run.click()
    qtbot.waitUntil(lambda: bool(said))
    assert said == [f"{file} changed since you looked at it; look again."]
    assert not ran.exists()
    assert window.desk.state.document is None
    asked(window, qtbot, file)  # and looking again shows what stands there now
    shown = [each.code.toPlainText() for each in window.findChildren(TrustDialog)]
    assert file.read_text() in shown
