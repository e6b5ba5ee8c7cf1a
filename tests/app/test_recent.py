"""A model that was opened before is opened again; one that is gone can be forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from app.dialogs.gone import GoneDialog
from app.main_window import MainWindow
from app.recent import file_of
from app.settings import Settings


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    settings = Settings(tmp_path / "settings.ini")
    for source in ("Linear(3, 4)", f"{tmp_path / 'gone.modelwright'}", f"{tmp_path}/net.py:Net(3)"):
        settings.note_recent(source)
    made = MainWindow(settings)
    made.show()
    yield made
    made.desk.close()
    made.jobs.cancel_all()
    assert made.jobs.wait_all(30)
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 0)


def entry(window: MainWindow, text: str) -> QToolButton:
    buttons = window.welcome.recent.findChildren(QToolButton)
    return next(each for each in buttons if text in each.text())


def asked(window: MainWindow) -> GoneDialog:
    dialog = window.findChild(GoneDialog)
    assert dialog is not None
    return dialog


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("net.py:Net(in_ch=3)", "net.py"), ("/a b/net.py", "/a b/net.py"),
        ("/a/work.modelwright", "/a/work.modelwright"), ("whole.pt", "whole.pt"),
        ("resnet50", None), ("timm:resnet10t", None), ("net(weights='a.pt')", None),
        ("Sequential(Linear(3, 4))", None), ("package.module:factory()", None),
    ],
)  # fmt: skip
def test_the_file_of_a_source(source: str, file: str | None) -> None:
    assert file_of(source) == (None if file is None else Path(file))


def test_what_is_gone_is_forgotten_after_a_yes_and_nothing_else_is(window: MainWindow) -> None:
    entry(window, "gone.modelwright").click()
    dialog = asked(window)
    assert "no gone.modelwright" in dialog.text()
    dialog.forget.click()
    assert not any("gone.modelwright" in each for each in window.settings.recent)
    assert len(window.settings.recent) == 2
    left = [each.text() for each in window.welcome.recent.findChildren(QToolButton)]
    assert not any("gone.modelwright" in each for each in left)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_no_key_pressed_without_looking_forgets_anything(
    window: MainWindow, qtbot: QtBot, key: Qt.Key
) -> None:
    entry(window, "net.py").click()
    qtbot.keyClick(asked(window), key)
    assert len(window.settings.recent) == 3


def test_the_menu_offers_the_same(window: MainWindow) -> None:
    window.recent_menu.aboutToShow.emit()
    next(each for each in window.recent_menu.actions() if "net.py" in each.text()).trigger()
    assert "no net.py" in asked(window).text()


def test_what_is_no_file_is_opened(window: MainWindow, qtbot: QtBot) -> None:
    entry(window, "Linear").click()
    qtbot.waitUntil(lambda: window.desk.state.document is not None)
    assert window.findChild(GoneDialog) is None
