"""A tensor as a picture: rows are its first dimension, columns all others, colour the value."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app import numbers, theme

if TYPE_CHECKING:
    from core.statistics import HeatMap


class HeatMapView(QWidget):
    """Blue below zero, red above, and as pale as the window at zero."""

    def __init__(self) -> None:
        super().__init__()
        self._map: HeatMap | None = None
        self._image: QImage | None = None
        self.setAccessibleName(self.tr("Heat map"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_map(self, found: "HeatMap | None") -> None:
        """Show another tensor's."""
        self._map = found
        self._image = self._drawn()
        if found is not None:
            told = self.tr("{} by {} values between {} and {}").format(
                found.height, found.width, numbers.real(-found.most), numbers.real(found.most)
            )
            self.setAccessibleDescription(told)
        self.update()

    def _drawn(self) -> QImage | None:
        found = self._map
        if found is None or not found.rows:
            return None
        image = QImage(len(found.rows[0]), len(found.rows), QImage.Format.Format_RGB32)
        zero = theme.tone("surface")
        ends = (QColor("#2f6fde"), QColor("#d6453d"))
        for y, row in enumerate(found.rows):
            for x, value in enumerate(row):
                image.setPixelColor(x, y, _mixed(value, found.most, zero, ends))
        return image

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 50, self.fontMetrics().height() * 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.tone("surface"))
        if self._image is not None:
            painter.drawImage(QRectF(self.rect()), self._image)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(
                event.globalPos(), self.text_at(event.pos().x(), event.pos().y()), self
            )
            return True
        return super().event(event)

    def text_at(self, x: int, y: int) -> str:
        """Return which value is drawn at a point."""
        found = self._map
        if found is None or not found.rows or not self.width() or not self.height():
            return ""
        row = min(len(found.rows) - 1, max(0, y * len(found.rows) // self.height()))
        column = min(len(found.rows[0]) - 1, max(0, x * len(found.rows[0]) // self.width()))
        at = (found.at_row[row], found.at_column[column])
        return f"[{at[0]}, {at[1]}]  {numbers.real(found.rows[row][column])}"

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._image = self._drawn()
            self.update()


def _mixed(value: float, most: float, zero: QColor, ends: tuple[QColor, QColor]) -> QColor:
    if value != value:
        return QColor(Qt.GlobalColor.black)
    share = min(1.0, abs(value) / most) if most else 0.0
    end = ends[value > 0]
    return QColor.fromRgbF(
        zero.redF() + (end.redF() - zero.redF()) * share,
        zero.greenF() + (end.greenF() - zero.greenF()) * share,
        zero.blueF() + (end.blueF() - zero.blueF()) * share,
    )
