"""The ledger's table under Qt's own tester, through edits, filters and orders."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

import core
from app.item_models.ledger import LedgerModel
from core.session import Session


@pytest.fixture
def model() -> LedgerModel:
    made = LedgerModel()
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    QAbstractItemModelTester(made, fatal, made)
    return made


def shown(model: LedgerModel, session: Session) -> list[str]:
    model.show_ledger(core.ledger(session.history.origin, session.document))
    return [entry.status for entry in model.entries]


def test_it_follows_edits_and_undo(model: LedgerModel) -> None:
    session = core.open("Sequential(Linear(4, 8), ReLU(), Linear(8, 2))")
    assert shown(model, session) == ["kept"] * 4
    session.apply("2 = Linear(8, 3)")
    assert sorted(shown(model, session)) == ["dropped"] * 2 + ["kept"] * 2 + ["new"] * 2
    session.undo()
    assert shown(model, session) == ["kept"] * 4


def test_it_is_sorted_by_size_and_back(model: LedgerModel) -> None:
    session = core.open("Sequential(Linear(4, 8), ReLU(), Linear(8, 2))")
    shown(model, session)
    model.sort(3, Qt.SortOrder.DescendingOrder)
    assert [entry.values for entry in model.entries] == [32, 16, 8, 2]
    model.sort(-1)
    assert [entry.name for entry in model.entries] == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_the_filter_takes_names_and_status(model: LedgerModel) -> None:
    session = core.open("Sequential(Linear(4, 8), ReLU(), Linear(8, 2))")
    session.apply("2 = Linear(8, 3)")
    shown(model, session)
    model.show_only("new weight", changed_only=False)
    assert [entry.name for entry in model.entries] == ["2.weight"]
    model.show_only("", changed_only=True)
    assert "kept" not in {entry.status for entry in model.entries}
