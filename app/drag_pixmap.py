"""What hangs at the cursor while a layer or a module is dragged."""

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
)

_MOST_LETTERS = 36


def drag_pixmap(text: str, icon: QIcon, palette: QPalette, ratio: float) -> QPixmap:
    """Draw a rounded tag with an icon and a name, crisp at ``ratio`` device pixels a pixel."""
    metrics = QFontMetricsF(QGuiApplication.font())
    line = metrics.height()
    text = metrics.elidedText(
        text, Qt.TextElideMode.ElideMiddle, metrics.averageCharWidth() * _MOST_LETTERS
    )
    side, gap = round(line), round(line * 0.5)
    # The text's advance may end in a fraction of a pixel; without the 1 its last stroke is cut.
    tag = QSizeF(gap * 3 + side + metrics.horizontalAdvance(text) + 1, round(line * 1.7))
    drawn = _canvas(tag, ratio)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw_tag(painter, tag, palette)
    top = (tag.height() - side) / 2
    painter.drawPixmap(QRectF(gap, top, side, side).toRect(), icon.pixmap(QSize(side, side), ratio))
    painter.setFont(QGuiApplication.font())
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    room = QRectF(gap * 2 + side, 0, tag.width(), tag.height())
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
    painter.end()
    return drawn


def _canvas(size: QSizeF, ratio: float) -> QPixmap:
    drawn = QPixmap((size * ratio).toSize())
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    return drawn


def _draw_tag(painter: QPainter, size: QSizeF, palette: QPalette) -> None:
    """Draw the tag with a line in the accent's colour, so that it stands out on any row."""
    fill = QColor(palette.color(QPalette.ColorRole.Base))
    fill.setAlpha(240)
    painter.setBrush(fill)
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 1.5))
    edge = QRectF(0, 0, size.width(), size.height()).adjusted(1, 1, -1, -1)
    painter.drawRoundedRect(edge, edge.height() / 4, edge.height() / 4)
