"""How a row of the module tree is drawn: whole, in one call.

Qt draws a tree cell by cell, and asks the model and the delegate a dozen questions for each. From
Python that is most of what a frame takes. Here a row's texts, icons and colours come at once from
its :class:`app.item_models.cells.Cells`, and look as Qt's own style draws them.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionFocusRect, QStyleOptionViewItem

from app import theme
from app.item_models.cells import NUMBERS, Cells
from app.item_models.columns import Column

if TYPE_CHECKING:
    from app.panels.tree.view import TreeView

Role = QPalette.ColorRole
_COLUMNS = tuple(map(int, Column))
_NAME, _PARAMETERS, _TRAINED = map(int, (Column.NAME, Column.PARAMETERS, Column.TRAINED))
_RIGHT = frozenset(map(int, NUMBERS))
_MIDDLE = Qt.AlignmentFlag.AlignVCenter.value | Qt.TextFlag.TextSingleLine.value
_AT_LEFT = _MIDDLE | Qt.AlignmentFlag.AlignLeft.value
_AT_RIGHT = _MIDDLE | Qt.AlignmentFlag.AlignRight.value


def draw_row(
    view: "TreeView",
    painter: QPainter,
    option: QStyleOptionViewItem,
    index: QModelIndex | QPersistentModelIndex,
    cells: Cells,
) -> None:
    """Draw the row of ``index`` into ``option.rect``, which is as wide as the view."""
    rect: QRect = option.rect
    top, height = rect.top(), rect.height()
    palette, header = view.palette(), view.header()
    chosen = view.selectionModel().isSelected(index)
    _draw_background(view, painter, rect, palette, chosen)
    margin = view.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1
    side = view.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize)
    usual = palette.color(Role.HighlightedText if chosen else Role.Text)
    metrics = view.fontMetrics()
    for column in _COLUMNS:
        width = header.sectionSize(column)
        if header.isSectionHidden(column) or not width:
            continue
        left, end = header.sectionViewportPosition(column), 0
        end = left + width
        text, icon, colour = cells.drawn[column]
        if column == _NAME:
            indent = view.indentation() * (cells.depth + 1)
            _draw_branch(view, painter, QRect(left, top, min(indent, width), height), index)
            left += indent
        elif column == _TRAINED:
            _draw_check(view, painter, QRect(left, top, width, height), cells.check(), option)
            continue
        left += margin
        if icon is not None and left + side <= end:
            mode = QIcon.Mode.Selected if chosen else QIcon.Mode.Normal
            icon.paint(painter, left, top + (height - side) // 2, side, side, mode=mode)
            left += side + 2 * margin
        room = end - margin - left
        if not text or room <= 0:
            continue
        painter.setPen(usual if chosen or colour is None else colour)
        bold = column == _NAME and cells.is_root
        if bold:
            painter.setFont(cells.font(column))
        shown = _fitted(text, QFontMetrics(painter.font()) if bold else metrics, room)
        where = _AT_RIGHT if column in _RIGHT else _AT_LEFT
        painter.drawText(left, top, room, height, where, shown)
        if bold:
            painter.setFont(view.font())
        if column == _PARAMETERS and (share := cells.share()):
            _draw_bar(painter, QRect(end - width, top, width, height), share, palette, chosen)


def _fitted(text: str, metrics: QFontMetrics, room: int) -> str:
    """Cut a text to what there is room for. Most need not be measured for that."""
    if text.isascii() and len(text) * (2 * metrics.averageCharWidth()) <= room:
        return text
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)


def _draw_background(
    view: "TreeView", painter: QPainter, rect: QRect, palette: QPalette, chosen: bool
) -> None:
    if chosen:
        painter.fillRect(rect, palette.brush(Role.Highlight))
    elif ((rect.top() + view.verticalOffset()) // max(1, rect.height())) % 2:
        painter.fillRect(rect, palette.brush(Role.AlternateBase))


def _draw_branch(
    view: "TreeView",
    painter: QPainter,
    rect: QRect,
    index: QModelIndex | QPersistentModelIndex,
) -> None:
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    view.drawBranches(painter, rect, index)
    painter.restore()


def _draw_check(
    view: "TreeView",
    painter: QPainter,
    rect: QRect,
    state: Qt.CheckState | None,
    option: QStyleOptionViewItem,
) -> None:
    """Draw the box where the delegate looks for clicks on it."""
    if state is None:
        return
    box = QStyleOptionViewItem(option)
    box.rect = rect
    box.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    box.checkState = state
    style = view.style()
    box.rect = style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, box, view)
    box.state &= ~(QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_Selected)
    box.state |= {
        Qt.CheckState.Checked: QStyle.StateFlag.State_On,
        Qt.CheckState.Unchecked: QStyle.StateFlag.State_Off,
        Qt.CheckState.PartiallyChecked: QStyle.StateFlag.State_NoChange,
    }[state]
    style.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck, box, painter, view)


def _draw_bar(
    painter: QPainter, cell: QRect, share: float, palette: QPalette, chosen: bool
) -> None:
    """Draw the thin bar of a module's share under its number of parameters."""
    room = QRectF(cell).adjusted(6, 0, -4, -2)
    height = max(2.0, painter.fontMetrics().height() / 7)
    width = max(height, room.width() * share)
    bar = QRectF(room.right() - width, room.bottom() - height, width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(Role.HighlightedText) if chosen else theme.tone("accent"))
    painter.setOpacity(0.9 if chosen else 0.55)
    painter.drawRoundedRect(bar, height / 2, height / 2)
    painter.restore()


def draw_focus(view: "TreeView", painter: QPainter, rect: QRect) -> None:
    """Draw the frame of the current row, where the style shows one."""
    focus = QStyleOptionFocusRect()
    focus.initFrom(view)
    focus.rect = rect
    focus.state |= QStyle.StateFlag.State_KeyboardFocusChange | QStyle.StateFlag.State_Item
    focus.backgroundColor = view.palette().color(Role.Base)
    view.style().drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, focus, painter, view)
