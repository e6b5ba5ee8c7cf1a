"""One sentence under a field: what would come of it, or why it cannot be. Icon, word and colour."""

from math import ceil

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QTextEdit, QWidget

from app import icons, theme

_ICONS: dict[theme.Tone, str] = {"problem": "warning", "good": "ok", "muted": "info"}


class Sentence(QTextEdit):
    """Text to read and to copy. A label breaks lines between words alone, and paths are longer.

    ``resized``: it is of another width, and so of another height.
    """

    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        # A long name in a sentence must not widen the dialog around it.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def height_at(self, width: int) -> int:
        """Return how high the text is in this width."""
        self.document().setTextWidth(width)
        return ceil(self.document().size().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.resized.emit()

    def sizeHint(self) -> QSize:
        return QSize(0, self.height_at(max(1, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().lineSpacing())


class Said(QWidget):
    """As high as its sentence needs, and at least ``lines`` high, so that nothing jumps."""

    def __init__(self, lines: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = lines
        self._tone: theme.Tone = "muted"
        self._icon = QLabel()
        self._text = Sentence()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1, Qt.AlignmentFlag.AlignTop)
        self._text.resized.connect(self._fit)
        self._paint()
        self._fit()

    def say(self, text: str, tone: theme.Tone = "muted") -> None:
        """Show a sentence; an empty one leaves its place empty."""
        self._tone = tone
        if text != self.text():  # what is selected in it stays so
            self._text.setPlainText(text)
            self.setAccessibleDescription(text)
        self._paint()
        self._fit()

    def text(self) -> str:
        """The sentence that is shown."""
        return self._text.toPlainText()

    @property
    def tone(self) -> theme.Tone:
        """What the sentence is: ``problem``, ``good``, or ``muted``."""
        return self._tone

    def setAccessibleName(self, name: str) -> None:
        """Name the sentence, too: that is where a reader of the screen comes to."""
        super().setAccessibleName(name)
        self._text.setAccessibleName(name)

    def _paint(self) -> None:
        colour = theme.tone(self._tone)
        palette = QPalette(self._text.palette())
        palette.setColor(QPalette.ColorRole.Text, colour)
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self._text.setPalette(palette)
        size = self.fontMetrics().height()
        drawn = icons.icon(_ICONS.get(self._tone, "info"), colour).pixmap(size, size)
        self._icon.setPixmap(drawn)
        self._icon.setVisible(bool(self.text()))

    def _fit(self) -> None:
        """Text that wraps does not make a dialog grow by itself: it would be cut."""
        least = self.fontMetrics().lineSpacing() * self._lines
        height = self._text.height_at(self._text.viewport().width())
        self._text.setFixedHeight(max(self.fontMetrics().lineSpacing(), height))
        self.setMinimumHeight(max(least, height))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint()
        elif event.type() == QEvent.Type.FontChange:
            self._fit()
