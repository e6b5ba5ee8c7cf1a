"""How a row of the module tree is drawn: whole, in one call.

Qt draws a table cell by cell, and asks the model and the delegate a dozen questions for each. From
Python that is most of what a frame takes. Here a row's texts, icons and colours come at once from
its :class:`app.item_models.cells.Cells`, and look as Qt's own style draws them.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionFocusRect

from app import theme
from app.item_models.cells import NUMBERS, Cells
from app.item_models.columns import Column
from app.panels.tree.stamps import Stamps

if TYPE_CHECKING:
    from app.item_models.nodes import Node
    from app.panels.tree.outline import Outline

Role = QPalette.ColorRole
_NAME, _PARAMETERS, _TRAINED = map(int, (Column.NAME, Column.PARAMETERS, Column.TRAINED))
_RIGHT = frozenset(map(int, NUMBERS))


class RowPainter:
    """Draws rows of one frame: what they share is asked for once."""

    def __init__(self, view: "Outline", painter: QPainter, stamps: Stamps) -> None:
        self._view = view
        self._painter = painter
        self._stamps = stamps
        chosen = view.selectionModel().selection()
        ranges = [chosen.at(number) for number in range(chosen.count())]
        self._chosen = [(each.top(), each.bottom()) for each in ranges]
        self._current = view.currentIndex().row() if view.hasFocus() else -1
        header, style = view.header(), view.style()
        self._columns = {
            column: (header.sectionViewportPosition(column), header.sectionSize(column))
            for column in map(int, Column)
            if not header.isSectionHidden(column) and header.sectionSize(column)
        }
        self._indent = view.indentation()
        self._margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, view) + 1
        self._side = style.pixelMetric(QStyle.PixelMetric.PM_SmallIconSize, None, view)
        palette = view.palette()
        self._text = palette.color(Role.Text)
        self._text_chosen = palette.color(Role.HighlightedText)
        self._ground_chosen = palette.color(Role.Highlight)
        self._ground_other = palette.color(Role.AlternateBase)
        self._bar = _pale(theme.tone("accent"), 0.55)
        self._bar_chosen = _pale(self._text_chosen, 0.9)
        self._width = view.viewport().width()
        self._height = view.verticalHeader().defaultSectionSize()
        painter.setFont(stamps.font(False))

    def draw(self, row: int, cells: Cells, node: "Node") -> None:
        """Draw one row where the view has it."""
        painter, view = self._painter, self._view
        top, height = view.rowViewportPosition(row), self._height
        chosen = any(first <= row <= last for first, last in self._chosen)
        if chosen:
            painter.fillRect(0, top, self._width, height, self._ground_chosen)
        elif row % 2:
            painter.fillRect(0, top, self._width, height, self._ground_other)
        for column, text, icon, colour in cells.drawn:
            place = self._columns.get(column)
            if place is not None:
                self._draw_cell(column, place, top, text, icon, colour, cells, chosen)
        if _NAME in self._columns and view.has_arrow(node):
            arrow = view.arrow_rect(row)
            if arrow.width() > 0:
                stamp = self._stamps.arrow(node.expanded, chosen, arrow.size())
                painter.drawPixmap(arrow.topLeft(), stamp)
        if _TRAINED in self._columns and (state := cells.check()) is not None:
            left, width = self._columns[_TRAINED]
            painter.drawPixmap(left, top, self._stamps.check(state, width, height))
        if row == self._current:
            self._draw_focus(QRect(0, top, self._width, height))

    def _draw_cell(
        self, column: int, place: tuple[int, int], top: int, text: str,
        icon: QIcon | None, colour: QColor | None, cells: Cells, chosen: bool,
    ) -> None:  # fmt: skip
        painter, margin, bold = self._painter, self._margin, False
        left, end = place[0] + margin, place[0] + place[1] - margin
        if column == _NAME:
            left += self._indent * (cells.depth + 1)
            bold = cells.is_root
        if icon is not None and left + self._side <= end + margin:
            self._draw_icon(icon, left, top, chosen)
            left += self._side + 2 * margin
        if left >= end:
            return
        shown = self._stamps.text(text, bold, end - left)
        painter.setPen(self._text_chosen if chosen else colour or self._text)
        if bold:
            painter.setFont(self._stamps.font(True))
        x = end - shown.width if column in _RIGHT else left
        at = QPointF(x, top + (self._height - shown.height) / 2)
        painter.drawStaticText(at, shown.laid_out)
        if bold:
            painter.setFont(self._stamps.font(False))
        if column == _PARAMETERS and (share := cells.share()):
            self._draw_bar(QRect(place[0], top, place[1], self._height), share, chosen)

    def _draw_icon(self, icon: QIcon, left: int, top: int, chosen: bool) -> None:
        mode = QIcon.Mode.Selected if chosen else QIcon.Mode.Normal
        side = self._side
        icon.paint(self._painter, left, top + (self._height - side) // 2, side, side, mode=mode)

    def _draw_bar(self, cell: QRect, share: float, chosen: bool) -> None:
        """Draw the thin bar of a module's share under its number of parameters."""
        room = QRectF(cell).adjusted(6, 0, -4, -2)
        height = max(2.0, room.height() / 11)
        width = max(height, room.width() * share)
        bar = QRectF(room.right() - width, room.bottom() - height, width, height)
        self._painter.fillRect(bar, self._bar_chosen if chosen else self._bar)

    def _draw_focus(self, rect: QRect) -> None:
        """Draw the frame of the current row, where the style shows one."""
        focus = QStyleOptionFocusRect()
        focus.initFrom(self._view)
        focus.rect = rect
        focus.state |= QStyle.StateFlag.State_KeyboardFocusChange | QStyle.StateFlag.State_Item
        focus.backgroundColor = self._view.palette().color(Role.Base)
        self._view.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_FrameFocusRect, focus, self._painter, self._view
        )


def _pale(colour: QColor, opacity: float) -> QColor:
    pale = QColor(colour)
    pale.setAlphaF(opacity)
    return pale
