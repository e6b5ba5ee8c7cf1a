"""A table that is looked at and walked as a tree: arrows, levels, and whole rows drawn at once."""

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QTableView, QWidget

from app.item_models.columns import Column
from app.item_models.module_tree import ModuleTreeModel
from app.item_models.nodes import Node
from app.panels.tree.delegate import TreeDelegate, row_height
from app.panels.tree.rows import RowPainter
from app.panels.tree.stamps import Stamps

Index = QModelIndex | QPersistentModelIndex
Cursor = QAbstractItemView.CursorAction
_NO_KEY = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class Outline(QTableView):
    """Shows the rows of a :class:`ModuleTreeModel`, and expands and collapses them.

    Left and Right walk up and down the tree, ``+``, ``-`` and ``*`` expand, collapse and expand
    all that is below; a click on an arrow or a double click does the same.
    """

    def __init__(self, model: ModuleTreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tree = model
        self._stamps = Stamps(self)
        self.setModel(model)
        self.setItemDelegate(TreeDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setShowGrid(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(1)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(row_height(self.fontMetrics()))
        header = self.header()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def header(self) -> QHeaderView:
        """Return the header of the columns."""
        return self.horizontalHeader()

    # Expanding

    def expand(self, index: Index) -> None:
        """Show what stands below a row."""
        self._tree.expand(index)

    def collapse(self, index: Index) -> None:
        """Hide what stands below a row; what was selected in there hands that on to the row."""
        node = self._tree.node(index)
        if node is None or not node.expanded:
            return
        chosen, current = self.selectionModel(), self.currentIndex().row()
        row, inside = index.row(), range(index.row() + 1, index.row() + 1 + node.below)
        hidden = any(each in inside for each in self.chosen_rows())
        if current in inside:
            chosen.setCurrentIndex(self._tree.index(row, 0), chosen.SelectionFlag.NoUpdate)
        self._tree.collapse(index)
        if hidden:
            flags = chosen.SelectionFlag.Select | chosen.SelectionFlag.Rows
            chosen.select(self._tree.index(row, 0), flags)

    def toggle(self, index: Index) -> None:
        """Expand a row that is collapsed, and the other way round."""
        (self.collapse if self._tree.is_expanded(index) else self.expand)(index)
        self._announce(index.row())

    def is_expanded(self, index: Index) -> bool:
        """Whether what stands below a row is shown."""
        return self._tree.is_expanded(index)

    def expand_all(self) -> None:
        """Show every module."""
        self.expand_to(-1)

    def expand_to(self, levels: int) -> None:
        """Show so many levels below the root, and no more; -1 is all.

        What was selected and is hidden then hands that on to what hides it.
        """
        chosen, tree = self.selectionModel(), self._tree
        current = tree.path(self.currentIndex())
        paths = [tree.at(row).path for row in self.chosen_rows()]
        tree.expand_to(levels)
        for path in paths:
            flags = chosen.SelectionFlag.Select | chosen.SelectionFlag.Rows
            chosen.select(tree.nearest(path), flags)
        if current is not None:
            chosen.setCurrentIndex(tree.nearest(current), chosen.SelectionFlag.NoUpdate)
            self.scrollTo(self.currentIndex())

    def _announce(self, row: int) -> None:
        """Let a screen reader say what became of a row: to Qt, a table has nothing to expand."""
        index = self._tree.index(row, 0)
        if QAccessible.isActive() and self._tree.has_children(index):
            said = self.tr("expanded") if self._tree.is_expanded(index) else self.tr("collapsed")
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    def chosen_rows(self) -> list[int]:
        """Return the rows that are selected. Qt's own way asks about every cell of them."""
        chosen = self.selectionModel().selection()
        ranges = [chosen.at(number) for number in range(chosen.count())]
        return list(dict.fromkeys(n for r in ranges for n in range(r.top(), r.bottom() + 1)))

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index, before = self.currentIndex(), self._tree.is_expanded(self.currentIndex())
        if not (
            index.isValid() and event.modifiers() in _NO_KEY and self._walk(event.key(), index)
        ):
            super().keyPressEvent(event)
            return
        event.accept()
        if self._tree.is_expanded(index) != before:
            self._announce(index.row())

    def _walk(self, key: int, index: QModelIndex) -> bool:
        """Do what a key does in a tree; say whether it does anything."""
        match key:
            case Qt.Key.Key_Right:
                self._inwards(index)
            case Qt.Key.Key_Left:
                self._outwards(index)
            case Qt.Key.Key_Plus:
                self.expand(index)
            case Qt.Key.Key_Minus:
                self.collapse(index)
            case Qt.Key.Key_Asterisk:
                self._tree.expand_below(index)
            case _:
                return False
        return True

    def _inwards(self, index: QModelIndex) -> None:
        if self._tree.is_expanded(index):
            self.setCurrentIndex(index.siblingAtRow(index.row() + 1))
        elif self._tree.has_children(index):
            self.expand(index)
        else:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() + bar.singleStep())

    def _outwards(self, index: QModelIndex) -> None:
        node = self._tree.node(index)
        if node is not None and node.expanded:
            self.collapse(index)
        elif node is not None and node.parent is not None:
            self.setCurrentIndex(index.siblingAtRow(node.parent.place))
        else:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - bar.singleStep())

    def moveCursor(self, action: Cursor, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        index = self.currentIndex()
        if action in (Cursor.MoveHome, Cursor.MoveEnd):
            row = 0 if action == Cursor.MoveHome else self._tree.rowCount() - 1
            return self._tree.index(row, max(0, index.column()))
        if action in (Cursor.MoveLeft, Cursor.MoveRight):
            return index  # a row is one thing: there is nothing beside it
        return super().moveCursor(action, modifiers)

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._pressed_arrow(event):
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._pressed_arrow(event):
            return
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        checked = index.column() == Column.TRAINED
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and not checked:
            self.toggle(index)

    def _pressed_arrow(self, event: QMouseEvent) -> bool:
        at = event.position().toPoint()
        index = self.indexAt(at)
        if event.button() != Qt.MouseButton.LeftButton or not self._tree.has_children(index):
            return False
        if not self.arrow_rect(index.row()).contains(at):
            return False
        self.toggle(index)
        return True

    # Where things are

    def indentation(self) -> int:
        """Return by how many pixels each level stands further in."""
        return self.style().pixelMetric(QStyle.PixelMetric.PM_TreeViewIndentation, None, self)

    def visualRect(self, index: Index) -> QRect:
        rect = super().visualRect(index)
        node = self._tree.node(index)
        if node is not None and index.column() == Column.NAME:
            rect.setLeft(min(rect.left() + self.indentation() * (node.depth + 1), rect.right() + 1))
        return rect

    def has_arrow(self, node: Node) -> bool:
        """Whether a row has others below it."""
        return self._tree.can_expand(node)

    def arrow_rect(self, row: int) -> QRect:
        """Return where the arrow of a row stands."""
        left = self.columnViewportPosition(Column.NAME)
        indent = self.indentation()
        x = left + indent * self._tree.at(row).depth
        width = min(indent, left + self.columnWidth(Column.NAME) - x)
        return QRect(x, self.rowViewportPosition(row), width, self.rowHeight(row))

    def rows_in(self, rect: QRect) -> range:
        """Return the rows that are seen in a part of the viewport."""
        first, last = self.rowAt(rect.top()), self.rowAt(rect.bottom())
        if first < 0:
            return range(0)
        return range(first, self._tree.rowCount() if last < 0 else last + 1)

    # What is drawn

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        drawn = RowPainter(self, painter, self._stamps)
        for row in self.rows_in(event.rect()):
            drawn.draw(row, self._tree.cells(row), self._tree.at(row))
        painter.end()

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        for index in (current, previous):  # the frame is around the row, not around a cell
            self._update_row(index.row())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._update_row(self.currentIndex().row())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._update_row(self.currentIndex().row())

    def _update_row(self, row: int) -> None:
        if row >= 0:
            top, width = self.rowViewportPosition(row), self.viewport().width()
            self.viewport().update(0, top, width, self.rowHeight(row))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if not hasattr(self, "_stamps"):
            return
        if event.type() == QEvent.Type.FontChange:
            self.verticalHeader().setDefaultSectionSize(row_height(self.fontMetrics()))
        if event.type() in (
            QEvent.Type.FontChange, QEvent.Type.PaletteChange, QEvent.Type.StyleChange,
        ):  # fmt: skip
            self._stamps.clear()
