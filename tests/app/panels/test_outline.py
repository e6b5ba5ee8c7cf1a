"""The tree is walked and expanded as trees are: by keys, by its arrows, and while dragging."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

import core
from app import mime
from app.item_models.columns import PATH, Column
from app.jobs import Jobs
from app.panels.tree import TreePanel, outline
from app.state import State
from core.session import Session
from tests.app.drags import Drag

StateOf = Callable[..., State]
Key = Qt.Key
NET = "Sequential(a=Linear(4, 4), b=Sequential(c=ReLU(), d=Sequential(e=Tanh())), f=GELU())"
FIRST = ["", "a", "b", "f"]
ALL = ["", "a", "b", "b.c", "b.d", "b.d.e", "f"]


@pytest.fixture
def session() -> Session:
    return Session.open(NET)


@pytest.fixture
def panel(session: Session, state_of: StateOf, jobs: Jobs, qtbot: QtBot) -> TreePanel:
    made = TreePanel(jobs)
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.show_state(state_of(session, ""))
    made.show()
    return made


def shown(panel: TreePanel) -> list[str]:
    return [str(panel.model.index(row, 0).data(PATH)) for row in range(panel.model.rowCount())]


def current(panel: TreePanel) -> object:
    return panel.view.currentIndex().data(PATH)


def point(panel: TreePanel, path: str) -> QPoint:
    rect = panel.view.visualRect(panel.model.index_of(path))
    return QPoint(rect.left() + 20, rect.center().y())


def arrow(panel: TreePanel, path: str) -> QPoint:
    return panel.view.arrow_rect(panel.model.index_of(path).row()).center()


def press(panel: TreePanel, qtbot: QtBot, *keys: Qt.Key) -> None:
    for key in keys:
        qtbot.keyClick(panel.view, key)


def click(panel: TreePanel, qtbot: QtBot, at: QPoint) -> None:
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_right_walks_in_and_left_walks_out(panel: TreePanel, qtbot: QtBot) -> None:
    assert shown(panel) == FIRST
    press(panel, qtbot, Key.Key_Down, Key.Key_Down, Key.Key_Right)
    assert shown(panel) == ["", "a", "b", "b.c", "b.d", "f"]
    assert current(panel) == "b"
    press(panel, qtbot, Key.Key_Right)
    assert current(panel) == "b.c"
    press(panel, qtbot, Key.Key_Right)
    assert current(panel) == "b.c"
    press(panel, qtbot, Key.Key_Left)
    assert current(panel) == "b"
    press(panel, qtbot, Key.Key_Left)
    assert shown(panel) == FIRST
    press(panel, qtbot, Key.Key_Left, Key.Key_Left)
    assert current(panel) == ""
    assert shown(panel) == [""]


def test_plus_minus_and_asterisk(panel: TreePanel, qtbot: QtBot) -> None:
    press(panel, qtbot, Key.Key_Asterisk)
    assert shown(panel) == ALL
    press(panel, qtbot, Key.Key_Minus)
    assert shown(panel) == [""]
    press(panel, qtbot, Key.Key_Plus)
    assert shown(panel) == ALL


class Reader:
    """A screen reader that writes down what it is told to say."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def isActive(self) -> bool:
        return True

    def updateAccessibility(self, event: QAccessibleAnnouncementEvent) -> None:
        self.said.append(event.message())


def test_what_is_expanded_by_hand_is_announced(
    panel: TreePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader()
    monkeypatch.setattr(outline, "QAccessible", reader)
    panel.expand_to(1)
    press(panel, qtbot, Key.Key_Down, Key.Key_Right, Key.Key_Down, Key.Key_Right, Key.Key_Left)
    click(panel, qtbot, arrow(panel, "b"))
    assert reader.said == ["expanded", "collapsed", "expanded"]


def test_home_and_end_go_to_the_first_and_the_last_row(panel: TreePanel, qtbot: QtBot) -> None:
    press(panel, qtbot, Key.Key_End)
    assert current(panel) == "f"
    press(panel, qtbot, Key.Key_Home)
    assert current(panel) == ""


def test_typing_goes_to_the_next_name_that_begins_so(panel: TreePanel, qtbot: QtBot) -> None:
    panel.expand_to(-1)
    qtbot.keyClicks(panel.view, "e")
    assert current(panel) == "b.d.e"


def test_a_click_on_an_arrow_expands_and_selects_nothing(panel: TreePanel, qtbot: QtBot) -> None:
    click(panel, qtbot, arrow(panel, "b"))
    assert shown(panel) == ["", "a", "b", "b.c", "b.d", "f"]
    assert panel._chosen() == ("",)
    click(panel, qtbot, arrow(panel, "b"))
    assert shown(panel) == FIRST


def test_where_there_is_no_arrow_a_click_selects(panel: TreePanel, qtbot: QtBot) -> None:
    click(panel, qtbot, arrow(panel, "a"))
    assert panel._chosen() == ("a",)


def test_a_double_click_expands_and_collapses(panel: TreePanel, qtbot: QtBot) -> None:
    viewport = panel.view.viewport()
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=point(panel, "b"))
    assert "b.c" in shown(panel)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=point(panel, "b"))
    assert shown(panel) == FIRST


def test_what_is_collapsed_takes_the_selection_in_it(panel: TreePanel, qtbot: QtBot) -> None:
    panel.expand_to(-1)
    click(panel, qtbot, point(panel, "b.d.e"))
    with qtbot.waitSignal(panel.selected) as told:
        click(panel, qtbot, arrow(panel, "b"))
    assert told.args == [("b",)]
    assert current(panel) == "b"


def test_fewer_levels_keep_the_selection_or_hand_it_up(panel: TreePanel, qtbot: QtBot) -> None:
    panel.expand_to(-1)
    click(panel, qtbot, point(panel, "f"))
    panel.expand_to(2)
    assert panel._chosen() == ("f",)
    click(panel, qtbot, point(panel, "b.d"))
    panel.expand_to(1)
    assert panel._chosen() == ("b",)
    assert current(panel) == "b"


def test_what_is_selected_elsewhere_is_revealed(
    panel: TreePanel, session: Session, state_of: StateOf
) -> None:
    panel.show_state(state_of(session, "b.d.e", "b.c"))
    assert panel._chosen() == ("b.d.e", "b.c")
    assert shown(panel) == ALL


def test_expansion_selection_and_place_survive_an_edit(
    jobs: Jobs, state_of: StateOf, qtbot: QtBot
) -> None:
    blocks = ", ".join(f"b{n}=Sequential(Linear(4, 4), ReLU())" for n in range(30))
    session = Session.open(f"Sequential({blocks})")
    panel = TreePanel(jobs)
    qtbot.addWidget(panel)
    panel.resize(900, 400)
    panel.show_state(state_of(session, ""))
    panel.show()
    panel.expand_to(-1)
    panel.show_state(state_of(session, "b20.1"))
    panel.view.verticalScrollBar().setValue(50)
    session.apply("b20.1 = GELU()")
    panel.show_state(state_of(session, "b20.1"))
    assert panel.view.verticalScrollBar().value() == 50
    assert panel.model.rowCount() == 91
    panel.view.collapse(panel.model.index_of("b3"))
    session.apply(core.Remove("b2"))
    panel.show_state(state_of(session, "b20.1"))
    assert "b3.0" not in shown(panel)
    assert panel.model.rowCount() == 86
    assert panel._chosen() == ("b20.1",)


def test_a_drag_that_lingers_over_a_container_opens_it(panel: TreePanel, qtbot: QtBot) -> None:
    panel.view._unfolding.setInterval(30)
    drag = Drag(panel.view.viewport(), mime.of_layer("ReLU"), point(panel, "b"))
    qtbot.waitUntil(lambda: "b.c" in shown(panel))
    drag.leave()


def test_a_drag_that_moves_on_opens_nothing(panel: TreePanel, qtbot: QtBot) -> None:
    panel.view._unfolding.setInterval(30)
    drag = Drag(panel.view.viewport(), mime.of_layer("ReLU"), point(panel, "b"))
    drag.leave()
    qtbot.wait(60)
    assert shown(panel) == FIRST


def test_a_name_is_edited_where_it_stands(panel: TreePanel) -> None:
    panel.expand_to(-1)
    index = panel.model.index_of("b.d.e")
    panel.view.edit(index)
    editor = panel.view.viewport().findChild(QLineEdit)
    assert editor is not None
    assert editor.geometry().left() >= panel.view.arrow_rect(index.row()).right()


def test_a_column_is_fitted_to_names_with_what_stands_before_them(panel: TreePanel) -> None:
    panel.expand_to(-1)
    view, model = panel.view, panel.model
    deep, flat = (view.sizeHintForIndex(model.index_of(path)) for path in ("b.d.e", "a"))
    assert deep.width() - flat.width() >= 2 * view.indentation() - 4
    assert view.sizeHintForColumn(Column.NAME) >= deep.width()


def test_a_selection_leaves_no_trace_on_other_rows(panel: TreePanel, qtbot: QtBot) -> None:
    """The frame and the ground of a row are its whole width; both are taken back everywhere."""
    click(panel, qtbot, point(panel, ""))
    before = panel.view.viewport().grab().toImage()
    click(panel, qtbot, point(panel, "a"))
    chosen = panel.view.viewport().grab().toImage()
    click(panel, qtbot, point(panel, ""))
    assert chosen != before
    assert panel.view.viewport().grab().toImage() == before
