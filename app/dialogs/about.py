"""What this is, which version, under which licence."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from app import icons, theme
from app.dialogs.crash import versions


class AboutDialog(QMessageBox):
    """The program in a few lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("About Modelwright"))
        self.setIconPixmap(icons.icon("layer-root", theme.tone("accent")).pixmap(48, 48))
        self.setText("<b>Modelwright</b>")
        promise = self.tr("Opens a PyTorch model, changes it by hand, gives PyTorch back.")
        licence = self.tr("Free software under the MIT licence.")
        self.setInformativeText(f"{promise}\n\n{versions()}\n\n{licence}")
        self.setStandardButtons(QMessageBox.StandardButton.Close)
