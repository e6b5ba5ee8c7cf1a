"""The preferences begin with what is set, and Enter alone forgets nothing."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.dialogs.preferences import PreferencesDialog
from app.settings import Settings
from app.theme import Theme


def preferences(qtbot: QtBot, settings: Settings) -> PreferencesDialog:
    dialog = PreferencesDialog(settings)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_the_theme_that_is_set_is_shown(qtbot: QtBot, tmp_path: Path, theme: Theme) -> None:
    settings = Settings(tmp_path / "settings.ini")
    settings.theme = theme
    dialog = preferences(qtbot, settings)
    assert dialog.theme.currentData() == theme


def test_enter_closes_and_forgets_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.ini")
    settings.note_recent("resnet18")
    dialog = preferences(qtbot, settings)
    qtbot.keyClick(dialog.theme, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert settings.recent == ["resnet18"]
