"""Where Tab goes: through the panels from left to right, and in each from top to bottom.

Qt goes from one widget to the one that was made after it. Panels here are made behind the first
frame and forms whenever something is selected, and docks stand where the user wants them: so the
order is read from what is on the screen. A panel behind another's tab is passed by.
"""

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabBar, QWidget

#: What begins within so many pixels of another stands in one column, or in one line, with it.
_ALIGNED = 40
_LINE = 20


def following(window: QMainWindow, forwards: bool) -> QWidget | None:
    """Return where Tab (or Shift+Tab) goes from where the focus is; ``None`` to leave it to Qt."""
    stops = all_stops(window)
    here = QApplication.focusWidget()
    while here is not None and here not in stops:
        here = here.parentWidget()
    if here is None:
        return stops[0 if forwards else -1] if stops else None
    return stops[(stops.index(here) + (1 if forwards else -1)) % len(stops)]


def all_stops(window: QMainWindow) -> list[QWidget]:
    """Return every control of the window that takes the focus, in the order of Tab."""
    areas = _in_order(_areas(window), window, _ALIGNED, columns=True)
    return [stop for area in areas for stop in stops_in(area)]


def stops_in(area: QWidget) -> list[QWidget]:
    """Return the controls in one panel, from top to bottom and from left to right."""
    inside = [area, *area.findChildren(QWidget)]
    stops = [each for each in inside if _takes_focus(each, area.window())]
    return _in_order(stops, area, _LINE, columns=False)


def _areas(window: QMainWindow) -> list[QWidget]:
    """Return the panels that are seen: what is in the middle, docks, their tabs, status bar."""
    docks = [each for each in window.findChildren(QDockWidget) if not each.isFloating()]
    bars = [each for each in window.findChildren(QTabBar) if each.parentWidget() is window]
    middle = window.centralWidget()
    there = [*([middle] if middle else []), *docks, *bars, window.statusBar()]
    return [each for each in there if each.isVisible() and _where(each, window).right() > 0]


def _takes_focus(widget: QWidget, window: QWidget) -> bool:
    tabbed = widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
    return bool(
        tabbed
        and widget.isEnabled()
        and widget.isVisible()
        and widget.window() is window
        and widget.focusProxy() is None
    )


def _in_order(
    widgets: Iterable[QWidget], area: QWidget, aligned: int, *, columns: bool
) -> list[QWidget]:
    """Sort by lines of what begins at the same height, or by columns of the same left edge."""

    def across(widget: QWidget) -> int:
        at = _where(widget, area)
        return at.left() if columns else at.top()

    def along(widget: QWidget) -> tuple[int, int]:
        at = _where(widget, area)
        return (at.top(), at.left()) if columns else (at.left(), at.top())

    groups: list[list[QWidget]] = []
    for widget in sorted(widgets, key=across):
        if groups and across(widget) - across(groups[-1][0]) < aligned:
            groups[-1].append(widget)
        else:
            groups.append([widget])
    return [each for group in groups for each in sorted(group, key=along)]


def _where(widget: QWidget, area: QWidget) -> QRect:
    return QRect(widget.mapTo(area, QPoint()) if widget is not area else QPoint(), widget.size())
