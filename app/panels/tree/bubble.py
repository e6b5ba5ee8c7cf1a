"""The bubble at the cursor that says, while something is dragged, what letting go would do."""

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QWidget

from app import theme
from app.consequence import Consequence

#: Under the tag that is dragged, so that neither hides the other.
_AWAY = QPoint(14, 46)


class Bubble(QLabel):
    """A child of the window, above everything in it; the mouse goes through."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName(self.tr("What dropping here would do"))
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        margin = self.fontMetrics().height() // 2
        self.setContentsMargins(margin, margin // 2, margin, margin // 2)
        self._refused = False
        self.hide()

    def say(self, found: Consequence, at: QPoint) -> None:
        """Show a consequence beside a point of the window."""
        self._refused = found.refused
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, self._text_colour())
        self.setPalette(palette)
        self.setText(("⊘ " if found.refused else "") + found.text)
        self._fit()
        self.follow(at)
        self.show()
        self.raise_()

    def follow(self, at: QPoint) -> None:
        """Stay beside the cursor, and inside the window."""
        room = self._window.rect()
        place = at + _AWAY
        if place.y() + self.height() > room.bottom():
            place.setY(at.y() - _AWAY.y() - self.height())
        place.setX(max(0, min(place.x(), room.right() - self.width())))
        self.move(place)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = theme.tone("problem") if self._refused else theme.tone("line")
        painter.setPen(edge)
        painter.setBrush(self._background())
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.end()
        super().paintEvent(event)

    def _background(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.ToolTipBase)

    def _text_colour(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.ToolTipText)

    def _fit(self) -> None:
        metrics = self.fontMetrics()
        widest = max(metrics.horizontalAdvance(line) for line in self.text().split("\n"))
        margins = self.contentsMargins()
        limit = min(metrics.averageCharWidth() * 64, self._window.width())
        width = min(widest + 2, limit) + margins.left() + margins.right()
        self.resize(width, self.heightForWidth(width))
