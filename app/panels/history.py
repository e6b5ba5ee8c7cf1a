"""The history: every step, and a click that goes there."""

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import icons, theme
from app.state import State

Role = Qt.ItemDataRole
_NOWHERE = QModelIndex()


class StepsModel(QAbstractListModel):
    """The steps of a state, the first document on top."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()

    def show_state(self, state: State) -> None:
        """Show a state; steps that are still there keep their rows."""
        before, self.state = self.state, state
        shared = 0
        for old, new in zip(before.steps, state.steps, strict=False):
            if old is not new:
                break
            shared += 1
        self.state = before
        if len(before.steps) > shared:
            self.beginRemoveRows(QModelIndex(), shared, len(before.steps) - 1)
            self.state = State(steps=before.steps[:shared], cursor=before.cursor)
            self.endRemoveRows()
        if len(state.steps) > shared:
            self.beginInsertRows(QModelIndex(), shared, len(state.steps) - 1)
            self.state = state
            self.endInsertRows()
        self.state = state
        if state.steps:
            self.dataChanged.emit(self.index(0), self.index(len(state.steps) - 1))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.state.steps)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.state.steps):
            return None
        row, cursor = index.row(), self.state.cursor
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return self.state.steps[row].label
        if role == Role.AccessibleTextRole:
            return f"{self.state.steps[row].label}, {self._where(row)}"
        if role == Role.FontRole and row == cursor:
            font = QFont()
            font.setBold(True)
            return font
        if role == Role.ForegroundRole and row > cursor:
            return theme.tone("muted")
        if role == Role.DecorationRole:
            name = "chevron-right" if row == cursor else "redo" if row > cursor else "ok"
            return icons.icon(name, theme.tone("accent" if row == cursor else "muted"))
        return None

    def _where(self, row: int) -> str:
        if row == self.state.cursor:
            return self.tr("the current step")
        return self.tr("undone") if row > self.state.cursor else self.tr("done")


class ElidingDelegate(QStyledItemDelegate):
    """Rows are as wide as the list, so that long labels are shortened and not cut."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(0, round(option.fontMetrics.height() * 1.6))


class HistoryPanel(QWidget):
    """``jumped``: the number of a step, 0 the model as it was opened."""

    jumped = Signal(int)
    undone = Signal()
    redone = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = StepsModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName(self.tr("Steps"))
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setItemDelegate(ElidingDelegate(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        self.undo = self._button(self.tr("Undo"), self.undone)
        self.redo = self._button(self.tr("Redo"), self.redone)
        self._paint_icons()
        row = QHBoxLayout()
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 6)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.list, 1)
        self.show_state(State())

    def show_state(self, state: State) -> None:
        """Show the steps of a state, the current one selected."""
        self.model.show_state(state)
        self.undo.setEnabled(state.can_undo)
        self.redo.setEnabled(state.can_redo)
        index = self.model.index(state.cursor)
        if index.isValid():
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.list.selectionModel().setCurrentIndex(index, flag)
            self.list.scrollTo(index)

    def _go(self, index: QModelIndex) -> None:
        if index.row() != self.model.state.cursor:
            self.jumped.emit(index.row())

    def _button(self, text: str, signal: Any) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(text)
        button.clicked.connect(signal)
        return button

    def _paint_icons(self) -> None:
        self.undo.setIcon(icons.icon("undo"))
        self.redo.setIcon(icons.icon("redo"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_icons()
