"""The tree's model: after any edit it is what a model made afresh would be, and Qt agrees."""

import random
from collections.abc import Callable, Iterator

import pytest
import torch
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from torch import nn

import core
from app.item_models.columns import PATH, SHARE, Column
from app.item_models.module_tree import ModuleTreeModel
from app.state import State
from core.document import Document, InputSpec
from core.errors import ModelwrightError
from core.session import Session

StateOf = Callable[..., State]
CHECKED, PARTLY, UNCHECKED = (
    Qt.CheckState.Checked, Qt.CheckState.PartiallyChecked, Qt.CheckState.Unchecked,
)  # fmt: skip


@pytest.fixture
def session() -> Session:
    inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), inner, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    return Session(Document.of(net, (InputSpec(shape=(1, 3, 8, 8)),)))


@pytest.fixture
def model(session: Session, state_of: StateOf, qapp: object) -> Iterator[ModuleTreeModel]:
    made = ModuleTreeModel()
    tester = QAbstractItemModelTester(
        made, QAbstractItemModelTester.FailureReportingMode.Fatal, made
    )
    made.show_state(state_of(session))
    yield made
    del tester


def rows(model: ModuleTreeModel) -> list[str]:
    """Every path in the order of the rows, with all of them expanded."""
    row = 0
    while row < model.rowCount():
        model.expand(model.index(row, 0))
        row += 1
    return shown(model)


def shown(model: ModuleTreeModel) -> list[str]:
    """The paths of the rows that are shown; each is found again by its path."""
    found = [str(model.index(row, 0).data(PATH)) for row in range(model.rowCount())]
    for row, path in enumerate(found):
        assert model.index_of(path).row() == row
        assert model.at(row).depth == len(path.split(".")) if path else row == 0
    return found


def paths(document: Document) -> list[str]:
    return [path for path, _ in document.modules()]


def cell(model: ModuleTreeModel, path: str, column: Column, role: int = 0) -> object:
    return model.data(model.reveal(path).siblingAtColumn(column), role)


def test_every_module_has_its_row_in_order(model: ModuleTreeModel, session: Session) -> None:
    assert rows(model) == paths(session.document)


def test_nothing_below_the_root_is_made_before_it_is_looked_at(
    session: Session, state_of: StateOf, qapp: object
) -> None:
    model = ModuleTreeModel()
    model.show_state(state_of(session))
    assert model.rowCount() == 1
    assert model.has_children(model.index(0, 0))
    assert model.at(0).children is None


def test_cells_say_what_the_analysis_found(model: ModuleTreeModel) -> None:
    assert cell(model, "4", Column.TYPE) == "Linear"
    assert cell(model, "4", Column.ARGUMENTS) == "4, 2"
    assert cell(model, "4", Column.OUTPUT) == "1×2"
    assert cell(model, "4", Column.PARAMETERS) == "10"
    assert cell(model, "4", Column.TRAINED, Qt.ItemDataRole.CheckStateRole) == CHECKED
    assert cell(model, "2", Column.TRAINED, Qt.ItemDataRole.CheckStateRole) is None
    assert cell(model, "4", Column.PARAMETERS, SHARE) == pytest.approx(10 / (112 + 148 + 8 + 10))


def test_while_shapes_are_worked_out_cells_keep_calm(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    from dataclasses import replace

    model.show_state(replace(state_of(session), report=None))
    assert cell(model, "4", Column.OUTPUT) == "…"
    assert cell(model, "4", Column.PARAMETERS) == ""


def test_marks_say_what_changed_in_words(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    session.apply("4 = Linear(5, 2)")
    session.apply(core.Freeze("0"))
    model.show_state(state_of(session))
    assert cell(model, "4", Column.MARK) == "problem"
    assert "expects 5 features" in str(cell(model, "4", Column.MARK, Qt.ItemDataRole.ToolTipRole))
    assert cell(model, "0", Column.MARK) == "frozen"
    assert cell(model, "0", Column.TRAINED, Qt.ItemDataRole.CheckStateRole) == UNCHECKED
    assert cell(model, "", Column.TRAINED, Qt.ItemDataRole.CheckStateRole) == PARTLY
    session.apply("4 = Linear(4, 3)")
    model.show_state(state_of(session))
    assert cell(model, "4", Column.MARK) in ("new", "changed")


def test_a_layer_keeps_its_row_when_those_before_it_are_renumbered(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    rows(model)
    kept = QPersistentModelIndex(model.index_of("1.2"))
    session.apply(core.Insert("", 0, "Identity()"))
    model.show_state(state_of(session))
    assert kept.isValid()
    assert kept.data(PATH) == "2.2"
    session.undo()
    model.show_state(state_of(session))
    assert kept.data(PATH) == "1.2"


def test_a_moved_row_is_moved_and_not_made_anew(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    rows(model)
    kept = QPersistentModelIndex(model.index_of("1"))
    session.apply(core.Move("1", "", 4))
    model.show_state(state_of(session))
    assert kept.isValid()
    assert kept.data(PATH) == "4"


def test_what_is_expanded_stays_so_when_it_is_moved_and_when_it_is_hidden(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    model.reveal("1.2")
    session.apply(core.Move("1", "", 0))
    model.show_state(state_of(session))
    assert shown(model) == ["", "0", "0.0", "0.1", "0.2", "1", "2", "3", "4"]
    model.collapse(model.index(0, 0))
    assert shown(model) == [""]
    session.apply(core.Insert("0", None, "ReLU()"))
    model.show_state(state_of(session))
    model.expand(model.index(0, 0))
    assert shown(model) == ["", "0", "0.0", "0.1", "0.2", "0.3", "1", "2", "3", "4"]


def test_levels_are_shown_and_no_more(model: ModuleTreeModel, session: Session) -> None:
    model.expand_to(-1)
    assert shown(model) == paths(session.document)
    model.expand_to(1)
    assert shown(model) == ["", "0", "1", "2", "3", "4"]
    assert model.index_of("1.0").row() == -1
    assert model.nearest("1.0") == model.index_of("1")
    model.expand_to(0)
    assert shown(model) == [""]
    model.expand(model.index(0, 0))
    assert shown(model) == ["", "0", "1", "2", "3", "4"]


def test_all_below_a_row_is_expanded(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    session.apply("1.2 = Sequential(ReLU(), Sequential(Tanh()))")
    model.show_state(state_of(session))
    model.expand_below(model.reveal("1"))
    assert shown(model)[2:9] == ["1", "1.0", "1.1", "1.2", "1.2.0", "1.2.1", "1.2.1.0"]
    model.collapse(model.index_of("1"))
    model.expand(model.index_of("1"))
    assert "1.2.1.0" in shown(model)


def test_what_the_eye_sees_of_a_tree_is_heard(model: ModuleTreeModel) -> None:
    heard = Qt.ItemDataRole.AccessibleTextRole
    assert cell(model, "1", Column.NAME, heard) == "1, level 2, collapsed"
    model.expand(model.index_of("1"))
    assert cell(model, "1", Column.NAME, heard) == "1, level 2, expanded"
    assert cell(model, "1.2", Column.NAME, heard) == "2, level 3"
    assert cell(model, "1.2", Column.TYPE, heard) == "ReLU"


def test_a_new_selection_leaves_the_cells_as_they_are(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    from dataclasses import replace

    cells = model.cells(0)
    model.show_state(replace(model.state, selection=("1",)))
    assert model.cells(0) is cells


def test_a_layer_that_becomes_a_container_gets_rows_before_they_were_looked_at(
    model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    session.apply("4 = Sequential(Linear(4, 4), Linear(4, 2))")
    model.show_state(state_of(session))
    assert model.has_children(model.reveal("4"))
    session.undo()
    model.show_state(state_of(session))
    assert not model.has_children(model.reveal("4"))


def test_a_new_name_and_a_check_mark_are_asked_for(model: ModuleTreeModel) -> None:
    asked: list[object] = []
    model.asked.connect(asked.append)
    index = model.reveal("4")
    model.setData(index, "head")
    trained = index.siblingAtColumn(Column.TRAINED)
    model.setData(trained, UNCHECKED.value, Qt.ItemDataRole.CheckStateRole)
    model.setData(trained, CHECKED.value, Qt.ItemDataRole.CheckStateRole)
    model.setData(index, "  4 ")
    assert asked == [core.Rename("4", "head"), core.Freeze("4"), core.Unfreeze("4")]


def test_only_what_fits_a_filter_is_shown(model: ModuleTreeModel, session: Session) -> None:
    model.show_only(frozenset({"", "1", "1.1"}))
    assert rows(model) == ["", "1", "1.1"]
    assert not model.has_children(model.reveal("1.1"))
    model.show_only(None)
    assert rows(model) == paths(session.document)


def test_a_module_inside_itself_is_shown_once(qapp: object, state_of: StateOf) -> None:
    from tests import zoo

    net = zoo.Recursive() if hasattr(zoo, "Recursive") else None
    if net is None:
        net = nn.Sequential(nn.Linear(2, 2))
        net._modules["again"] = net
    model = ModuleTreeModel()
    model.show_state(state_of(Session(Document.of(net))))
    assert len(rows(model)) == len(paths(Document.of(net)))


def test_another_model_starts_afresh(
    model: ModuleTreeModel, state_of: StateOf, session: Session
) -> None:
    rows(model)
    other = Session(Document.of(nn.Sequential(nn.Linear(2, 2)), (InputSpec(shape=(1, 2)),)))
    model.show_state(state_of(other))
    assert rows(model) == ["", "0"]
    model.show_state(State())
    assert rows(model) == []


def random_edit(document: Document, dice: random.Random) -> core.Edit:
    everywhere = paths(document)
    path = dice.choice(everywhere)
    containers = [p for p, m in document.modules() if core.is_container(m)]
    layers = [
        "ReLU()",
        "Sequential(Linear(4, 4), Sequential(ReLU()))",
        "Identity()",
        "Conv2d(4, 4, 1)",
    ]
    match dice.randrange(9):
        case 0:
            return core.Insert(dice.choice(containers), dice.choice([0, None]), dice.choice(layers))
        case 1:
            return core.Remove(path)
        case 2:
            return core.Move(path, dice.choice(containers), dice.choice([0, 1, None]))
        case 3:
            return core.Replace(path or "0", dice.choice(layers))
        case 4:
            return core.Wrap(path)
        case 5:
            return core.Unwrap(path)
        case 6:
            return core.Duplicate(path)
        case 7:
            return core.Rename(path, f"layer{dice.randrange(20)}")
        case _:
            return core.Freeze(path)


def toggle(model: ModuleTreeModel, row: int) -> None:
    index = model.index(row, 0)
    (model.collapse if model.is_expanded(index) else model.expand)(index)


def expanded_paths(model: ModuleTreeModel) -> list[str]:
    """What has to be shown, from the document and from which rows are expanded."""

    def below(path: str, module: nn.Module) -> list[str]:
        found = [path]
        if model.is_expanded(model.index_of(path)):
            for name, child in module.named_children():
                found += below(f"{path}.{name}" if path else name, child)
        return found

    document = model.state.document
    return [] if document is None else below("", document.root)


@pytest.mark.parametrize("turns", [250, pytest.param(1000, marks=pytest.mark.long)])
def test_random_edits_undos_and_redos(
    turns: int, model: ModuleTreeModel, session: Session, state_of: StateOf
) -> None:
    dice = random.Random(7)
    torch.manual_seed(7)
    for turn in range(turns):
        step = dice.random()
        try:
            if step < 0.25 or (step < 0.9 and len(paths(session.document)) > 25):
                session.undo()
            elif step < 0.4:
                session.redo()
            else:
                session.apply(random_edit(session.document, dice))
        except ModelwrightError:
            continue
        history = session.history
        model.show_state(
            State(
                session.document, history.origin, steps=tuple(history.steps), cursor=history.cursor
            )
        )
        for _ in range(2):
            toggle(model, dice.randrange(model.rowCount()))
        assert shown(model) == expanded_paths(model)
        if turn % 3 == 0:  # else rows that were never looked at change too
            assert rows(model) == paths(session.document)
        if turn % 5 == 0:
            model.expand_to(dice.choice([0, 1, 2, -1]))
    assert rows(model) == paths(session.document)
