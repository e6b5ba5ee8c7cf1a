"""Every command, found by typing a few of its letters."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import theme

_ACTION = Qt.ItemDataRole.UserRole


class CommandPalette(QDialog):
    """A list of actions over the window: type, choose with the arrows, Enter does it."""

    def __init__(self, actions: list[QAction], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Commands"))
        self._actions = actions
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Type a command"))
        self.field.setAccessibleName(self.tr("Command"))
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("Commands"))
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(2)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(self._do)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.field)
        column.addWidget(self.list)
        width = self.fontMetrics().averageCharWidth() * 76
        self.resize(min(width, parent.width() - 40), self.fontMetrics().height() * 24)
        self.list.setColumnWidth(0, round(self.width() * 0.66))
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.move(corner.x() + (parent.width() - self.width()) // 2, corner.y() + 60)
        self._fill("")
        self.field.setFocus()

    def _fill(self, text: str) -> None:
        self.list.clear()
        words = text.lower().split()
        fitting = [each for each in self._actions if _fits(each, words)]
        for action in sorted(fitting, key=lambda each: not each.isEnabled()):
            self.list.addTopLevelItem(self._item(action))
        self._make_current(0)

    def _item(self, action: QAction) -> QTreeWidgetItem:
        why = str(action.property("why") or "")
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        item = QTreeWidgetItem([_title(action), keys if action.isEnabled() else why])
        item.setIcon(0, action.icon())
        item.setData(0, _ACTION, action)
        item.setToolTip(0, action.statusTip())
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setForeground(1, theme.tone("muted"))
        if not action.isEnabled():
            item.setForeground(0, theme.tone("muted"))
        return item

    def _do(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        action = item.data(0, _ACTION)
        if action.isEnabled():
            self.accept()
            action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
            if step:
                self._move(step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._do(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _move(self, step: int) -> None:
        current = self.list.currentItem()
        if current is not None:
            row = self.list.indexOfTopLevelItem(current)
            self._make_current((row + step) % self.list.topLevelItemCount())

    def _make_current(self, row: int) -> None:
        item = self.list.topLevelItem(row)
        if item is not None:
            self.list.setCurrentItem(item)


def _title(action: QAction) -> str:
    return action.text().replace("&", "").rstrip("…")


def _fits(action: QAction, words: list[str]) -> bool:
    """Each word begins a word of the title, or its letters come in order."""
    title = _title(action).lower()
    return all(_in_order(word, title) for word in words)


def _in_order(word: str, title: str) -> bool:
    letters = iter(title)
    return word in title or all(letter in letters for letter in word)
