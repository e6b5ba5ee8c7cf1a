"""What is said about the current layer, in a strip that never changes its height."""

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPalette,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme

_LINES = 2


class LayerNote(QWidget):
    """Two lines of what a layer takes, two of what it does; the whole is in its tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.signature = ""
        self.summary = ""
        self.setAccessibleName(self.tr("About the layer"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, signature: str, summary: str) -> None:
        """Show what a layer takes, and what it does."""
        self.signature, self.summary = signature, summary
        whole = "\n".join(filter(None, (signature, summary)))
        self.setAccessibleDescription(whole)
        self.setToolTip(whole if signature else "")
        self.update()

    def sizeHint(self) -> QSize:
        line = QFontMetricsF(self.font()).lineSpacing()
        return QSize(0, round(line * (2 * _LINES + 1)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.tone("line", self.palette()))
        painter.drawLine(0, 0, self.width(), 0)
        line = self.fontMetrics().height()
        room = self.rect().adjusted(round(line * 0.6), round(line * 0.4), -round(line * 0.6), 0)
        strong = QFont(self.font())
        strong.setWeight(QFont.Weight.DemiBold)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        used = _draw(painter, room, self.signature, strong, text)
        _draw(painter, room.adjusted(0, used, 0, 0), self.summary, self.font(), self._muted())
        painter.end()

    def _muted(self) -> QColor:
        return theme.tone("muted", self.palette())


def _draw(painter: QPainter, room: QRect, text: str, font: QFont, colour: QColor) -> int:
    """Draw at most two lines; what does not fit ends in an ellipsis. Return the height used."""
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    painter.setPen(colour)
    lines = elided_lines(text, font, room.width(), _LINES)
    for row, line in enumerate(lines):
        top = room.top() + row * metrics.lineSpacing() + metrics.ascent()
        painter.drawText(QPointF(room.left(), top), line)
    return round(len(lines) * metrics.lineSpacing())


def elided_lines(text: str, font: QFont, width: int, most: int) -> list[str]:
    """Break a text into lines of this width; the last one of ``most`` is elided."""
    if not text:
        return []  # to Qt it is one empty line
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    lines: list[str] = []
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        rest = text[line.textStart() :]
        if len(lines) == most - 1:
            elide = Qt.TextElideMode.ElideRight
            lines.append(QFontMetricsF(font).elidedText(rest, elide, width))
            break
        lines.append(rest[: line.textLength()].rstrip())
    layout.endLayout()
    return lines
