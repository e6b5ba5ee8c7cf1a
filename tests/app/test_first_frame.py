"""The window is seen before its panels are made, and whole soon after."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.settings import Settings

LOADED = """
import sys, pathlib
from app import start
_, window = start.make(pathlib.Path(sys.argv[1]))
print(sorted(m for m in sys.modules if m.startswith(("app.panels.", "app.commands", "torch"))))
"""


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> MainWindow:
    made = MainWindow(Settings(tmp_path / "settings.ini"), at_once=False)
    qtbot.addWidget(made)
    return made


def test_what_is_seen_first_needs_no_panel_but_the_welcome_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path / "s.ini")],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    names = ("notice", "status", "welcome")
    assert done.stdout.strip() == str([f"app.panels.{name}" for name in names])


def test_seen_comes_once_after_the_welcome_page_is_painted(
    window: MainWindow, qtbot: QtBot
) -> None:
    times: list[str] = []
    window.seen.connect(lambda: times.append("seen"))
    with qtbot.waitSignal(window.seen):
        window.show()
    window.update()
    qtbot.wait(50)
    assert times == ["seen"]


def test_panels_are_made_in_turns(window: MainWindow, qtbot: QtBot) -> None:
    window.furnish_in_turns()
    assert hasattr(window, "tree")
    assert not hasattr(window, "history")
    qtbot.waitUntil(lambda: hasattr(window, "turns"), timeout=10_000)
    for name in ("palette", "inspector", "problems", "weights", "history"):
        assert type(window.docks[name].widget()) is not QWidget


def test_who_commands_the_window_finds_it_whole(window: MainWindow, qtbot: QtBot) -> None:
    window.welcome.source_wanted.emit("Sequential(Linear(3, 4), ReLU())")
    assert hasattr(window, "turns")
    qtbot.waitUntil(lambda: window.desk.state.document is not None, timeout=60_000)
    qtbot.waitUntil(lambda: window.tree.model.rowCount() == 3)
    window.desk.close()


def test_a_window_is_closed_before_it_is_whole(window: MainWindow) -> None:
    window.show()
    assert window.close()
