"""The hooks tell of a fault, and have none themselves."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QPushButton
from pytestqt.qtbot import QtBot

from app.dialogs import crash


@pytest.fixture
def hooks(qapp: object) -> Iterator[crash.Hooks]:
    made = crash.Hooks(lambda: None)
    yield made
    for dialog in shown():
        dialog.close()


def shown() -> list[crash.CrashDialog]:
    found = QApplication.topLevelWidgets()
    return [w for w in found if isinstance(w, crash.CrashDialog) and w.isVisible()]


def fault(hooks: crash.Hooks, text: str = "the bug") -> None:
    try:
        raise ZeroDivisionError(text)
    except ZeroDivisionError as error:
        hooks._caught(type(error), error, error.__traceback__)


def test_after_one_dialog_is_closed_the_next_fault_is_shown_again(hooks: crash.Hooks) -> None:
    fault(hooks, "first")
    shown()[0].reject()
    assert shown() == []
    fault(hooks, "second")
    assert "second" in shown()[0].details.toPlainText()


def test_a_fault_of_another_thread_is_logged_and_shows_no_widget_from_there(
    hooks: crash.Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    thread = threading.Thread(target=fault, args=(hooks, "from a thread"))
    with caplog.at_level(logging.ERROR, "modelwright"):
        thread.start()
        thread.join()
    assert "from a thread" in caplog.text
    assert shown() == []


@pytest.mark.parametrize("broken", ["none", "closed"])
def test_without_a_terminal_the_dialog_comes_all_the_same(
    hooks: crash.Hooks, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    class Closed:
        def write(self, text: str) -> int:
            raise ValueError("I/O operation on closed file")

        def flush(self) -> None:
            raise ValueError("I/O operation on closed file")

    monkeypatch.setattr(sys, "stderr", None if broken == "none" else Closed())
    fault(hooks)
    assert len(shown()) == 1


def test_a_window_that_cannot_be_asked_for_does_not_make_a_second_fault(
    qapp: object, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_window() -> None:
        raise RuntimeError("no window")

    before = sys.excepthook
    sys.excepthook = sys.__excepthook__
    try:
        fault(crash.Hooks(no_window), "the first fault")
    finally:
        sys.excepthook = before
    assert "the first fault" in capsys.readouterr().err
    assert shown() == []


def test_a_window_that_is_gone_is_not_used(qtbot: QtBot) -> None:
    import shiboken6

    window = QMainWindow()
    hooks = crash.Hooks(lambda: window)  # type: ignore[arg-type, return-value]
    shiboken6.delete(window)
    fault(hooks)
    assert len(shown()) == 1
    shown()[0].close()


def test_the_details_can_be_copied_and_a_copy_saved(qtbot: QtBot) -> None:
    dialog = crash.CrashDialog("the details")
    qtbot.addWidget(dialog)
    buttons = {each.text().split()[0]: each for each in dialog.findChildren(QPushButton)}
    buttons["Copy"].click()
    assert QGuiApplication.clipboard().text() == "the details"
    with qtbot.waitSignal(dialog.save_wanted):
        buttons["Save"].click()


@pytest.mark.qt_log_ignore("said by Qt")
def test_what_qt_says_goes_to_the_log_until_the_hooks_are_removed(
    qapp: object, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = crash.install(lambda: None)
    with caplog.at_level(logging.WARNING, "modelwright"):
        qWarning("this was said by Qt")
    hooks.remove()
    assert "Qt: this was said by Qt" in caplog.text
    caplog.clear()
    qWarning("later said by Qt")
    assert caplog.text == ""
