"""The preferences: the theme, and what is remembered."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
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
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow(self.tr("&Theme"), self.theme)
        form.addRow(self.tr("Remembered"), self.forget)
        form.addRow(buttons)

    def _forget(self) -> None:
        self._settings.forget_recent()
        self.forget.setText(self.tr("Forgotten"))
        self.forget.setEnabled(False)
        self.forgotten.emit()
