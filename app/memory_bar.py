"""A device's memory as a bar: what is used, what a model would need, what stays free."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import numbers, theme


class MemoryBar(QWidget):
    """Three pieces of the device's total; one that does not fit is drawn over the end, in red."""

    def __init__(self) -> None:
        super().__init__()
        self._total = self._used = self._needed = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_memory(self, total: int | None, free: int | None, needed: int) -> None:
        """Show bytes; a device that does not tell them has an empty bar."""
        self._total = total or 0
        self._used = (total or 0) - (free or 0) if free is not None else 0
        self._needed = needed
        self.setAccessibleName(self.text())
        self.setToolTip(self.text())
        self.update()

    def text(self) -> str:
        """What the bar shows, in words."""
        if not self._total:
            return self.tr("memory not told")
        free = max(0, self._total - self._used)
        return self.tr("{} free of {}, {} needed").format(
            numbers.size(free), numbers.size(self._total), numbers.size(self._needed)
        )

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 24, self.fontMetrics().height() // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.tone("line"))
        painter.setBrush(theme.tone("surface"))
        room = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(room, 2, 2)
        if self._total:
            used = room.width() * min(1.0, self._used / self._total)
            needed = room.width() * min(1.0, self._needed / self._total)
            fits = self._used + self._needed <= self._total
            left = min(used, room.width() - needed)
            painter.fillRect(QRectF(room.left(), room.top(), used, room.height()),
                             theme.tone("muted"))  # fmt: skip
            painter.fillRect(
                QRectF(room.left() + left, room.top(), max(2.0, needed), room.height()),
                theme.tone("accent" if fits else "problem"),
            )
        painter.end()
