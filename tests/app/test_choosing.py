"""A file with several models through the real window: list, arguments, the yes, the model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from app.dialogs.pick_model import PickModelDialog
from app.dialogs.trust import TrustDialog
from app.main_window import MainWindow
from app.settings import Settings

NET = '''from torch import nn

class Block(nn.Module):
    """Two convolutions."""
    def __init__(self, width, act=nn.ReLU):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3)

class Net(nn.Module):
    """A small network."""
    def __init__(self, in_ch, classes=2, mode: str = "a"):
        super().__init__()
        self.head = nn.Linear(in_ch, classes)
        self.mode = mode

    def forward(self, x):
        return self.head(x)

def tiny() -> Net:
    return Net(3)
'''


@pytest.fixture
def net(tmp_path: Path) -> Path:
    file = tmp_path / "net.py"
    file.write_text(NET)
    return file


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(tmp_path / "settings.ini"))
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    yield made
    made.desk.close()
    made.jobs.cancel_all()
    assert made.jobs.wait_all(30)
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 0)


def sheet(window: MainWindow, qtbot: QtBot) -> PickModelDialog:
    qtbot.waitUntil(lambda: window.findChild(PickModelDialog) is not None)
    dialog = window.findChild(PickModelDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.isActiveWindow())
    return dialog


def opened(window: MainWindow, qtbot: QtBot) -> str:
    """Say yes to the code, and return the source that was opened."""
    qtbot.waitUntil(lambda: window.findChild(TrustDialog) is not None)
    dialog = window.findChild(TrustDialog)
    assert dialog is not None
    dialog.run.click()
    qtbot.waitUntil(lambda: window.desk.state.document is not None)
    assert window.desk.state.document is not None
    return window.desk.state.document.source.text


def key(window: MainWindow, qtbot: QtBot, *keys: Qt.Key) -> None:
    for each in keys:
        focused = QApplication.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, each)


def test_a_file_is_opened_by_the_keyboard_alone(
    window: MainWindow, qtbot: QtBot, net: Path
) -> None:
    window.commands.open_path(net)
    dialog = sheet(window, qtbot)
    assert window.findChild(TrustDialog) is None
    assert QApplication.focusWidget() is dialog.table
    assert dialog.offer.name == "Net"
    assert dialog.said.text() == "Net needs in_ch."
    key(window, qtbot, Qt.Key.Key_Return)
    assert dialog.said.tone == "problem"
    assert QApplication.focusWidget() is dialog.fields["in_ch"]
    qtbot.keyClicks(dialog.fields["in_ch"], "4")
    key(window, qtbot, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is dialog.fields["classes"]
    key(window, qtbot, Qt.Key.Key_Tab)
    qtbot.keyClicks(dialog.fields["mode"], "wide")
    assert dialog.said.text() == "Opens net.py:Net(in_ch=4, mode='wide')"
    key(window, qtbot, Qt.Key.Key_Return)
    assert opened(window, qtbot) == f"{net}:Net(in_ch=4, mode='wide')"
    document = window.desk.state.document
    assert document is not None
    assert document.module("head").in_features == 4
    assert document.root.mode == "wide"
    assert window.settings.recent[0] == f"{net}:Net(in_ch=4, mode='wide')"


def test_a_double_click_opens_what_needs_nothing(
    window: MainWindow, qtbot: QtBot, net: Path
) -> None:
    window.commands.open_path(net)
    dialog = sheet(window, qtbot)
    at = dialog.table.visualRect(dialog.model.index(2, 0)).center()
    qtbot.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened(window, qtbot) == f"{net}:tiny"


def test_the_code_is_agreed_to_once_for_all_of_its_models(
    window: MainWindow, qtbot: QtBot, net: Path
) -> None:
    window.commands.open_source(f"{net}:tiny()")
    opened(window, qtbot)
    qtbot.waitUntil(lambda: window.findChild(TrustDialog) is None)
    window.commands.open_path(net)
    dialog = sheet(window, qtbot)
    dialog.fields["in_ch"].setText("7")
    dialog.opens.click()
    qtbot.waitUntil(lambda: window.desk.state.name.startswith("net.py:Net"))
    assert window.findChild(TrustDialog) is None


@pytest.mark.parametrize("way", ["typed", "dropped", "chosen", "recent"])
def test_every_way_to_open_a_file_shows_the_list(
    window: MainWindow, qtbot: QtBot, net: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "typed":
        window.welcome.field.setText(str(net))
        qtbot.keyClick(window.welcome.field, Qt.Key.Key_Return)
    elif way == "dropped":
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(net))])
        none = Qt.KeyboardModifier.NoModifier
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        window.dropEvent(QDropEvent(QPoint(5, 5), copy, data, left, none))
    elif way == "chosen":
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(net), ""))
        monkeypatch.setattr(QFileDialog, "exec", lambda self: 1)
        monkeypatch.setattr(QFileDialog, "selectedFiles", lambda self: [str(net)])
        window.commands.open_file()
    else:  # an older version of the file needed nothing
        window.settings.note_recent(f"{net}:Net")
        window.commands.open_source(window.settings.recent[0])
    dialog = sheet(window, qtbot)
    assert [each.name for each in dialog.model.offers] == ["Block", "Net", "tiny"]
    assert dialog.offer.name == "Net"
    dialog.reject()
    assert window.desk.state.document is None
    assert "Opening" not in window.welcome.hint.text()


def test_what_was_typed_before_stands_in_the_fields(
    window: MainWindow, qtbot: QtBot, net: Path
) -> None:
    window.commands.open_source(f"{net}:Net(classes=5)")
    dialog = sheet(window, qtbot)
    assert dialog.fields["classes"].text() == "5"
    assert QApplication.focusWidget() is dialog.fields["in_ch"]


def test_looking_at_another_model_forgets_nothing(
    window: MainWindow, qtbot: QtBot, net: Path
) -> None:
    window.commands.open_path(net)
    dialog = sheet(window, qtbot)
    dialog.fields["in_ch"].setText("4")
    key(window, qtbot, Qt.Key.Key_Up)
    assert list(dialog.fields) == ["width", "act"]
    assert dialog.fields["act"].placeholderText() == "nn.ReLU if left empty"
    key(window, qtbot, Qt.Key.Key_Down)
    assert dialog.fields["in_ch"].text() == "4"


def test_everything_in_the_sheet_has_a_name(window: MainWindow, qtbot: QtBot, net: Path) -> None:
    window.commands.open_path(net)
    dialog = sheet(window, qtbot)
    assert dialog.table.accessibleName() == "Models in the file"
    role = Qt.ItemDataRole.AccessibleTextRole
    assert "needs in_ch" in dialog.model.data(dialog.model.index(1, 0), role)
    names = [each.accessibleName() for each in dialog.fields.values()]
    assert names == ["in_ch *, needed, such as 3", "classes, 2 if left empty",
                     "mode, 'a' if left empty"]  # fmt: skip


def test_the_only_class_without_needs_is_asked_about_at_once(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "one.py"
    file.write_text("from torch import nn\nclass Net(nn.Module):\n    pass\n")
    window.commands.open_path(file)
    assert opened(window, qtbot) == f"{file}:Net"
    assert window.findChild(PickModelDialog) is None
