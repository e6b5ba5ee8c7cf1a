"""A strip that says one sentence, where the user is looking, until it is read or out of date."""

from typing import Literal

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import icons, theme

Kind = Literal["info", "refused"]


class Notice(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Notice"))
        self._kind: Kind = "info"
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Close the notice"))
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 6, 5)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence that is shown, or ``""``."""
        return "" if self.isHidden() else self._text.text()

    def say(self, text: str, kind: Kind = "info") -> None:
        """Show a sentence; an empty one hides the strip."""
        self._kind = kind
        self._text.setText(text)
        if text:
            self._paint_icons()
        self.setVisible(bool(text))

    def above(self, widget: QWidget) -> QWidget:
        """Return a widget with the strip on top of this one."""
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self)
        column.addWidget(widget, 1)
        return both

    def _paint_icons(self) -> None:
        size = self.fontMetrics().height()
        name = "warning" if self._kind == "refused" else "info"
        drawn = icons.icon(name, self._tone()).pixmap(size, size)
        self._icon.setPixmap(drawn)
        self._close.setIcon(icons.icon("close"))

    def _tone(self) -> QColor:
        return theme.tone("problem" if self._kind == "refused" else "accent")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.tone("surface"))
        painter.fillRect(QRectF(0, 0, 3, self.height()), self._tone())
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_icons()
