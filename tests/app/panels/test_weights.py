"""The ledger follows the document, and only where somebody looks."""

from collections.abc import Callable

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

import core
from app.jobs import Jobs
from app.panels.weights import WeightsPanel
from app.state import State
from core.session import Session

Make = Callable[..., State]


@pytest.fixture
def panel(jobs: Jobs, qtbot: QtBot) -> WeightsPanel:
    made = WeightsPanel(jobs)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def session() -> Session:
    return core.open("Sequential(Linear(4, 8), ReLU(), Linear(8, 2))")


def followed(panel: WeightsPanel, state: State, qtbot: QtBot) -> None:
    panel.show_state(state)
    qtbot.waitUntil(lambda: panel._job is not None and not panel._job.running)
    qtbot.waitUntil(lambda: panel.ledger is not None)


def test_a_replaced_layer_has_new_and_dropped_rows(
    panel: WeightsPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    session.apply("2 = Linear(8, 3)")
    followed(panel, state_of(session), qtbot)
    expected = core.ledger(session.history.origin, session.document)
    changed = [(e.status, e.name) for e in expected.entries if e.status != "kept"]
    assert [(e.status, e.name) for e in panel.model.entries] == changed
    assert {status for status, _ in changed} == {"new", "dropped"}


def test_kept_tensors_are_shown_on_request(
    panel: WeightsPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    followed(panel, state_of(session), qtbot)
    assert panel.model.entries == []
    panel.changed_only.setChecked(False)
    assert [e.name for e in panel.model.entries] == list(session.document.root.state_dict())
    panel.filter.setText("2. bias")
    assert [e.name for e in panel.model.entries] == ["2.bias"]


def test_a_double_click_selects_the_module_of_a_tensor(
    panel: WeightsPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    followed(panel, state_of(session), qtbot)
    panel.changed_only.setChecked(False)
    chosen: list[tuple[str, ...]] = []
    panel.selected.connect(chosen.append)
    panel.table.doubleClicked.emit(panel.model.index(2, 0))
    assert chosen == [("2",)]


def test_the_table_is_copied_as_text(
    panel: WeightsPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    session.apply("2 = Linear(8, 3)")
    followed(panel, state_of(session), qtbot)
    panel.copy.click()
    assert "new\t2.weight\t3×8\t24\t" in QGuiApplication.clipboard().text()


def test_a_tab_behind_another_works_nothing_out(
    panel: WeightsPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    panel.look(False)
    panel.show_state(state_of(session))
    assert panel._job is None
    panel.look(True)
    qtbot.waitUntil(lambda: panel.ledger is not None)


def test_without_a_model_there_is_no_ledger(
    panel: WeightsPanel, session: Session, state_of: Make, qtbot: QtBot
) -> None:
    followed(panel, state_of(session), qtbot)
    panel.show_state(State())
    assert panel.ledger is None
    assert not panel.copy.isEnabled()
