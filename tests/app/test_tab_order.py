"""Tab walks through the whole window and comes round: every control once, in reading order."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.screenshot import is_ready
from app.settings import Settings

NET = "Sequential(body=Linear(8, 6), act=ReLU(), fc=Linear(6, 4))"
TAB, BACK = (Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier), (
    Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier,
)  # fmt: skip


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(tmp_path / "settings.ini"))
    made.resize(1280, 800)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.torch_is_ready()
    yield made
    made.desk.close()
    made.close()
    made.deleteLater()
    QApplication.sendPostedEvents(None, 0)


def open_fc(window: MainWindow, qtbot: QtBot) -> None:
    window.commands.open_source(NET)
    qtbot.waitUntil(lambda: is_ready(window), timeout=60_000)
    window.desk.select(("fc",))
    qtbot.waitUntil(lambda: not window.jobs.running and not window.turns.waiting)


def walked(qtbot: QtBot, start: QWidget, keys: tuple[Qt.Key, Qt.KeyboardModifier]) -> list[QWidget]:
    """Press the key until the focus is back where it was; every step has to lead on."""
    start.setFocus()
    found = [start]
    while True:
        qtbot.keyClick(found[-1], *keys)
        now = QApplication.focusWidget()
        assert now is not None
        if now is start:
            return found
        assert now not in found, f"{now.accessibleName() or now} came twice"
        found.append(now)


def names(widgets: list[QWidget]) -> list[str]:
    return [each.accessibleName() or getattr(each, "text", str)() for each in widgets]


def controls(window: MainWindow, hidden: tuple[str, ...]) -> set[QWidget]:
    """Every control that is seen and takes the focus, but for those of docks behind others."""
    behind = [window.docks[name] for name in hidden]
    return {
        each
        for each in window.findChildren(QWidget)
        if each.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
        and each.isVisible()
        and each.isEnabled()
        and each.focusProxy() is None
        and not any(dock.isAncestorOf(each) for dock in behind)
    }


def place(widget: QWidget, window: MainWindow) -> QRect:
    return QRect(widget.mapTo(window, QPoint()), widget.size())


def panel(widget: QWidget, window: MainWindow) -> QWidget:
    above: QWidget | None = widget
    while above is not None and not isinstance(above, QDockWidget):
        above = above.parentWidget()
    return above or window.centralWidget()


def test_every_control_of_the_window_is_reached_once_and_the_focus_comes_round(
    window: MainWindow, qtbot: QtBot
) -> None:
    open_fc(window, qtbot)
    forth = walked(qtbot, window.tree.edit_field.line, TAB)
    assert set(forth) == controls(window, hidden=("weights",))
    back = walked(qtbot, window.tree.edit_field.line, BACK)
    assert back == [forth[0], *reversed(forth[1:])]


def test_the_order_is_that_of_reading(window: MainWindow, qtbot: QtBot) -> None:
    open_fc(window, qtbot)
    order = walked(qtbot, window.tree.edit_field.line, TAB)
    assert names(order)[:5] == [
        "Edit to make", "Filter modules", "Expand to depth", "Remove", "Module tree",
    ]  # fmt: skip
    assert names(order)[-1] == "Input shape"
    first = names(order).index("Search layers")
    assert names(order)[first : first + 3] == ["Search layers", "Layers", "Steps"]
    round_again = [*order[first:], *order[:first]]
    for one, other in pairwise(round_again):
        before, after = place(one, window), place(other, window)
        if panel(one, window) is panel(other, window):
            assert after.top() > before.top() or after.left() > before.left()
            assert after.top() > before.top() - 20
        elif isinstance(panel(other, window), QDockWidget):
            assert after.left() >= panel(one, window).mapTo(window, QPoint()).x() - 40


def test_a_panel_behind_anothers_tab_is_passed_by_until_it_is_in_front(
    window: MainWindow, qtbot: QtBot
) -> None:
    open_fc(window, qtbot)
    inside = window.weights
    assert not any(inside.isAncestorOf(w) for w in walked(qtbot, window.tree.edit_field.line, TAB))
    window.docks["weights"].raise_()
    qtbot.waitUntil(lambda: place(window.docks["weights"], window).left() > 0)
    qtbot.waitUntil(lambda: not window.jobs.running)
    found = walked(qtbot, window.tree.edit_field.line, TAB)
    assert set(found) == controls(window, hidden=("problems",))
    assert any(inside.isAncestorOf(each) for each in found)


def test_the_dataflow_is_passed_through_when_it_is_shown(window: MainWindow, qtbot: QtBot) -> None:
    open_fc(window, qtbot)
    window.commands.flow.show()
    qtbot.waitUntil(lambda: not window.jobs.running and window.flow.drawn is not None)
    found = walked(qtbot, window.tree.edit_field.line, TAB)
    assert set(found) == controls(window, hidden=("weights",))
    assert window.flow.view in found


def test_the_start_page_is_walked_too(window: MainWindow, qtbot: QtBot) -> None:
    order = walked(qtbot, window.welcome.field, TAB)
    assert names(order)[:4] == ["Model to open", "Open", "Browse the zoo", "Open a file"]
    assert set(order) == controls(window, hidden=("weights",))


def test_the_link_has_the_focus_with_its_label(window: MainWindow, qtbot: QtBot) -> None:
    open_fc(window, qtbot)
    link = next(
        w for w in walked(qtbot, window.tree.edit_field.line, TAB) if "Link" in w.accessibleName()
    )
    link.setFocus(Qt.FocusReason.TabFocusReason)
    assert link.hasSelectedText()  # type: ignore[attr-defined]
