"""Problems follow the state; their buttons ask for repairs, their rows select modules."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from torch import Tensor, nn

import core
from app.jobs import Jobs
from app.panels.problems import ProblemsPanel
from app.state import State
from core.document import Document, InputSpec
from core.session import Session

Make = Callable[..., State]


@pytest.fixture
def panel(jobs: Jobs, qtbot: QtBot) -> ProblemsPanel:
    made = ProblemsPanel(jobs)
    qtbot.addWidget(made)
    made.show()
    return made


def broken() -> Session:
    session = core.open("Sequential(Linear(4, 8), ReLU(), Linear(8, 2))")
    session.apply("2 = Linear(5, 2)")
    return session


def buttons(panel: ProblemsPanel) -> list[QPushButton]:
    return panel.findChildren(QPushButton)


def test_a_whole_model_is_said_to_have_none(panel: ProblemsPanel, state_of: Make) -> None:
    counts: list[int] = []
    panel.counted.connect(counts.append)
    panel.show_state(state_of(core.open("Sequential(Linear(4, 8))")))
    assert panel.rows == []
    assert counts == [0]


def test_a_problem_has_its_sentence_and_its_count(panel: ProblemsPanel, state_of: Make) -> None:
    counts: list[int] = []
    panel.counted.connect(counts.append)
    state = state_of(broken())
    panel.show_state(state)
    assert state.report is not None
    assert [row.accessibleName() for row in panel.rows] == [
        each.message for each in state.report.problems
    ]
    assert counts == [len(state.report.problems)] != [0]


def test_a_repair_button_asks_for_the_edit_that_repairs(
    panel: ProblemsPanel, state_of: Make, qtbot: QtBot
) -> None:
    session = broken()
    panel.show_state(state_of(session))
    qtbot.waitUntil(lambda: bool(buttons(panel)))
    asked: list[core.Edit] = []
    panel.asked.connect(asked.append)
    buttons(panel)[0].click()
    session.apply(asked[0])
    panel.show_state(state_of(session))
    assert panel.rows == []


def test_a_model_that_fails_as_a_whole_points_to_its_input(
    panel: ProblemsPanel, state_of: Make, qtbot: QtBot
) -> None:
    class TakesWords(nn.Module):
        def forward(self, batch: dict[str, Tensor]) -> Tensor:
            return batch["words"]

    panel.show_state(state_of(Session(Document.of(TakesWords(), (InputSpec(shape=(1, 3)),)))))
    (row,) = panel.rows
    assert row.problem.path == ""
    qtbot.waitUntil(
        lambda: any("the input above" in each.text() for each in row.findChildren(QLabel))
    )


def test_the_next_problem_selects_its_module(panel: ProblemsPanel, state_of: Make) -> None:
    panel.show_state(state_of(broken()))
    chosen: list[tuple[str, ...]] = []
    panel.selected.connect(chosen.append)
    panel.next_problem()
    panel.next_problem()
    assert chosen[0] == ("2",)
    assert len(chosen) == 2


def test_while_shapes_are_worked_out_the_problems_before_stay(
    panel: ProblemsPanel, state_of: Make
) -> None:
    session = broken()
    panel.show_state(state_of(session))
    panel.show_state(State(document=session.document, origin=session.history.origin))
    assert len(panel.rows) == 1


def test_undo_takes_the_problem_away(panel: ProblemsPanel, state_of: Make) -> None:
    session = broken()
    panel.show_state(state_of(session))
    session.undo()
    panel.show_state(state_of(session))
    assert panel.rows == []
