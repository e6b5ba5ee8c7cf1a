"""How the cells of the module tree are drawn: with the bar of a module's share of parameters."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app import theme
from app.item_models.cells import NUMBERS, RIGHT
from app.item_models.columns import Column
from app.item_models.module_tree import ModuleTreeModel

Feature = QStyleOptionViewItem.ViewItemFeature
# Plain numbers and flags combined once: enums add up over the cells of a frame.
_TEXT = Feature.HasDisplay
_TEXT_AND_ICON = _TEXT | Feature.HasDecoration
_TEXT_AND_CHECK = _TEXT | Feature.HasCheckIndicator
_NAME, _PARAMETERS, _TRAINED = map(int, (Column.NAME, Column.PARAMETERS, Column.TRAINED))
_RIGHT_COLUMNS = frozenset(map(int, NUMBERS))


class TreeDelegate(QStyledItemDelegate):
    """Draws cells as Qt does; under a number of parameters a thin bar shows its share.

    What a cell says is taken from its row at once. Qt would ask the model eight times a cell, which
    from Python is most of the time that a frame takes.
    """

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        if index.column() == _PARAMETERS:
            model = index.model()
            found = model.cells(index) if isinstance(model, ModuleTreeModel) else None
            if found is not None and (share := found.share()):
                self._bar(painter, option, share)

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        model = index.model()
        found = model.cells(index) if isinstance(model, ModuleTreeModel) else None
        if found is None:
            super().initStyleOption(option, index)
            return
        column = index.column()
        text, icon, colour = found.drawn[column]
        option.index = index  # type: ignore[assignment]
        option.text = text
        features = _TEXT
        if column in _RIGHT_COLUMNS:
            option.displayAlignment = RIGHT
        if icon is not None:
            features = _TEXT_AND_ICON
            option.icon = icon
        if colour is not None:
            option.palette.setColor(QPalette.ColorRole.Text, colour)
        if column == _NAME and found.is_root:
            option.font = found.font(column)
        if column == _TRAINED and (state := found.check()) is not None:
            features = _TEXT_AND_CHECK
            option.checkState = state
        option.features = option.features | features

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), round(option.fontMetrics.height() * 1.55))

    def _bar(self, painter: QPainter, option: QStyleOptionViewItem, share: float) -> None:
        room = QRectF(option.rect).adjusted(6, 0, -4, -2)
        height = max(2.0, option.fontMetrics.height() / 7)
        track = QRectF(room.left(), room.bottom() - height, room.width(), height)
        width = max(height, track.width() * share)
        bar = QRectF(track.right() - width, track.top(), width, height)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        colour = option.palette.color(QPalette.ColorRole.HighlightedText)
        painter.setBrush(colour if chosen else theme.tone("accent"))
        painter.setOpacity(0.9 if chosen else 0.55)
        painter.drawRoundedRect(bar, height / 2, height / 2)
        painter.restore()
