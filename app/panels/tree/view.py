"""The tree itself: rows, and what is dragged over them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QWidget,
)

import core
from app import theme
from app.consequence import Consequence
from app.drag_pixmap import drag_pixmap
from app.icons import layer_icon
from app.item_models.columns import Column
from app.item_models.module_tree import ModuleTreeModel
from app.item_models.nodes import Node
from app.jobs import Jobs
from app.panels.tree.bubble import Bubble
from app.panels.tree.gesture import Gesture, edit_of
from app.panels.tree.outline import Outline
from app.spots import Spot
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from torch import nn

#: How long (ms) a drag has to linger over a row that then expands.
_LINGERS = 600
_COPY = Qt.KeyboardModifier.ControlModifier


class TreeView(Outline):
    """Shows a :class:`ModuleTreeModel`.

    ``asked``: an edit, made by dropping. ``layer_wanted``: a layer was dropped whose arguments are
    open: its spec and the :class:`Spot`. ``layer_used``: a layer of the palette was put somewhere.
    ``refused``: a sentence, where a drop comes to nothing.
    """

    asked = Signal(object)
    layer_wanted = Signal(str, object)
    refused = Signal(str)
    layer_used = Signal(str)

    def __init__(self, model: ModuleTreeModel, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._jobs = jobs
        self._gesture: Gesture | None = None
        self._spot: Spot | None = None
        self._bubble: Bubble | None = None
        self._cursor = QPoint()
        self._over = -1
        self._unfolding = QTimer(self)
        self._unfolding.setSingleShot(True)
        self._unfolding.setInterval(_LINGERS)
        self._unfolding.timeout.connect(self._unfold)
        self.setAccessibleName(self.tr("Module tree"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDropIndicatorShown(False)  # ours tells onto from between
        self._set_widths()

    def _set_widths(self) -> None:
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(True)
        letter = self.fontMetrics().averageCharWidth()
        widths = {
            Column.NAME: 25, Column.MARK: 16, Column.TYPE: 21, Column.OUTPUT: 19,
            Column.PARAMETERS: 13, Column.MACS: 9, Column.TRAINED: 7,
        }  # fmt: skip
        for column, letters in widths.items():
            header.resizeSection(column, letters * letter)
        header.setMinimumSectionSize(letter * 5)
        header.setSectionResizeMode(Column.ARGUMENTS, QHeaderView.ResizeMode.Stretch)

    # Dragging rows away

    def startDrag(self, actions: Qt.DropAction) -> None:
        indexes = [index for index in self.selectedIndexes() if index.column() == Column.NAME]
        indexes = [index for index in indexes if index.flags() & Qt.ItemFlag.ItemIsDragEnabled]
        if not indexes:
            return
        drag = QDrag(self)
        drag.setMimeData(self._tree.mimeData(indexes))
        first = indexes[0].data()
        more = f"  +{len(indexes) - 1}" if len(indexes) > 1 else ""
        kind = indexes[0].siblingAtColumn(Column.TYPE).data()
        drag.setPixmap(
            drag_pixmap(f"{first}{more}", layer_icon(kind), self.palette(), self.devicePixelRatio())
        )
        drag.setHotSpot(QPoint(-10, -6))
        # What the drop asks for is an edit; Qt must not remove rows of its own accord.
        drag.exec(actions, Qt.DropAction.MoveAction)

    # Dragging over rows

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        report = self._tree.state.report
        if report is None or not Gesture.takes(event.mimeData()):
            event.ignore()
            return
        super().dragEnterEvent(event)
        self._gesture = Gesture(event.mimeData(), report, self._jobs, self._say)
        event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self._gesture is None:
            event.ignore()
            return
        super().dragMoveEvent(event)  # scrolls by itself
        self._cursor = event.position().toPoint()
        self._linger(self.indexAt(self._cursor).row())
        self._spot = self.spot_at(self._cursor)
        copy = self._copies(event)
        self._gesture.point(self._spot, copy)
        self.viewport().update()
        if self._bubble is not None and self._bubble.isVisible():
            self._bubble.follow(self._in_window())
        if self._gesture.refused():
            event.ignore()
            if self._spot is None:
                self._hide_bubble()
            return
        event.setDropAction(Qt.DropAction.CopyAction if copy else Qt.DropAction.MoveAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._end()

    def dropEvent(self, event: QDropEvent) -> None:
        gesture, spot = self._gesture, self.spot_at(event.position().toPoint())
        report, copy = self._tree.state.report, self._copies(event)
        self._end()
        self.setState(QAbstractItemView.State.NoState)
        self.stopAutoScroll()
        if gesture is None or spot is None or report is None:
            event.ignore()
            return
        event.acceptProposedAction()
        self.put(gesture.layer, gesture.paths, spot, copy)

    def put(self, layer: str | None, paths: list[str], spot: Spot, copy: bool) -> None:
        """Put a layer or modules there: ask for the edit, or for the arguments that are open."""
        report = self._tree.state.report
        if report is None:
            return
        try:
            edit, spec = edit_of(report, layer, paths, spot, copy)
        except ModelwrightError as error:
            self.refused.emit(str(error))
            return
        if layer is not None:
            self.layer_used.emit(layer)
        if edit is None:
            self.layer_wanted.emit(spec, spot)
        else:
            self.asked.emit(edit)

    def _linger(self, row: int) -> None:
        """Begin to wait anew where the cursor has come to another row."""
        if row != self._over:
            self._over = row
            self._unfolding.start()

    def _unfold(self) -> None:
        """Expand what the cursor has lingered over, so that something can be put into it."""
        if self._gesture is not None:
            self.expand(self.indexAt(self._cursor))

    def _copies(self, event: QDropEvent) -> bool:
        assert self._gesture is not None
        return self._gesture.layer is not None or bool(event.modifiers() & _COPY)

    def _end(self) -> None:
        if self._gesture is not None:
            self._gesture.end()
        self._gesture = self._spot = None
        self._unfolding.stop()
        self._over = -1
        self._hide_bubble()
        self.viewport().update()

    # Where the cursor points

    def spot_at(self, at: QPoint) -> Spot | None:
        """Return where a drop at this point of the viewport would put something."""
        index = self.indexAt(at).siblingAtColumn(Column.NAME)
        node = self._tree.node(index)
        if node is None:
            return self._below_all()
        path, rect = node.path, self._row(index)
        above = (at.y() - rect.top()) / max(1, rect.height())
        home, _, name = path.rpartition(".")
        if node.parent is not None:
            names = [n for n, child in node.parent.module._modules.items() if child is not None]
            if above < 0.28:
                return Spot(parent=home, index=names.index(name))
            if above > 0.72 and not self.is_expanded(index):
                return Spot(parent=home, index=names.index(name) + 1)
        opened = self.is_expanded(index) or not node.module._modules
        if above > 0.72 and opened and _has_room(node.module):
            return Spot(parent=path, index=0)
        return Spot(path)

    def _below_all(self) -> Spot | None:
        document = self._tree.state.document
        if document is not None and _has_room(document.root):
            return Spot(parent="", index=None)
        return None

    def _row(self, index: QModelIndex) -> QRect:
        rect = self.visualRect(index)
        return QRect(rect.left(), rect.top(), self.viewport().width() - rect.left(), rect.height())

    # What is drawn

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._spot is None:
            return
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.tone("accent"), 2))
        if self._spot.path is not None:
            index = self._tree.index_of(self._spot.path)
            painter.drawRoundedRect(self._row(index).adjusted(1, 1, -2, -2), 4, 4)
        else:
            y, left = self._line(self._spot)
            painter.drawLine(left, y, self.viewport().width() - 4, y)
            painter.drawEllipse(QPoint(left - 3, y), 3, 3)
        painter.end()

    def _line(self, spot: Spot) -> tuple[int, int]:
        """Return height and left end of the line that marks a gap."""
        tree = self._tree
        parent = tree.nearest(spot.parent)
        home = tree.node(parent)
        shown = [] if home is None or not home.expanded else home.children or []
        if not shown:
            rect = self._row(parent)
            return rect.bottom(), rect.left()
        follower = next((each for each in shown if not _stands_before(each, spot.index)), None)
        if follower is not None:
            rect = self._row(tree.index(follower.place, 0))
            return rect.top(), rect.left()
        last = shown[-1]
        left = self._row(tree.index(last.place, 0)).left()
        return self._row(tree.index(last.place + last.below, 0)).bottom(), left

    def _say(self, found: Consequence) -> None:
        if self._bubble is None or self._bubble.parentWidget() is not self.window():
            self._bubble = Bubble(self.window())
        self._bubble.say(found, self._in_window())

    def _in_window(self) -> QPoint:
        return self.viewport().mapTo(self.window(), self._cursor)

    def _hide_bubble(self) -> None:
        if self._bubble is not None:
            self._bubble.hide()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_tree"):
            self._tree.repaint()


def _has_room(module: "nn.Module") -> bool:
    """Whether something can come between a module's children: those of a layer there are none."""
    return core.is_container(module) or bool(module._modules)


def _stands_before(node: Node, index: int | None) -> bool:
    """Whether a module stands before the gap at ``index`` among its siblings, shown or not."""
    if index is None or node.parent is None:
        return True
    siblings = [each for each in node.parent.module._modules.values() if each is not None]
    return any(each is node.module for each in siblings[:index])
