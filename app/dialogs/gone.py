"""What is said of a recent model whose file is not there any more: it can be forgotten."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from app import icons, theme


class GoneDialog(QMessageBox):
    """``accepted``: forget it. A drive that is not plugged in comes back, so nobody has to."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setIcon(QMessageBox.Icon.Warning)  # what a screen reader and the desktop are told
        size = self.fontMetrics().height() * 2
        self.setIconPixmap(icons.icon("warning", theme.tone("changed")).pixmap(size, size))
        self.setWindowTitle(self.tr("The file is gone"))
        self.setTextFormat(Qt.TextFormat.PlainText)  # a path is never markup
        self.setText(self.tr("There is no {} any more.").format(path.name))
        told = self.tr("It was in {}. It may have been moved, or its drive is not here.")
        self.setInformativeText(told.format(path.parent))
        self.forget = self.addButton(self.tr("&Forget It"), QMessageBox.ButtonRole.AcceptRole)
        self.keep = self.addButton(self.tr("&Keep in List"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.keep)
        self.setEscapeButton(self.keep)
