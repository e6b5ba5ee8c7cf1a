"""Where the bytes of a file are: modules and tensors as nested rectangles."""

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import numbers, theme
from app.item_models.stored_tree import StoredNode, shape_text
from app.squarify import Box, squarify

#: Boxes smaller than this (pixels) are drawn, but nothing inside them.
_LEAST = 6.0
_MOST_DEEP = 12


class Treemap(QWidget):
    """``chosen``: the name of the tensor or module that was clicked."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._root: StoredNode | None = None
        self._boxes: list[tuple[QRectF, StoredNode, int]] = []
        self._current = ""
        self.setAccessibleName(self.tr("Sizes of the tensors"))
        self.setAccessibleDescription(self.tr("The tree beside it tells the same in words"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)

    def show_node(self, root: StoredNode) -> None:
        """Show another tree."""
        self._root = root
        self._place()

    def select(self, path: str) -> None:
        """Mark what is selected in the tree."""
        self._current = path
        self.update()

    def node_at(self, at: QPointF) -> StoredNode | None:
        """Return the innermost thing at a point."""
        found = None
        for rect, node, _ in self._boxes:
            if rect.contains(at):
                found = node
        return found

    def _place(self) -> None:
        self._boxes = []
        if self._root is not None:
            self._fill(self._root, Box(0, 0, self.width(), self.height()), 0)
        self.update()

    def _fill(self, node: StoredNode, box: Box, depth: int) -> None:
        """Place the children of a node; a title has room where the box is large."""
        children = sorted((c for c in node.children if c.bytes), key=lambda each: -each.bytes)
        for child, inner in zip(children, squarify([c.bytes for c in children], box), strict=True):
            self._boxes.append((QRectF(inner.x, inner.y, inner.width, inner.height), child, depth))
            large = min(inner.width, inner.height) > _LEAST
            if child.children and large and depth < _MOST_DEEP:
                line = self.fontMetrics().height()
                top = line if inner.height > 4 * line and inner.width > 3 * line else 0.0
                self._fill(child, inner.shrunk(2.0, top), depth + 1)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 50, self.fontMetrics().height() * 14)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.tone("surface"))
        line = self.fontMetrics().height()
        for rect, node, depth in self._boxes:
            painter.fillRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), _colour(node, depth))
            if rect.width() > 3 * line and rect.height() > line * (1 if node.tensor else 4):
                self._write(painter, rect, node)
        current = next((r for r, node, _ in self._boxes if node.path == self._current), None)
        if current is not None and self._current:
            painter.setPen(QPen(theme.tone("accent"), 2))
            painter.drawRect(current.adjusted(1, 1, -1, -1))
        painter.end()

    def _write(self, painter: QPainter, rect: QRectF, node: StoredNode) -> None:
        painter.setPen(self.palette().color(self.foregroundRole()))
        room = rect.adjusted(3, 1, -3, -1)
        text = self.fontMetrics().elidedText(
            node.name, Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position())
        if node is not None:
            self.chosen.emit(node.path)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            node = self.node_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), _told(node) if node is not None else "", self)
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()


def _told(node: StoredNode) -> str:
    size = numbers.size(node.bytes)
    if node.tensor is not None:
        return f"{node.path}\n{shape_text(node.tensor.shape)} {node.tensor.dtype}, {size}"
    count = QCoreApplication.translate("Treemap", "{} tensors").format(numbers.exact(node.count))
    return f"{node.path}\n{count}, {size}"


def _colour(node: StoredNode, depth: int) -> QColor:
    """Give each part of the top level a hue of its own, the same on every run; depth pales it."""
    above = node
    while above.parent is not None and above.parent.parent is not None:
        above = above.parent
    hue = (above.row * 0.61803398875) % 1.0  # neighbours get hues far from each other
    dark = theme.is_dark()
    light = (0.30 + 0.03 * min(depth, 4)) if dark else (0.80 - 0.025 * min(depth, 4))
    return QColor.fromHslF(hue, 0.35 if dark else 0.45, light)
