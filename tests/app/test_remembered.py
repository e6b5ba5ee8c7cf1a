"""What the settings say is what the window shows, from the start and when it changes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.dialogs.preferences import PreferencesDialog
from app.main_window import MainWindow
from app.settings import Settings


@pytest.fixture
def window_of(qtbot: QtBot) -> Iterator[Callable[[Settings], MainWindow]]:
    made: list[MainWindow] = []

    def make(settings: Settings) -> MainWindow:
        window = MainWindow(settings)
        window.resize(1000, 700)
        window.show()
        made.append(window)
        return window

    yield make
    for window in made:
        window.jobs.cancel_all()
        assert window.jobs.wait_all(30)
        window.close()
        window.deleteLater()


def test_damaged_settings_are_told_in_the_window_until_that_is_read(
    window_of: Callable[[Settings], MainWindow], tmp_path: Path
) -> None:
    file = tmp_path / "settings.ini"
    file.write_bytes(b"\x00\xff garbage")
    window = window_of(Settings(file))
    assert window.notice.isVisible()
    assert window.notice.text.startswith(f"The settings in {file} were damaged; they are now in")
    assert window.notice.height() < window.middle.height()
    closes = window.notice.findChild(QToolButton)
    assert closes is not None
    closes.click()
    assert not window.notice.isVisible()


def test_sound_settings_are_nothing_to_talk_about(
    window_of: Callable[[Settings], MainWindow], tmp_path: Path
) -> None:
    assert window_of(Settings(tmp_path / "settings.ini")).notice.text == ""


def test_what_is_forgotten_in_the_preferences_is_gone_from_the_window_at_once(
    window_of: Callable[[Settings], MainWindow], tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "settings.ini")
    settings.note_recent("resnet18")
    settings.recent_layers = ["Linear"]
    settings.favourites = ["Conv2d"]
    window = window_of(settings)

    def listed() -> list[str]:
        return [each.text() for each in window.welcome.recent.findChildren(QToolButton)]

    assert listed() == ["resnet18"]
    assert window.palette_panel.recent == ("Linear",)
    window.commands.show_preferences()
    dialog = window.findChild(PreferencesDialog)
    assert dialog is not None
    dialog.forget.click()
    assert listed() == []
    assert window.palette_panel.recent == ()
    assert window.palette_panel.favourites == ("Conv2d",)
    dialog.close()
