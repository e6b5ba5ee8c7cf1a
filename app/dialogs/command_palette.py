"""Every command, found by typing a few of its letters."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QIcon, QKeyEvent, QKeySequence
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
from app.actions import plain_text

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
        line = self.fontMetrics().height()
        column.setContentsMargins(line // 2, line // 2, line // 2, line // 2)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self._place(parent, line)
        self._fill("")
        self.field.setFocus()

    def _place(self, parent: QWidget, line: int) -> None:
        """Over the top centre of the window, and not larger than it."""
        width = min(self.fontMetrics().averageCharWidth() * 88, parent.width() - 2 * line)
        self.resize(width, min(line * 24, parent.height() - 4 * line))
        self.list.setColumnWidth(0, round(width * 0.5))
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.move(corner.x() + (parent.width() - width) // 2, corner.y() + 3 * line)

    def _fill(self, text: str) -> None:
        self.list.clear()
        words = text.lower().split()
        fitting = [each for each in self._actions if _fits(each, words)]
        for action in sorted(fitting, key=lambda each: (not each.isEnabled(), _rank(each, words))):
            self.list.addTopLevelItem(self._item(action))
        if not fitting:
            nothing = QTreeWidgetItem([self.tr("No command is called so.")])
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addTopLevelItem(nothing)
            nothing.setFirstColumnSpanned(True)
        self._make_current(0)

    def _item(self, action: QAction) -> QTreeWidgetItem:
        why = str(action.property("why") or "")
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        item = QTreeWidgetItem([_title(action), keys if action.isEnabled() else why])
        item.setIcon(0, _icon(action))
        item.setData(0, _ACTION, action)
        item.setToolTip(0, action.statusTip())
        item.setToolTip(1, why)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setForeground(1, theme.tone("muted"))
        if not action.isEnabled():
            item.setForeground(0, theme.tone("muted"))
        return item

    def _do(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        action = item.data(0, _ACTION)
        if action is not None and action.isEnabled():
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
    return plain_text(action)


def _icon(action: QAction) -> QIcon:
    """Return the icon as it is in a menu: pale where the command cannot be done."""
    icon = action.icon()
    if action.isEnabled() or icon.isNull():
        return icon
    pale = QIcon()
    for size in icon.availableSizes():
        pale.addPixmap(icon.pixmap(size, QIcon.Mode.Disabled))
    return pale


def _rank(action: QAction, words: list[str]) -> int:
    """Count what is typed and begins no word of the title: the fewer, the better it is meant."""
    begun = _title(action).lower().split()
    return sum(not any(each.startswith(word) for each in begun) for word in words)


def _fits(action: QAction, words: list[str]) -> bool:
    """Each word is in the title, or its letters are, in their order."""
    title = _title(action).lower()
    return all(_in_order(word, title) for word in words)


def _in_order(word: str, title: str) -> bool:
    letters = iter(title)
    return word in title or all(letter in letters for letter in word)
