"""One sentence under a field: what would come of it, or why it cannot be. Icon, word and colour."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app import icons, theme

_ICONS: dict[theme.Tone, str] = {"problem": "warning", "good": "ok", "muted": "info"}


class Said(QWidget):
    """As high as its sentence needs, and at least ``lines`` high, so that nothing jumps."""

    def __init__(self, lines: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = lines
        self._tone: theme.Tone = "muted"
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # A long name in a sentence must not widen the dialog around it.
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        self._paint()

    def say(self, text: str, tone: theme.Tone = "muted") -> None:
        """Show a sentence; an empty one leaves its place empty."""
        self._tone = tone
        self._text.setText(text)
        self._paint()
        self._fit()

    def text(self) -> str:
        """The sentence that is shown."""
        return self._text.text()

    @property
    def tone(self) -> theme.Tone:
        """What the sentence is: ``problem``, ``good``, or ``muted``."""
        return self._tone

    def _paint(self) -> None:
        colour = theme.tone(self._tone)
        palette = QPalette(self._text.palette())
        palette.setColor(QPalette.ColorRole.WindowText, colour)
        self._text.setPalette(palette)
        size = self.fontMetrics().height()
        drawn = icons.icon(_ICONS.get(self._tone, "info"), colour).pixmap(size, size)
        self._icon.setPixmap(drawn)
        self._icon.setVisible(bool(self.text()))

    def _fit(self) -> None:
        """Labels that wrap do not make a dialog grow by themselves: their text would be cut."""
        least = self.fontMetrics().lineSpacing() * self._lines
        self.setMinimumHeight(max(least, self._text.heightForWidth(self._text.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint()
