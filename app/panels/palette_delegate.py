"""How rows of the palette are drawn: icon, name, a muted aside, and the star at the end."""

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QIcon, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from app import icons, theme
from app.item_models.palette import ASIDE, FAVOURITE, GROUP, NAME

Index = QModelIndex | QPersistentModelIndex
State = QStyle.StateFlag
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
#: An aside that has room for fewer letters than this is left off.
_FEWEST_LETTERS = 9


class PaletteDelegate(QStyledItemDelegate):
    """Draws rows; ``starred`` carries the name of the layer whose star was clicked."""

    starred = Signal(str)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(option.fontMetrics.height() * 4, round(option.fontMetrics.height() * 1.65))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = QStyleOptionViewItem(option)
        self.initStyleOption(row, index)
        chosen = bool(row.state & State.State_Selected)
        painter.save()
        painter.setClipRect(row.rect)
        _draw_ground(painter, row, chosen)
        text = row.palette.color(
            row.palette.ColorRole.HighlightedText if chosen else row.palette.ColorRole.Text
        )
        room = self._draw_icon(painter, row, chosen)
        if index.data(FAVOURITE) is not None:
            self._draw_star(painter, row, bool(index.data(FAVOURITE)), chosen)
            room.setRight(star_rect(row.rect).left() - _gap(row))
        _draw_words(painter, room, row, index, text, text if chosen else theme.tone("muted"))
        painter.restore()

    def _draw_icon(self, painter: QPainter, row: QStyleOptionViewItem, chosen: bool) -> QRect:
        """Draw the icon and return the room that is left for words."""
        side = row.fontMetrics.height()
        at = QRect(row.rect.left() + _gap(row) // 2, 0, side, side)
        at.moveTop(row.rect.center().y() - side // 2 + 1)
        row.icon.paint(
            painter,
            at,
            Qt.AlignmentFlag.AlignCenter,
            QIcon.Mode.Selected if chosen else QIcon.Mode.Normal,
        )
        return row.rect.adjusted(at.right() + _gap(row) + 2 - row.rect.left(), 0, -_gap(row), 0)

    def _draw_star(
        self, painter: QPainter, row: QStyleOptionViewItem, favourite: bool, chosen: bool
    ) -> None:
        """A favourite has a full star; the others show theirs while they are pointed at."""
        if not favourite and not chosen and not row.state & State.State_MouseOver:
            return
        colour = theme.tone("changed" if favourite else "muted")
        made = icons.icon("star-filled" if favourite else "star", colour)
        mode = QIcon.Mode.Selected if chosen else QIcon.Mode.Normal
        made.paint(painter, star_rect(row.rect), Qt.AlignmentFlag.AlignCenter, mode)

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if isinstance(event, QMouseEvent) and _is_on_star(event.position(), option, index):
            left = event.button() == Qt.MouseButton.LeftButton
            if left and event.type() == QEvent.Type.MouseButtonRelease:
                self.starred.emit(str(index.data(NAME)))
            return left
        return super().editorEvent(event, model, option, index)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if event.type() == QEvent.Type.ToolTip and _is_on_star(QPointF(event.pos()), option, index):
            QToolTip.showText(event.globalPos(), self.star_tip(bool(index.data(FAVOURITE))), view)
            return True
        return super().helpEvent(event, view, option, index)

    def star_tip(self, favourite: bool) -> str:
        """Say what a click on the star does."""
        return self.tr("Remove from favourites") if favourite else self.tr("Add to favourites")


def star_rect(row: QRect) -> QRect:
    """Return where the star of a row is drawn and clicked."""
    side = round(row.height() * 0.6)
    made = QRect(0, 0, side, side)
    made.moveCenter(row.center())
    made.moveRight(row.right() - side // 3)
    return made


def _is_on_star(at: QPointF, option: QStyleOptionViewItem, index: Index) -> bool:
    if index.data(FAVOURITE) is None:
        return False
    around = star_rect(option.rect).adjusted(-4, -4, 4, 4)
    return around.contains(at.toPoint())


def _gap(row: QStyleOptionViewItem) -> int:
    return round(row.fontMetrics.height() * 0.4)


def _draw_ground(painter: QPainter, row: QStyleOptionViewItem, chosen: bool) -> None:
    if chosen:
        painter.fillRect(row.rect, row.palette.color(row.palette.ColorRole.Highlight))
    elif row.state & State.State_MouseOver:
        painter.fillRect(row.rect, theme.tone("surface"))


def _draw_words(
    painter: QPainter,
    room: QRect,
    row: QStyleOptionViewItem,
    index: Index,
    text: QColor,
    muted: QColor,
) -> None:
    font = QFont(row.font)
    if index.data(GROUP) is not None:
        font.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetrics(font)
    title = metrics.elidedText(_text(index.data()), Qt.TextElideMode.ElideRight, room.width())
    painter.setFont(font)
    painter.setPen(text)
    painter.drawText(room, _LEFT, title)
    room = room.adjusted(metrics.horizontalAdvance(title) + 2 * _gap(row), 0, 0, 0)
    aside = _text(index.data(ASIDE))
    plain = row.fontMetrics
    whole = plain.horizontalAdvance(aside) <= room.width()
    if whole or room.width() >= plain.averageCharWidth() * _FEWEST_LETTERS:
        painter.setFont(row.font)
        painter.setPen(muted)
        painter.drawText(
            room, _LEFT, plain.elidedText(aside, Qt.TextElideMode.ElideRight, room.width())
        )


def _text(value: Any) -> str:
    return str(value or "")
