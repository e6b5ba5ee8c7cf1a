"""The widget that shows a picture: zoom, drag, choose a box, look into one."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.flow.painting import Painter
from app.flow.picture import Picture, Step

_MARGIN = 14.0
_LEAST, _MOST = 0.004, 4.0
#: A picture is first shown no smaller than this: names are to be read, the rest is dragged into.
_READABLE = 0.7
_STEP = 1.2
_DRAG = 4  # pixels a press may wander and still be a click

Key = Qt.Key


class FlowView(QWidget):
    """``chosen``: the module of a box that was clicked; ``opened``: one to look into.

    ``left``: out to where this module is called. ``menu_wanted``: what can be done to the box that
    was just chosen, and where on the screen. A picture is shown from its top, as large as can be
    read; or ``whole``, however small that makes it.
    """

    chosen = Signal(str)
    opened = Signal(str)
    left = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent)
        self._whole = whole
        self.picture: Picture | None = None
        self.marked: frozenset[str] = frozenset()
        self.current: str | None = None
        self.scale = 1.0
        self._origin = QPointF()  # of the picture, in pixels of the widget
        self._press: QPointF | None = None
        self._dragging = False
        self._fresh = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 60)
        self.setAccessibleName(self.tr("Dataflow"))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def show_picture(self, picture: Picture | None, keep: bool = False) -> None:
        """Show a picture, from its top; ``keep`` leaves scale and place as they are."""
        self.picture = picture
        names = {each.name for each in picture.steps} if picture is not None else set()
        self.current = self.current if self.current in names else None
        self._describe()
        if not keep:
            self._fresh = True
            self._begin()
        self.update()

    def mark(self, path: str | None) -> None:
        """Mark the boxes that call the module at ``path``, and bring them into view."""
        steps = self.picture.by_path.get(path or "", ()) if self.picture is not None else ()
        marked = frozenset(each.name for each in steps)
        if marked != self.marked:
            self.marked = marked
            if steps:
                self.current = steps[0].name if self.current not in marked else self.current
                self._reveal(steps[0])
            self._describe()
        self.update()

    # Zoom and place

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

    # What assistive technology reads

    def _describe(self) -> None:
        found = self.picture
        if found is None:
            self.setAccessibleDescription("")
            return
        text = self.tr("{}: {} steps, {} connections").format(
            found.title, len(found.steps), len(found.ways)
        )
        here = next((each for each in found.steps if each.name == self.current), None)
        self.setAccessibleDescription(f"{here.sentence}. {text}" if here is not None else text)

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        if self.picture is not None:
            painter.setTransform(
                QTransform(self.scale, 0, 0, self.scale, self._origin.x(), self._origin.y())
            )
            area = QRectF(event.rect())
            seen = QRectF((area.topLeft() - self._origin) / self.scale, area.size() / self.scale)
            drawn = Painter(painter, self.palette(), self.font(), self.scale)
            drawn.draw(self.picture, seen, self.marked, self.current if self.hasFocus() else None)
        painter.end()

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

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._press, self._dragging = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        way = event.position() - self._press
        if self._dragging or way.manhattanLength() > _DRAG:
            self._dragging = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._press = event.position()
            self._move(way)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, dragged = self._press is not None, self._dragging
        self._press, self._dragging = None, False
        self.unsetCursor()
        if pressed and not dragged and event.button() == Qt.MouseButton.LeftButton:
            self._choose(self._at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        step = self._at(event.position())
        if step is not None and step.opens and step.path is not None:
            self.opened.emit(step.path)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        step = self._at(QPointF(event.pos())) if mouse else self._here()
        if step is None or step.path is None:
            return
        self._choose(step)
        at = event.globalPos()
        if not mouse:
            at = self.mapToGlobal(self.place_of(step).center().toPoint())
        self.menu_wanted.emit(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step = event.key(), self._here()
        if key in (Key.Key_Down, Key.Key_Right):
            self._go(1)
        elif key in (Key.Key_Up, Key.Key_Left):
            self._go(-1)
        elif key in (Key.Key_Return, Key.Key_Enter) and step is not None:
            if step.opens and step.path is not None:
                self.opened.emit(step.path)
            else:
                self._choose(step)
        elif key == Key.Key_Space and step is not None:
            self._choose(step)
        elif key == Key.Key_Backspace:
            self.left.emit()
        elif key in (Key.Key_F, Key.Key_Home):
            self.fit()
        elif key in (Key.Key_Plus, Key.Key_Equal):
            self.zoom(_STEP)
        elif key == Key.Key_Minus:
            self.zoom(1 / _STEP)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        keyboard = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if self.current is None and event.reason() in keyboard:
            self._go(1)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            step = self._at(QPointF(event.pos()))
            if step is not None:
                told = f"{step.sentence}\n{step.problem}" if step.problem else step.sentence
                QToolTip.showText(event.globalPos(), told, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def _here(self) -> Step | None:
        steps = self.picture.steps if self.picture is not None else ()
        return next((each for each in steps if each.name == self.current), None)

    def _go(self, offset: int) -> None:
        """Make the next step, or the one before, the current one."""
        steps = self.picture.steps if self.picture is not None else ()
        if not steps:
            return
        here = self._here()
        at = steps.index(here) + offset if here is not None else 0
        step = steps[max(0, min(len(steps) - 1, at))]
        self.current = step.name
        self._reveal(step)
        self._describe()
        self.update()

    def _choose(self, step: Step | None) -> None:
        if step is None:
            return
        self.current = step.name
        self._describe()
        self.update()
        if step.path is not None:
            self.chosen.emit(step.path)

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
