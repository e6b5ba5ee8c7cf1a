"""The start page asks for a model: typed, from the zoo, a file, or one of the last."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.panels.welcome import WelcomePage


@pytest.fixture
def page(qtbot: QtBot) -> WelcomePage:
    made = WelcomePage()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def wanted(page: WelcomePage) -> list[str]:
    found: list[str] = []
    page.source_wanted.connect(found.append)
    return found


def recent(page: WelcomePage) -> list[QToolButton]:
    return page.recent.findChildren(QToolButton)


def test_a_typed_source_is_asked_for(page: WelcomePage, wanted: list[str], qtbot: QtBot) -> None:
    page.field.setText("  resnet18 ")
    qtbot.keyClick(page.field, Qt.Key.Key_Return)
    assert wanted == ["resnet18"]


def test_an_empty_field_opens_what_it_proposes(page: WelcomePage, wanted: list[str]) -> None:
    page.opens.click()
    assert wanted == [page.field.placeholderText()]


def test_the_zoo_and_a_file_are_one_click_away(page: WelcomePage, qtbot: QtBot) -> None:
    with qtbot.waitSignals([page.zoo_wanted, page.file_wanted]):
        page.zoo.click()
        page.file.click()


def test_what_was_opened_last_is_opened_again(page: WelcomePage) -> None:
    wanted: list[str] = []
    page.recent_wanted.connect(wanted.append)
    page.set_recent(["resnet50", "net.py:Net"])
    recent(page)[1].click()
    assert wanted == ["net.py:Net"]


def test_a_refusal_stands_under_the_field_until_the_next_try(page: WelcomePage) -> None:
    page.show_refusal("There is no model 'resnet5'.")
    assert page.hint.text() == "There is no model 'resnet5'."
    page.opens.click()
    assert "Opening" in page.hint.text()
