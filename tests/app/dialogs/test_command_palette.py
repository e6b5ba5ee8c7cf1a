"""What is meant comes first; what cannot be done is there, pale, with its reason."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from app import icons
from app.dialogs.command_palette import CommandPalette

Key = Qt.Key


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    made = QMainWindow()
    made.resize(900, 600)
    qtbot.addWidget(made)
    made.show()
    return made


def palette_of(window: QMainWindow, *titles: str) -> CommandPalette:
    made = CommandPalette([QAction(title, window) for title in titles], window)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    made.show()
    return made


@pytest.fixture
def palette(window: QMainWindow) -> Iterator[CommandPalette]:
    made = palette_of(window, "Save &Recipe…", "&Freeze", "&Replace With…", "Show &Weights")
    yield made
    made.close()


def titles(palette: CommandPalette) -> list[str]:
    return [item.text(0) for item in items(palette)]


def items(palette: CommandPalette):  # type: ignore[no-untyped-def]
    return [palette.list.topLevelItem(n) for n in range(palette.list.topLevelItemCount())]


def test_letters_of_two_words_find_a_command(palette: CommandPalette) -> None:
    palette.field.setText("rep w")
    assert titles(palette) == ["Replace With"]


def test_what_begins_with_the_letters_comes_before_what_only_holds_them(
    palette: CommandPalette,
) -> None:
    palette.field.setText("re")
    assert titles(palette) == ["Save Recipe", "Replace With", "Freeze"]


def test_where_nothing_fits_it_is_said_and_enter_does_nothing(
    palette: CommandPalette, qtbot: QtBot
) -> None:
    palette.field.setText("zzz")
    assert titles(palette) == ["No command is called so."]
    for key in (Key.Key_Down, Key.Key_Up, Key.Key_Return):
        qtbot.keyClick(palette.field, key)
    assert palette.isVisible()


def test_the_arrows_go_round(palette: CommandPalette, qtbot: QtBot) -> None:
    qtbot.keyClick(palette.field, Key.Key_Up)
    assert palette.list.currentItem().text(0) == "Show Weights"
    qtbot.keyClick(palette.field, Key.Key_Down)
    assert palette.list.currentItem().text(0) == "Save Recipe"


def test_escape_does_nothing_and_closes(palette: CommandPalette, qtbot: QtBot) -> None:
    done: list[bool] = []
    for action in palette._actions:
        action.triggered.connect(lambda: done.append(True))
    qtbot.keyClick(palette.field, Key.Key_Escape)
    assert not palette.isVisible()
    assert done == []


def test_a_click_does_a_command_that_can_be_done(palette: CommandPalette) -> None:
    done: list[bool] = []
    palette._actions[1].triggered.connect(lambda: done.append(True))
    palette.list.itemClicked.emit(items(palette)[1], 0)
    assert done == [True]


def test_an_icon_of_what_cannot_be_done_is_pale(window: QMainWindow) -> None:
    action = QAction(icons.icon("save"), "Save", window)
    action.setEnabled(False)
    palette = CommandPalette([action], window)
    shown, size = items(palette)[0].icon(0), QSize(16, 16)
    pale = action.icon().pixmap(size, QIcon.Mode.Disabled).toImage()
    assert shown.pixmap(size).toImage() == pale
    assert shown.pixmap(size).toImage() != action.icon().pixmap(size).toImage()
    palette.close()


def test_it_stands_in_the_top_centre_and_is_not_larger_than_a_small_window(
    window: QMainWindow,
) -> None:
    for size in (QSize(900, 600), QSize(360, 240)):
        window.resize(size)
        palette = palette_of(window, "Save")
        frame = palette.geometry().translated(-window.geometry().topLeft())
        assert abs(frame.center().x() - window.rect().center().x()) <= 4  # a frame, in part
        assert window.rect().contains(frame)
        palette.close()
