"""The board a picture lies on: zoomed with Ctrl and the wheel, dragged, fitted."""

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.flow.picture import Picture, Step

_MARGIN = 14.0
_LEAST, _MOST = 0.004, 4.0
#: A picture is first shown no smaller than this: names are to be read, the rest is dragged into.
_READABLE = 0.7


class Board(QWidget):
    """Shows a picture from its top, as large as can be read; or ``whole``, however small."""

    def __init__(self, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent)
        self._whole = whole
        self.picture: Picture | None = None
        self.scale = 1.0
        self._origin = QPointF()  # of the picture, in pixels of the widget
        self._fresh = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 60)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def fit(self) -> None:
        """Show all of the picture."""
        if self.picture is None:
            return
        bounds = self.picture.bounds
        room = self._room()
        scale = min(
            room.width() / max(1.0, bounds.width()), room.height() / max(1.0, bounds.height())
        )
        self.scale = max(_LEAST, min(1.0, scale))
        self._origin = room.center() - bounds.center() * self.scale
        self._fresh = False
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Make everything larger by ``factor``; what is under ``at`` stays there."""
        at = at if at is not None else QPointF(self.rect().center())
        scale = max(_LEAST, min(_MOST, self.scale * factor))
        self._origin = at + (self._origin - at) * (scale / self.scale)
        self.scale = scale
        self._fresh = False
        self.update()

    def place_of(self, step: Step) -> QRectF:
        """Return where a step's box is on the widget."""
        return QRectF(step.box.topLeft() * self.scale + self._origin, step.box.size() * self.scale)

    def _begin(self) -> None:
        """Fit the picture as far as its names can be read; then its top is seen."""
        if self.picture is None:
            return
        self.fit()
        if self.scale < _READABLE and not self._whole:
            bounds, room = self.picture.bounds, self._room()
            wide = room.width() / max(1.0, bounds.width())
            self.scale = min(1.0, max(_READABLE, wide))
            first = self.picture.steps[0].box if self.picture.steps else bounds
            left = room.center().x() - first.center().x() * self.scale
            if bounds.width() * self.scale <= room.width():
                left = room.center().x() - bounds.center().x() * self.scale
            self._origin = QPointF(left, room.top() - bounds.top() * self.scale)
        self._fresh = True

    def _bring_in(self) -> None:
        """Move a picture that has grown out of view as far as it takes to see all of it."""
        if self.picture is None:
            return
        bounds, room = self.picture.bounds, self._room()
        place = QRectF(bounds.topLeft() * self.scale + self._origin, bounds.size() * self.scale)
        if place.width() <= room.width():
            over = max(0.0, place.right() - room.right())
            self._origin -= QPointF(over or min(0.0, place.left() - room.left()), 0)
        if place.height() <= room.height():
            over = max(0.0, place.bottom() - room.bottom())
            self._origin -= QPointF(0, over or min(0.0, place.top() - room.top()))

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)

    def _reveal(self, step: Step) -> None:
        """Move the picture as far as it takes to see a step."""
        place, room = self.place_of(step), self._room()
        dx = max(0.0, room.left() - place.left()) or min(0.0, room.right() - place.right())
        dy = max(0.0, room.top() - place.top()) or min(0.0, room.bottom() - place.bottom())
        if place.width() > room.width():
            dx = room.center().x() - place.center().x()
        if dx or dy:
            self._origin += QPointF(dx, dy)
            self._fresh = False

    def _at(self, point: QPointF) -> Step | None:
        if self.picture is None:
            return None
        return self.picture.at((point - self._origin) / self.scale)

    def _move(self, way: QPointF) -> None:
        """Drag the picture; a part of it always stays to be seen."""
        if self.picture is None:
            return
        self._origin += way
        room, bounds = self._room(), self.picture.bounds
        place = QRectF(bounds.topLeft() * self.scale + self._origin, bounds.size() * self.scale)
        if not place.intersects(room):
            self._origin -= way
        self._fresh = False
        self.update()

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fresh:  # nobody has zoomed or dragged yet
            self._begin()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1.0015 ** turned.y(), event.position())
        else:
            pixels = event.pixelDelta()
            way = pixels if not pixels.isNull() else turned / 2
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not way.x():
                way = QPoint(way.y(), 0)
            self._move(QPointF(way))
        event.accept()
