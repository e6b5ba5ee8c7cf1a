"""The preferences: the theme, and what is remembered."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QWidget,
)

if TYPE_CHECKING:
    from app.settings import Settings


class PreferencesDialog(QDialog):
    """What is chosen holds at once. ``theme_chosen``: system, light or dark.

    ``forgotten``: the settings know of nothing recent any more.
    """

    theme_chosen = Signal(str)
    forgotten = Signal()

    def __init__(self, settings: "Settings", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Preferences"))
        self._settings = settings
        self.theme = QComboBox()
        for title, name in (
            (self.tr("As the system is"), "system"),
            (self.tr("Light"), "light"),
            (self.tr("Dark"), "dark"),
        ):
            self.theme.addItem(title, name)
        self.theme.setCurrentIndex(self.theme.findData(settings.theme))
        self.theme.activated.connect(lambda: self.theme_chosen.emit(self.theme.currentData()))
        self.forget = QPushButton(self.tr("Forget recent models and layers"))
        self.forget.setAutoDefault(False)  # Enter alone forgets nothing
        self.forget.clicked.connect(self._forget)
        self.allowed = QListWidget()
        self.allowed.setAccessibleName(self.tr("Files that may call something"))
        self.allowed.setMaximumHeight(self.fontMetrics().height() * 6)
        self.take_back = QPushButton(self.tr("Take back"))
        self.take_back.setAutoDefault(False)
        self.take_back.clicked.connect(self._take_back)
        self.allowed.currentRowChanged.connect(self._enable)
        self._fill_allowed()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow(self.tr("&Theme"), self.theme)
        form.addRow(self.tr("Remembered"), self.forget)
        form.addRow(self.tr("Allowed"), self.allowed)
        form.addRow("", self.take_back)
        form.addRow(buttons)

    def _fill_allowed(self) -> None:
        """List the files whose classes may be made without asking again."""
        self.allowed.clear()
        for digest, (file, *names) in self._settings.allowed.items():
            item = QListWidgetItem(f"{file}: {', '.join(names)}")
            item.setToolTip(self.tr("SHA-256 {}").format(digest))
            item.setData(Qt.ItemDataRole.UserRole, digest)
            self.allowed.addItem(item)
        if not self.allowed.count():
            nothing = QListWidgetItem(self.tr("No file may call anything but plain modules."))
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.allowed.addItem(nothing)
        self._enable()

    def _enable(self) -> None:
        item = self.allowed.currentItem()
        chosen = item is not None and item.data(Qt.ItemDataRole.UserRole) is not None
        self.take_back.setEnabled(chosen)

    def _take_back(self) -> None:
        self._settings.disallow(self.allowed.currentItem().data(Qt.ItemDataRole.UserRole))
        self._fill_allowed()

    def _forget(self) -> None:
        self._settings.forget_recent()
        self.forget.setText(self.tr("Forgotten"))
        self.forget.setEnabled(False)
        self.forgotten.emit()
