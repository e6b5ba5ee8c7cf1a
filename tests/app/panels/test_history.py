"""The history follows the steps; a click asks to go to one."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

import core
from app.panels.history import HistoryPanel
from app.state import State
from core.session import Session

Make = Callable[..., State]


@pytest.fixture
def panel(qtbot: QtBot) -> HistoryPanel:
    made = HistoryPanel()
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    QAbstractItemModelTester(made.model, fatal, made)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def session() -> Session:
    made = core.open("Sequential(Linear(4, 8), ReLU(), Linear(8, 2))")
    made.apply("1 = GELU()")
    made.apply("2 = Linear(8, 3)")
    return made


def labels(panel: HistoryPanel) -> list[str]:
    model = panel.model
    return [str(model.index(row).data()) for row in range(model.rowCount())]


def test_it_lists_the_steps_with_the_current_one_chosen(
    panel: HistoryPanel, session: Session, state_of: Make
) -> None:
    panel.show_state(state_of(session))
    assert labels(panel) == [step.label for step in session.history.steps]
    assert panel.list.currentIndex().row() == 2
    session.undo()
    panel.show_state(state_of(session))
    assert panel.list.currentIndex().row() == 1
    undone = panel.model.index(2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert undone.endswith("undone")


def test_an_edit_after_undo_takes_the_undone_steps_away(
    panel: HistoryPanel, session: Session, state_of: Make
) -> None:
    panel.show_state(state_of(session))
    session.jump(0)
    session.apply("1 = Tanh()")
    panel.show_state(state_of(session))
    assert labels(panel) == [step.label for step in session.history.steps]
    assert len(labels(panel)) == 2


def test_a_click_asks_to_go_to_a_step_but_not_to_the_current_one(
    panel: HistoryPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    panel.show_state(state_of(session))
    wanted: list[int] = []
    panel.jumped.connect(wanted.append)
    for row in (2, 0):
        at = panel.list.visualRect(panel.model.index(row)).center()
        qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert wanted == [0]


def test_undo_and_redo_can_be_asked_for_where_there_is_something(
    panel: HistoryPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    assert not panel.undo.isEnabled()
    session.undo()
    panel.show_state(state_of(session))
    with qtbot.waitSignals([panel.undone, panel.redone]):
        panel.undo.click()
        panel.redo.click()
    session.redo()
    panel.show_state(state_of(session))
    assert not panel.redo.isEnabled()
