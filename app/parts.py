"""What panels and dialogs are put together from: sections, facts, elided and muted texts."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app import icons, theme
from app.theme import Tone


class ElidedLabel(QWidget):
    """One line that is shortened where it does not fit; the whole of it is in the tooltip."""

    def __init__(self, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._mode = mode
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """Return the whole text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show another text; it is what assistive technology reads, too."""
        self._text = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 4, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        shown = self.fontMetrics().elidedText(self._text, self._mode, self.width())
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown
        )
        painter.end()


class WrappedLabel(QLabel):
    """A text that takes the width it is given, and exactly the height it then needs.

    In layouts inside layouts Qt gives a label that wraps too much room, or too little.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(False)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 24, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(1, self._height())

    def hasHeightForWidth(self) -> bool:
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def _height(self) -> int:
        return super().heightForWidth(max(1, self.width()))


class Mark(QLabel):
    """An icon in a tone of the theme, as high as a line or several, whichever theme is in use."""

    def __init__(self, icon: str = "", tone: Tone = "muted", lines: int = 1) -> None:
        super().__init__()
        self._icon, self._tone, self._lines = icon, tone, lines
        self._draw()

    def show_icon(self, icon: str, tone: Tone) -> None:
        """Show another icon."""
        self._icon, self._tone = icon, tone
        self._draw()

    def _draw(self) -> None:
        if self._icon:
            size = self.fontMetrics().height() * self._lines
            self.setPixmap(icons.icon(self._icon, theme.tone(self._tone)).pixmap(size, size))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()


class ToneLabel(QLabel):
    """A text that breaks over lines, in a tone of the theme, whichever theme is in use."""

    def __init__(self, tone: Tone = "muted") -> None:
        super().__init__()
        self._tone = tone
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._colour()

    def set_tone(self, tone: Tone) -> None:
        """Take another tone."""
        self._tone = tone
        self._colour()

    def say(self, text: str) -> None:
        """Show a text; an empty one takes no room."""
        self.setText(text)
        self.setVisible(bool(text))

    def _colour(self) -> None:
        palette = QPalette(self.palette())
        colour = theme.tone(self._tone)
        if palette.color(QPalette.ColorRole.WindowText) != colour:
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()


class Facts(QWidget):
    """Pairs of a name and a value, one below the other; those without a value are not shown."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._rows: dict[str, tuple[ToneLabel, QLabel]] = {}

    def show_facts(self, facts: dict[str, str], hints: dict[str, str] | None = None) -> None:
        """Show these and no others; ``hints`` are tooltips, such as every digit of a number."""
        for name in facts:
            if name not in self._rows:
                self._rows[name] = self._row(name)
        for name, (label, value) in self._rows.items():
            label.setVisible(bool(facts.get(name)))
            value.setVisible(bool(facts.get(name)))
            value.setText(facts.get(name, ""))
            value.setToolTip((hints or {}).get(name, ""))

    def facts(self) -> dict[str, str]:
        """Return what is shown."""
        return {n: v.text() for n, (_, v) in self._rows.items() if v.text()}

    def _row(self, name: str) -> tuple[ToneLabel, QLabel]:
        label, value = ToneLabel(), QLabel()
        label.setWordWrap(False)
        label.setText(name)
        value.setWordWrap(True)
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setAccessibleName(name)
        at = len(self._rows)
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(label, at, 0, top)
        self._grid.addWidget(value, at, 1, top)
        return label, value


class Section(QWidget):
    """A heading that opens and closes what is under it."""

    def __init__(self, title: str, body: QWidget) -> None:
        super().__init__()
        self.body = body
        self.is_open = True
        self._heading = QToolButton()
        self._heading.setText(title)
        self._heading.setAutoRaise(True)
        self._heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        font = self._heading.font()
        font.setBold(True)
        self._heading.setFont(font)
        self._heading.clicked.connect(lambda: self.set_open(not self.is_open))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._heading)
        column.addWidget(body)
        body.setContentsMargins(10, 0, 10, 8)
        self.set_open(True)

    def set_open(self, open_: bool) -> None:
        """Open or close it."""
        self.is_open = open_
        arrow = Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow
        self._heading.setArrowType(arrow)
        said = self.tr("{}, open") if open_ else self.tr("{}, closed")
        self._heading.setAccessibleName(said.format(self._heading.text()))
        self.body.setVisible(open_)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.tone("line"))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()
