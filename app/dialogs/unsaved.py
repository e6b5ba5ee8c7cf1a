"""The question before steps are lost."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from app import icons, theme


class UnsavedDialog(QMessageBox):
    """``answered``: ``save``, ``discard`` or ``cancel``."""

    answered = Signal(str)

    def __init__(self, name: str, steps: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setIcon(QMessageBox.Icon.Warning)  # what a screen reader and the desktop are told
        size = self.fontMetrics().height() * 2
        self.setIconPixmap(icons.icon("warning", theme.tone("changed")).pixmap(size, size))
        self.setWindowTitle(self.tr("Unsaved changes"))
        self.setTextFormat(Qt.TextFormat.PlainText)  # a name is never markup
        self.setText(self.tr("Save the changes to {}?").format(name))
        count = self.tr("one step") if steps == 1 else self.tr("{} steps").format(steps)
        self.setInformativeText(self.tr("{} since it was opened or saved.").format(count))
        buttons = QMessageBox.StandardButton
        self.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        self.button(buttons.Discard).setText(self.tr("Do&n't Save"))
        self.setDefaultButton(buttons.Save)
        self.setEscapeButton(buttons.Cancel)
        self.finished.connect(self._tell)

    def _tell(self, result: int) -> None:
        names = {
            QMessageBox.StandardButton.Save.value: "save",
            QMessageBox.StandardButton.Discard.value: "discard",
        }
        self.answered.emit(names.get(result, "cancel"))
