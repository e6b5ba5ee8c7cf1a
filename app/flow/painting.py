"""Drawing a picture: only what is seen of it, and letters only where they can be read."""

from collections.abc import Collection

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPen, QPixmap, QPolygonF

from app import icons, theme
from app.flow.letters import small_font, title_font
from app.flow.picture import BESIDE, ICON, PAD, Picture, Step, Way

_ARROW = QPolygonF([QPointF(0, 0), QPointF(-8, -3.6), QPointF(-8, 3.6)])
_LEAST = 4.5  # pixels; smaller letters are not drawn
_FAR = 0.3  # where it is smaller, boxes are marks: no round corners, arrows, or smooth edges
_ICONS = (16, 20, 24, 32, 48, 64)  # pixels; drawn in one of few sizes, each is drawn once
_CORNER = 6.0


class Painter:
    """Draws one picture with the colours and the fonts of the moment."""

    def __init__(self, painter: QPainter, palette: QPalette, font: QFont, scale: float) -> None:
        self._painter = painter
        self._base = palette.color(QPalette.ColorRole.Base)
        self._text = palette.color(QPalette.ColorRole.Text)
        self._line = _mixed(theme.tone("muted"), self._base, 0.8)
        self._muted = theme.tone("muted")
        self._title, self._small = title_font(font), small_font(font)
        pixels = ICON * scale * painter.device().devicePixelRatioF()
        self._icon_size = next((size for size in _ICONS if size >= pixels), _ICONS[-1])
        self._far = scale < _FAR
        self._reads = painter.fontMetrics().height() * scale > _LEAST * 1.6
        self._kinds: dict[str, tuple[QColor, QColor, QPixmap]] = {}

    def draw(
        self,
        picture: Picture,
        seen: QRectF,
        marked: Collection[str],
        current: str | None,
        chosen: tuple[str, str] | None = None,
    ) -> None:
        """Draw what lies in ``seen``; ``marked`` are selected steps, ``current`` has the focus.

        ``chosen`` is the way that is selected: the steps at its ends.
        """
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, not self._far)
        self._painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        ways = [
            each for each in picture.ways if each.bounds.adjusted(-6, -6, 6, 6).intersects(seen)
        ]
        self._curves([each for each in ways if (each.source, each.target) != chosen])
        self._curves([each for each in ways if (each.source, each.target) == chosen], True)
        if self._reads:
            self._shapes([each for each in picture.ways if each.plate.intersects(seen)])
        for step in picture.steps:
            if step.box.intersects(seen):
                self._step(step, step.name in marked, step.name == current)

    def _curves(self, ways: list[Way], chosen: bool = False) -> None:
        painter = self._painter
        painter.setBrush(Qt.BrushStyle.NoBrush)
        line, wide = (theme.tone("accent"), 3.0) if chosen else (self._line, 1.3)
        plain, dashed = QPen(line, wide), QPen(line, wide, Qt.PenStyle.DashLine)
        if self._far:
            plain.setWidth(0)  # one pixel, however small the picture is
            dashed = plain
        for way in ways:
            painter.setPen(dashed if way.only else plain)
            painter.drawPath(way.curve)
        if self._far:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(line)
        for way in ways:
            painter.save()
            painter.translate(way.tip)
            painter.rotate(way.angle)
            painter.drawPolygon(_ARROW)
            painter.restore()

    def _shapes(self, ways: list[Way]) -> None:
        painter = self._painter
        painter.setFont(self._small)
        for way in ways:
            painter.fillRect(way.plate, self._base)
        painter.setPen(self._muted)
        for way in ways:
            painter.drawText(way.plate, _LEFT | Qt.TextFlag.TextDontClip, way.label)

    def _step(self, step: Step, marked: bool, current: bool) -> None:
        painter, box = self._painter, step.box
        fill, line, icon = self._look(step.kind)
        accent = theme.tone("accent")
        if marked:
            fill, line = _mixed(accent, self._base, 0.28), accent
        elif step.problem:
            line = theme.tone("problem")
        if self._far:
            painter.fillRect(box, line)
            return
        style = Qt.PenStyle.DashLine if step.only else Qt.PenStyle.SolidLine
        painter.setPen(QPen(line, 2.4 if marked or step.problem else 1.2, style))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, _CORNER, _CORNER)
        if current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._text, 1.0, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(box.adjusted(-3.5, -3.5, 3.5, 3.5), _CORNER + 3, _CORNER + 3)
        if not self._reads:
            return
        left = box.left() + PAD
        where = QRectF(left, box.center().y() - ICON / 2, ICON, ICON)
        painter.drawPixmap(where, icon, QRectF(icon.rect()))
        texts = QRectF(left + ICON + BESIDE, box.top(), box.width(), box.height() / 2)
        painter.setFont(self._title)
        painter.setPen(self._text)
        painter.drawText(texts, _LEFT | Qt.AlignmentFlag.AlignBottom, step.title)
        painter.setFont(self._small)
        painter.setPen(_mixed(self._text, fill, 0.82) if marked else self._muted)
        painter.drawText(texts.translated(0, texts.height()), _LEFT, step.about)
        if step.opens:
            self._more(box)

    def _more(self, box: QRectF) -> None:
        """A second edge behind the box tells that there is something inside."""
        painter = self._painter
        right = box.right() - 3.5
        painter.drawLine(
            QPointF(right, box.top() + _CORNER), QPointF(right, box.bottom() - _CORNER)
        )

    def _look(self, kind: str) -> tuple[QColor, QColor, QPixmap]:
        if kind not in self._kinds:
            colour = icons.kind_colour(kind)
            fill = _mixed(colour, self._base, 0.10)
            icon = icons.pixmap(f"layer-{kind}", self._icon_size, colour)
            self._kinds[kind] = fill, _mixed(colour, self._base, 0.75), icon
        return self._kinds[kind]


_LEFT = Qt.AlignmentFlag.AlignLeft


def _mixed(over: QColor, under: QColor, share: float) -> QColor:
    """Return one colour laid over another, as an opaque one."""
    parts = [
        round(a * share + b * (1 - share))
        for a, b in zip(over.getRgb()[:3], under.getRgb()[:3], strict=True)  # type: ignore[index]
    ]
    return QColor(*parts)
