"""A notice says one sentence until it is closed or out of date."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.panels.notice import Notice


def test_it_is_there_only_while_it_has_something_to_say(qtbot: QtBot) -> None:
    notice = Notice()
    qtbot.addWidget(notice)
    assert notice.isHidden()
    notice.say("fc expects 2048 features.", "refused")
    assert notice.isVisible()
    assert notice.text == "fc expects 2048 features."
    notice.say("")
    assert notice.isHidden()
    assert notice.text == ""


def test_it_can_be_closed(qtbot: QtBot) -> None:
    notice = Notice()
    qtbot.addWidget(notice)
    notice.say("Saved.")
    button = notice.findChild(QToolButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert notice.text == ""
