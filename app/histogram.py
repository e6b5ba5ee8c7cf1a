"""A histogram, painted from counts."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import numbers, theme


class Histogram(QWidget):
    """Bars from ``low`` to ``high``; without counts it is empty and takes the same room."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: tuple[int, ...] = ()
        self._low = 0.0
        self._high = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Histogram"))

    def show_counts(self, counts: tuple[int, ...], low: float, high: float) -> None:
        """Show these counts of equal bins."""
        self._counts, self._low, self._high = counts, low, high
        said = self.tr("{} bins from {} to {}, most of them {}")
        most = numbers.count(max(counts, default=0))
        self.setAccessibleDescription(
            said.format(len(counts), numbers.real(low), numbers.real(high), most)
        )
        self.update()

    @property
    def counts(self) -> tuple[int, ...]:
        """What is shown."""
        return self._counts

    def bin_text(self, x: float) -> str:
        """Return what the bar at ``x`` stands for: its range and how many values are in it."""
        if not self._counts or self.width() < 1:
            return ""
        number = min(len(self._counts) - 1, max(0, int(x / self.width() * len(self._counts))))
        step = (self._high - self._low) / len(self._counts)
        low = numbers.real(self._low + number * step)
        high = numbers.real(self._low + (number + 1) * step)
        count = self._counts[number]
        said = self.tr("{} to {}: {} value") if count == 1 else self.tr("{} to {}: {} values")
        return said.format(low, high, numbers.exact(count))

    def sizeHint(self) -> QSize:
        letter = self.fontMetrics()
        return QSize(letter.averageCharWidth() * 24, letter.height() * 5)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 10, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.bin_text(event.pos().x()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.fontMetrics().height() + 2
        plot = QRectF(0, 2, self.width(), self.height() - text - 4)
        self._paint_bars(painter, plot)
        painter.setPen(theme.tone("line"))
        painter.drawLine(QPointF(plot.left(), plot.bottom()), QPointF(plot.right(), plot.bottom()))
        if self._counts:
            self._paint_zero(painter, plot)
            painter.setPen(theme.tone("muted"))
            below = QRectF(0, plot.bottom() + 2, self.width(), text)
            only = self._low == self._high
            side = Qt.AlignmentFlag.AlignHCenter if only else Qt.AlignmentFlag.AlignLeft
            painter.drawText(below, side, numbers.real(self._low))
            if not only:
                painter.drawText(below, Qt.AlignmentFlag.AlignRight, numbers.real(self._high))
        painter.end()

    def _paint_bars(self, painter: QPainter, plot: QRectF) -> None:
        highest = max(self._counts, default=0)
        if not highest:
            return
        colour = theme.tone("accent") if self.isEnabled() else theme.tone("muted")
        if len(self._counts) == 1:  # one value only: a bar as thin as the others would be
            plot = plot.adjusted(plot.width() * 0.48, 0, -plot.width() * 0.48, 0)
        width = plot.width() / len(self._counts)
        # One value in a million must still be seen, so a bar with anything in it has a pixel.
        least = 1.0
        for number, count in enumerate(self._counts):
            if count:
                height = max(least, count / highest * plot.height())
                gap = 1 if width > 3 else 0
                bar = QRectF(
                    plot.left() + number * width, plot.bottom() - height, width - gap, height
                )
                painter.fillRect(bar, colour)

    def _paint_zero(self, painter: QPainter, plot: QRectF) -> None:
        """Mark zero by a dashed line, where it lies inside."""
        if not self._low < 0 < self._high:
            return
        x = plot.left() - self._low / (self._high - self._low) * plot.width()
        pen = painter.pen()
        pen.setColor(self.palette().color(QPalette.ColorRole.WindowText))
        pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
