"""Where the panels stand at first: the docks around the middle, still empty."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

Area = Qt.DockWidgetArea
#: How wide the inspector is, and the graph beside it, in letters.
_WIDE = 42


def add_docks(window: QMainWindow) -> dict[str, QDockWidget]:
    """Put the docks into a window, and return them by name."""
    window.setDockOptions(
        QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks
    )
    window.setTabPosition(Area.BottomDockWidgetArea, QTabWidget.TabPosition.North)
    window.setCorner(Qt.Corner.BottomLeftCorner, Area.LeftDockWidgetArea)
    window.setCorner(Qt.Corner.BottomRightCorner, Area.RightDockWidgetArea)
    palette = _dock(window, "palette", window.tr("Palette"), Area.LeftDockWidgetArea)
    history = _dock(window, "history", window.tr("History"), Area.LeftDockWidgetArea)
    # Tensors go down, so a graph is high: it stands beside the tree, once it is asked for. It is no
    # tab of the inspector: Qt leaves stray tab bars behind where there are two groups of tabs.
    flow = _dock(window, "flow", window.tr("Dataflow"), Area.RightDockWidgetArea)
    inspector = _dock(window, "inspector", window.tr("Inspector"), Area.RightDockWidgetArea)
    window.splitDockWidget(flow, inspector, Qt.Orientation.Horizontal)
    problems = _dock(window, "problems", window.tr("Problems"), Area.BottomDockWidgetArea)
    weights = _dock(window, "weights", window.tr("Weights"), Area.BottomDockWidgetArea)
    window.tabifyDockWidget(problems, weights)
    problems.raise_()
    letter = window.fontMetrics().averageCharWidth()
    line = window.fontMetrics().height()
    window.resizeDocks([palette, history], [26 * line, 11 * line], Qt.Orientation.Vertical)
    window.resizeDocks([palette], [40 * letter], Qt.Orientation.Horizontal)
    window.resizeDocks([problems], [9 * line], Qt.Orientation.Vertical)
    flow.hide()
    # Only now: what hides leaves its width to its neighbour.
    window.resizeDocks([inspector], [_WIDE * letter], Qt.Orientation.Horizontal)
    flow.visibilityChanged.connect(lambda seen: _give_room(window, flow, inspector, seen))
    docks = (palette, history, flow, inspector, problems, weights)
    return {each.objectName(): each for each in docks}


def _give_room(window: QMainWindow, flow: QDockWidget, inspector: QDockWidget, seen: bool) -> None:
    """What was hidden comes back by halving its neighbour: let both be as wide as that was.

    What is hidden would leave its width to that neighbour: let the tree have it, where it is read.
    """
    wide = _WIDE * window.fontMetrics().averageCharWidth()
    before = inspector.width()

    def widen() -> None:
        if flow.isVisible() and not flow.isFloating() and flow.width() < 0.8 * wide:
            window.resizeDocks([flow, inspector], [wide, wide], Qt.Orientation.Horizontal)

    def keep() -> None:
        if flow.isHidden() and not inspector.isFloating():
            window.resizeDocks([inspector], [before], Qt.Orientation.Horizontal)

    QTimer.singleShot(0, flow, widen if seen else keep)


def _dock(window: QMainWindow, name: str, title: str, area: Qt.DockWidgetArea) -> QDockWidget:
    dock = QDockWidget(title, window)
    dock.setObjectName(name)
    dock.setAccessibleName(title)
    dock.setWidget(QWidget())  # until its panel is there
    window.addDockWidget(area, dock)
    return dock
