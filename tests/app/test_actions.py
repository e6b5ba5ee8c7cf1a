"""Every command: one row, one shortcut, a reason when it cannot be done; and names for all."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.actions import MENUS, ROWS
from app.icons import FOLDER
from app.main_window import MainWindow
from app.screenshot import is_ready
from app.settings import Settings
from app.state import State

NET = "Sequential(conv=Conv2d(3, 4, 3), act=ReLU(), tail=Sequential(Tanh()))"


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(tmp_path / "settings.ini"))
    made.show()
    made.torch_is_ready()
    yield made
    made.desk.close()
    made.close()
    made.deleteLater()


def test_ids_and_shortcuts_are_taken_once() -> None:
    assert max(Counter(row.id for row in ROWS).values()) == 1
    keys = Counter(row.shortcut for row in ROWS if row.shortcut)
    assert max(keys.values()) == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_is_whole(row) -> None:  # type: ignore[no-untyped-def]
    assert row.menu in MENUS
    assert row.tip
    assert not row.icon or (FOLDER / f"{row.icon}.svg").exists()
    assert not row.shortcut or not QKeySequence(row.shortcut).isEmpty()


def test_without_a_model_what_cannot_be_done_says_why(window: MainWindow) -> None:
    for row in ROWS:
        action = window.actions_table.by_id[row.id]
        assert action.isEnabled() == (not row.why_not(State()))
        assert action.isEnabled() or action.property("why")
        assert action.statusTip()


def test_every_row_stands_in_its_menu(window: MainWindow) -> None:
    for menu in window.menuBar().actions():
        held = menu.menu().actions()  # type: ignore[attr-defined]
        for row in ROWS:
            if row.menu == menu.menu().objectName():  # type: ignore[attr-defined]
                assert window.actions_table.by_id[row.id] in held


def test_every_command_can_be_done_to_a_model_and_none_ends_in_a_bug(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are walked, on a module of a container and on the root; dialogs are closed again."""
    from PySide6.QtWidgets import QDialog, QFileDialog

    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *a, **k: ("", ""))
    monkeypatch.setattr(window, "close", lambda: True)
    for path in ("act", ""):
        for row in ROWS:
            if window.desk.state.document is None:
                window.commands.open_source(NET)
            elif window.desk.state.cursor:
                window.desk.jump(0)
            qtbot.waitUntil(
                lambda: is_ready(window),
                timeout=60_000,
            )
            window.desk.select((path,))
            action = window.actions_table.by_id[row.id]
            if action.isEnabled():
                action.trigger()
                qtbot.waitUntil(lambda: not window.jobs.running, timeout=60_000)
            for dialog in window.findChildren(QDialog):
                dialog.reject()


CONTROLS = (
    QAbstractButton, QLineEdit, QComboBox, QAbstractItemView, QPlainTextEdit, QAbstractSpinBox,
)  # fmt: skip


def test_every_control_has_a_name_for_a_screen_reader(window: MainWindow, qtbot: QtBot) -> None:
    window.commands.open_source(NET)
    qtbot.waitUntil(lambda: is_ready(window), timeout=60_000)
    window.desk.select(("conv",))
    qtbot.waitUntil(lambda: not window.jobs.running)
    buddies = {label.buddy() for label in window.findChildren(QLabel) if label.buddy()}
    nameless = [
        each
        for each in window.findChildren(QWidget)
        if isinstance(each, CONTROLS) and not _named(each) and each not in buddies
    ]
    assert nameless == []


def _named(widget: QWidget) -> bool:
    """Qt's own parts (a spin box's field, a combo's list, a header) go by their parent's name."""
    if widget.accessibleName():
        return True
    if isinstance(widget, QAbstractButton) and (widget.text() or widget.toolTip()):
        return True
    if widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    kinds = (QAbstractSpinBox, QComboBox, QLineEdit, QAbstractItemView)
    while parent is not None:
        if isinstance(parent, kinds) and parent.accessibleName():
            return True
        parent = parent.parentWidget()
    return False
