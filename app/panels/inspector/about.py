"""Documentation of the selected module's class, and where there is more of it."""

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QPalette
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

import core
from app.parts import ToneLabel

if TYPE_CHECKING:
    from torch import nn


class Link(QLabel):
    """A label whose link has the focus when the label has: Qt's own takes a second Tab for that."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            super().focusNextPrevChild(True)  # onto the link

    def focusNextPrevChild(self, forwards: bool) -> bool:
        return QFrame.focusNextPrevChild(self, forwards)  # past QLabel's, which looks for links


class AboutView(QWidget):
    """A paragraph, a link, the file of a class of the user's own."""

    def __init__(self) -> None:
        super().__init__()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.link = Link()
        self.link.setTextFormat(Qt.TextFormat.RichText)
        self.link.setOpenExternalLinks(True)
        self.link.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.link.setAccessibleName(self.tr("Link to the documentation"))
        self.file = ToneLabel()
        self._url = ""
        self._name = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for each in (self.text, self.link, self.file):
            column.addWidget(each)

    def show_module(self, module: "nn.Module") -> None:
        """Show what there is to read about it."""
        found = core.about(module)
        self.text.setText(found.text or self.tr("Its class has no documentation."))
        self._url, self._name = found.url, f"{found.module}.{type(module).__name__}"
        self._write_link()
        # A zero-width space after each slash lets a long path break where one would break it.
        self.file.say(found.file.replace("/", "/\u200b"))
        self.file.setToolTip(found.file)

    def _write_link(self) -> None:
        colour = self.palette().color(QPalette.ColorRole.Link).name()
        label = self.tr("Read more about {}").format(self._name.rpartition(".")[2])
        url = escape(self._url, quote=True)
        self.link.setText(f'<a href="{url}" style="color: {colour}">{escape(label)}</a>')
        self.link.setToolTip(self._url)
        self.link.setVisible(bool(self._url))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._write_link()
