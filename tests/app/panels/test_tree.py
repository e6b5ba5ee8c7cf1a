"""The tree panel both ways: what the state says is shown, what the user does is asked for."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QPixmap
from pytestqt.qtbot import QtBot
from torch import nn

import core
from app import mime
from app.item_models.columns import PATH, Column
from app.jobs import Jobs
from app.panels.tree import Spot, TreePanel
from app.state import State
from core.document import Document, InputSpec
from core.session import Session
from tests.app.drags import Drag

StateOf = Callable[..., State]
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def session() -> Session:
    body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, padding=1))
    net = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    return Session(Document.of(net, (InputSpec(shape=(1, 3, 8, 8)),)))


@pytest.fixture
def panel(session: Session, state_of: StateOf, jobs: Jobs, qtbot: QtBot) -> TreePanel:
    made = TreePanel(jobs)
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.show_state(state_of(session, ""))
    made.show()
    made.view.expand_all()
    return made


@pytest.fixture
def asked(panel: TreePanel) -> list[object]:
    found: list[object] = []
    panel.asked.connect(found.append)
    return found


def point(panel: TreePanel, path: str, height: float = 0.5) -> QPoint:
    rect = panel.view.visualRect(panel.model.index_of(path))
    return QPoint(rect.left() + 20, rect.top() + round(rect.height() * height))


def shown(panel: TreePanel) -> list[str]:
    return [str(panel.model.index(row, 0).data(PATH)) for row in range(panel.model.rowCount())]


def test_totals_input_and_output_stand_above_the_tree(panel: TreePanel) -> None:
    assert panel.totals_bar.totals.text().startswith("453 parameters")
    assert panel.totals_bar.input.text() == "1,3,8,8"
    assert panel.totals_bar.output.text() == "→ 1×5"


def test_another_input_is_asked_for_and_nonsense_is_answered_in_place(
    panel: TreePanel, asked: list[object], qtbot: QtBot
) -> None:
    field = panel.totals_bar.input
    field.setText("2,3,16,16")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert asked == [core.SetInputs((InputSpec(shape=(2, 3, 16, 16)),))]
    field.setText("2,x,16")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert len(asked) == 1
    assert "whole numbers" in panel.notice.text


def test_the_selection_is_shown_and_told(
    panel: TreePanel, session: Session, state_of: StateOf, qtbot: QtBot
) -> None:
    panel.show_state(state_of(session, "0.1", "3"))
    assert panel._chosen() == ("0.1", "3")
    with qtbot.waitSignal(panel.selected) as told:
        qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=point(panel, "1"))
    assert told.args == [("1",)]


def test_a_state_that_is_shown_is_not_asked_for_again(
    panel: TreePanel, session: Session, state_of: StateOf, qtbot: QtBot
) -> None:
    told: list[object] = []
    panel.selected.connect(told.append)
    session.apply(core.Remove("2"))
    panel.show_state(state_of(session, "2"))
    session.undo()
    panel.show_state(state_of(session, "2"))
    qtbot.wait(30)
    assert told == []


def test_a_filter_shows_what_fits_and_what_stands_above(panel: TreePanel, qtbot: QtBot) -> None:
    panel.find_bar.field.setText("conv")
    qtbot.waitUntil(lambda: shown(panel) == ["", "0", "0.0", "0.2"])
    panel.find_bar.field.setText("linear 3")
    qtbot.waitUntil(lambda: shown(panel) == ["", "3"])
    panel.find_bar.field.clear()
    qtbot.waitUntil(lambda: "1" in shown(panel))


def test_a_filter_goes_on_over_an_edit(
    panel: TreePanel, session: Session, state_of: StateOf, qtbot: QtBot
) -> None:
    panel.find_bar.field.setText("conv")
    qtbot.waitUntil(lambda: shown(panel) == ["", "0", "0.0", "0.2"])
    session.apply(core.Insert("", None, "Conv2d(3, 3, 1)"))
    panel.show_state(state_of(session, "4"))
    qtbot.waitUntil(lambda: shown(panel) == ["", "0", "0.0", "0.2", "4"])


def test_levels_are_expanded(panel: TreePanel) -> None:
    panel.expand_to(1)
    assert shown(panel) == ["", "0", "1", "2", "3"]
    panel.expand_to(-1)
    assert "0.2" in shown(panel)


def test_an_edit_is_typed_checked_and_asked_for(
    panel: TreePanel, asked: list[object], qtbot: QtBot
) -> None:
    field = panel.edit_field
    qtbot.keyClicks(field.line, "3 = Linear(8, 2)")
    qtbot.waitUntil(lambda: "18 new weights" in field.hint.text())
    qtbot.keyClick(field.line, Qt.Key.Key_Return)
    assert asked == ["3 = Linear(8, 2)"]
    assert field.line.text() == ""


def test_a_refused_edit_is_said_while_typing_and_not_asked_for(
    panel: TreePanel, asked: list[object], qtbot: QtBot
) -> None:
    field = panel.edit_field
    qtbot.keyClicks(field.line, "9 = Linear(8, 2)")
    qtbot.waitUntil(lambda: "9" in field.hint.text() and field._refused)
    qtbot.keyClick(field.line, Qt.Key.Key_Return)
    assert asked == []
    assert field.line.text() == "9 = Linear(8, 2)"


def test_paths_are_completed_before_the_equals_sign_and_layers_after_it(panel: TreePanel) -> None:
    completer = panel.edit_field._completer
    completer.setCompletionPrefix("0.")
    assert completer.splitPath("0.") == ["0."]
    assert [completer.completionModel().index(n, 0).data() for n in range(3)] == [
        "0.0", "0.1", "0.2",
    ]  # fmt: skip
    completer.splitPath("3 = Line")
    completer.setCompletionPrefix("3 = Line")
    index = completer.completionModel().index(0, 0)
    assert completer.pathFromIndex(index) == "3 = Linear("


def test_a_layer_dropped_onto_a_row_replaces_it(
    panel: TreePanel, asked: list[object], qtbot: QtBot
) -> None:
    drag = Drag(panel.view.viewport(), mime.of_layer("Linear"), point(panel, "3"))
    assert drag.entered
    qtbot.waitUntil(lambda: panel.view._bubble is not None and panel.view._bubble.isVisible())
    assert panel.view._bubble is not None
    assert panel.view._bubble.text().startswith("3 → Linear(8, 5)")
    assert drag.drop(point(panel, "3"))
    assert asked == [core.Replace("3", "Linear(8, 5)")]
    assert not panel.view._bubble.isVisible()


def test_a_layer_dropped_between_rows_is_inserted_there(
    panel: TreePanel, asked: list[object]
) -> None:
    drag = Drag(panel.view.viewport(), mime.of_layer("BatchNorm2d"), point(panel, "0.1", 0.1))
    drag.drop(point(panel, "0.1", 0.1))
    drag = Drag(panel.view.viewport(), mime.of_layer("ReLU"), point(panel, "3", 0.95))
    drag.drop(point(panel, "3", 0.95))
    assert asked == [core.Insert("0", 1, "BatchNorm2d(4)"), core.Insert("", 4, "ReLU()")]


def test_under_an_open_container_is_its_first_place(panel: TreePanel) -> None:
    assert panel.view.spot_at(point(panel, "0", 0.9)) == Spot(parent="0", index=0)


def test_a_layer_whose_arguments_are_open_is_asked_about(
    panel: TreePanel, asked: list[object], qtbot: QtBot
) -> None:
    with qtbot.waitSignal(panel.layer_wanted) as wanted:
        drag = Drag(panel.view.viewport(), mime.of_layer("Bilinear"), point(panel, "1"))
        drag.drop(point(panel, "1"))
    assert wanted.args[0].startswith("Bilinear(")
    assert wanted.args[1] == Spot("1")
    assert asked == []


def test_rows_are_moved_and_with_ctrl_copied(panel: TreePanel, asked: list[object]) -> None:
    data = mime.of_modules(["0.0"], "")
    Drag(panel.view.viewport(), data, point(panel, "1")).drop(point(panel, "2", 0.9))
    Drag(panel.view.viewport(), data, point(panel, "1"), CTRL).drop(point(panel, "2", 0.9))
    assert asked == [core.Move("0.0", "", 3), core.Duplicate("0.0", "", 3)]


def test_where_it_cannot_be_put_the_reason_is_in_the_bubble_and_the_drop_is_refused(
    panel: TreePanel, asked: list[object], qtbot: QtBot
) -> None:
    drag = Drag(panel.view.viewport(), mime.of_modules(["0"], ""), point(panel, "0.1"))
    at = point(panel, "0.1", 0.9)
    drag.over(at)
    qtbot.waitUntil(lambda: panel.view._bubble is not None and panel.view._bubble._refused)
    assert panel.view._bubble is not None
    assert "into itself" in panel.view._bubble.text()
    assert not drag.over(at + QPoint(1, 0))
    drag.leave()
    assert not panel.view._bubble.isVisible()
    assert asked == []


def test_what_is_none_of_ours_is_not_taken(panel: TreePanel, asked: list[object]) -> None:
    foreign = QMimeData()
    foreign.setText("rm -rf")
    drag = Drag(panel.view.viewport(), foreign, point(panel, "1"))
    assert not drag.entered
    drag.drop(point(panel, "1"))
    assert asked == []


def test_while_shapes_are_worked_out_nothing_can_be_dropped(
    panel: TreePanel, session: Session, state_of: StateOf
) -> None:
    from dataclasses import replace

    panel.show_state(replace(state_of(session), report=None))
    assert not Drag(panel.view.viewport(), mime.of_layer("ReLU"), point(panel, "1")).entered


def test_a_row_is_renamed_where_it_stands(state_of: StateOf, jobs: Jobs, qtbot: QtBot) -> None:
    session = Session.open("Sequential(a=Linear(2, 2), b=ReLU())")
    panel = TreePanel(jobs)
    qtbot.addWidget(panel)
    panel.show_state(state_of(session, "a"))
    panel.show()
    asked: list[object] = []
    panel.asked.connect(asked.append)
    panel.view.edit(panel.model.index_of("a"))
    editor = panel.view.viewport().findChild(type(panel.find_bar.field))
    assert editor is not None
    editor.setText("first")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: asked == [core.Rename("a", "first")])


def test_rows_dropped_on_the_trash_are_to_be_removed(panel: TreePanel, qtbot: QtBot) -> None:
    trash = panel.find_bar.trash
    with qtbot.waitSignal(panel.removal_wanted) as wanted:
        Drag(trash, mime.of_modules(["1", "2"], ""), QPoint(4, 4)).drop(QPoint(4, 4))
    assert wanted.args == [["1", "2"]]
    with qtbot.waitSignal(panel.removal_wanted) as wanted:
        trash.click()
    assert wanted.args == [[]]


def test_freezing_by_the_check_box(panel: TreePanel, asked: list[object], qtbot: QtBot) -> None:
    index = panel.model.index_of("3").siblingAtColumn(Column.TRAINED)
    panel.view.scrollTo(index)
    rect = panel.view.visualRect(index)
    for x in range(rect.left() + 2, rect.right(), 4):
        if not asked:
            at = QPoint(x, rect.center().y())
            qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert asked == [core.Freeze("3")]


def test_the_line_and_the_box_are_drawn(panel: TreePanel) -> None:
    def picture() -> QPixmap:
        return panel.view.viewport().grab()

    before = picture().toImage()
    drag = Drag(panel.view.viewport(), mime.of_layer("ReLU"), point(panel, "1"))
    box = picture().toImage()
    drag.over(point(panel, "1", 0.05))
    line = picture().toImage()
    drag.leave()
    assert box != before
    assert line not in (before, box)
    assert picture().toImage() == before
