"""The tree of a file's tensors as a view: a row is drawn in one go, not cell by cell.

Qt lays out every cell's text anew in every frame. Thousands of tensors scroll by, and all that
is in a row are short texts of one font.
"""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette
from PySide6.QtWidgets import QStyleOptionFocusRect, QStyleOptionViewItem, QTreeView, QWidget

from app import icons
from app.item_models.stored_tree import RIGHT_COLUMN, StoredTreeModel

_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
Role = QPalette.ColorRole


class StoredTreeView(QTreeView):
    """Shows a :class:`StoredTreeModel`."""

    def __init__(self, model: StoredTreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stored = model
        self.setModel(model)

    def drawRow(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        node = self._stored.node(index)
        rect, palette = option.rect, self.palette()
        chosen = self.selectionModel().isSelected(index)
        if chosen:
            painter.fillRect(rect, palette.brush(Role.Highlight))
        elif ((rect.top() + self.verticalOffset()) // max(1, rect.height())) % 2:
            painter.fillRect(rect, palette.brush(Role.AlternateBase))
        painter.setPen(palette.color(Role.HighlightedText if chosen else Role.Text))
        header, texts = self.header(), self._stored.texts_of(node)
        for column, text in enumerate(texts):
            width = header.sectionSize(column)
            if not width or header.isSectionHidden(column):
                continue
            cell = QRect(header.sectionViewportPosition(column), rect.top(), width, rect.height())
            if column == 0:
                indent = min(node.depth * self.indentation(), width)
                branch = QRect(cell.left(), cell.top(), indent, cell.height())
                self.drawBranches(painter, branch, index)
                cell.setLeft(cell.left() + indent)
                if node.tensor is None:
                    self._draw_icon(painter, cell, chosen)
            self._draw_text(painter, cell.adjusted(3, 0, -3, 0), text, column)
        if self.hasFocus() and self.currentIndex().siblingAtColumn(0) == index:
            self._draw_focus(painter, rect)

    def _draw_icon(self, painter: QPainter, cell: QRect, chosen: bool) -> None:
        side = self.fontMetrics().height()
        if cell.width() > side:
            mode = QIcon.Mode.Selected if chosen else QIcon.Mode.Normal
            top = cell.top() + (cell.height() - side) // 2
            icons.icon("layer-container").paint(painter, cell.left(), top, side, side, mode=mode)
        cell.setLeft(cell.left() + side + 3)

    def _draw_text(self, painter: QPainter, room: QRect, text: str, column: int) -> None:
        if not text or room.width() <= 0:
            return
        metrics = self.fontMetrics()
        # Short texts surely fit; measuring every one costs more than drawing it.
        if not text.isascii() or len(text) * metrics.averageCharWidth() * 2 > room.width():
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, _RIGHT if column == RIGHT_COLUMN else _LEFT, text)

    def _draw_focus(self, painter: QPainter, rect: QRect) -> None:
        focus = QStyleOptionFocusRect()
        focus.initFrom(self)
        focus.rect = rect
        style = self.style()
        style.drawPrimitive(style.PrimitiveElement.PE_FrameFocusRect, focus, painter, self)
