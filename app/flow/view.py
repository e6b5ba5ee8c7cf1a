"""The widget that shows a picture: zoom, drag, choose boxes or a way between two, look into one."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPathStroker,
    QPaintEvent,
    QPalette,
    QTransform,
)
from PySide6.QtWidgets import QToolTip, QWidget

from app.flow.board import Board
from app.flow.painting import Painter
from app.flow.picture import Picture, Step, Way

_STEP = 1.2
_DRAG = 4  # pixels a press may wander and still be a click
_NEAR = 5  # pixels a click may be beside a way and still mean it
_CTRL = Qt.KeyboardModifier.ControlModifier

Key = Qt.Key


class FlowView(Board):
    """``chosen``: the module of a box that was clicked; ``opened``: one to look into.

    ``left``: out to where this module is called. ``menu_wanted``: what can be done to what was just
    chosen, and where on the screen. ``removal_wanted``, ``rename_wanted``: of the current step. A
    picture is shown from its top, as large as can be read; or ``whole``, however small it is then.

    ``picked`` are the boxes that were chosen by hand, with Ctrl several; ``way`` is the connection
    that was: Ctrl+Space, Shift with the arrows, and E do it by keys.
    """

    chosen = Signal(str)
    opened = Signal(str)
    left = Signal()
    menu_wanted = Signal(QPoint)
    removal_wanted = Signal()
    rename_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent, whole=whole)
        self.marked: frozenset[str] = frozenset()
        self.current: str | None = None
        self.picked: tuple[str, ...] = ()
        self.way: tuple[str, str] | None = None
        self._press: QPointF | None = None
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Dataflow"))

    def show_picture(self, picture: Picture | None, keep: bool = False) -> None:
        """Show a picture, from its top; ``keep`` leaves scale and place as they are."""
        self.picture = picture
        names = {each.name for each in picture.steps} if picture is not None else set()
        self.current = self.current if self.current in names else None
        self.picked = tuple(each for each in self.picked if each in names)
        ways = {(each.source, each.target) for each in picture.ways} if picture else set()
        self.way = self.way if self.way in ways else None
        self._describe()
        if not keep:
            self._fresh = True
            self._begin()
        else:
            self._bring_in()
        self.update()

    def mark(self, path: str | None) -> None:
        """Mark the boxes that call the module at ``path``, and bring them into view."""
        steps = self.picture.by_path.get(path or "", ()) if self.picture is not None else ()
        marked = frozenset(each.name for each in steps)
        if marked != self.marked:
            self.marked = marked
            self.way = None  # somebody looks at something else now
            if not marked.issuperset(self.picked):
                self.picked = ()
            if steps:
                self.current = steps[0].name if self.current not in marked else self.current
                self._reveal(steps[0])
            self._describe()
        self.update()

    # What assistive technology reads

    def _describe(self) -> None:
        found = self.picture
        if found is None:
            self.setAccessibleDescription("")
            return
        text = self.tr("{}: {} steps, {} connections").format(
            found.title, len(found.steps), len(found.ways)
        )
        here = self.here
        told = here.sentence if here is not None else ""
        if self.way is not None:
            told = self.tr("the way from {} to {}").format(*self.way)
        elif len(self.picked) > 1:
            told = self.tr("{} steps chosen: {}").format(len(self.picked), ", ".join(self.picked))
        self.setAccessibleDescription(f"{told}. {text}" if told else text)

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
            current = self.current if self.hasFocus() else None
            drawn.draw(self.picture, seen, self.marked.union(self.picked), current, self.way)
        painter.end()

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
            step = self._at(event.position())
            if step is None:
                self._choose_way(self._way_at(event.position()))
            elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._toggle(step)
            else:
                self._choose(step)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        step = self._at(event.position())
        if step is not None and step.opens and step.path is not None:
            self.opened.emit(step.path)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        point = QPointF(event.pos())
        step = self._at(point) if mouse else self.here
        if mouse and step is None:
            self._choose_way(self._way_at(point))
        if step is None and self.way is None:
            return
        if step is not None and step.name not in self.picked and self.way is None:
            self._choose(step)
        elif mouse and step is not None:
            self._point_at(step)
        at = event.globalPos()
        if not mouse and step is not None:
            at = self.mapToGlobal(self.place_of(step).center().toPoint())
        self.menu_wanted.emit(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step, keys = event.key(), self.here, event.modifiers()
        more = bool(keys & Qt.KeyboardModifier.ShiftModifier)
        if key in (Key.Key_Down, Key.Key_Right):
            self._go(1, more)
        elif key in (Key.Key_Up, Key.Key_Left):
            self._go(-1, more)
        elif key == Key.Key_Space and step is not None and keys & _CTRL:
            self._toggle(step)
        elif key == Key.Key_A and keys & _CTRL:
            self._pick_all()
        elif key == Key.Key_E and not keys:
            self._next_way()
        elif key == Key.Key_Escape and (self.way is not None or self.picked):
            self._choose_way(None)
        elif key == Key.Key_Delete and not keys and step is not None:
            self.removal_wanted.emit()
        elif key == Key.Key_F2 and not keys and step is not None:
            self.rename_wanted.emit()
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
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            # Here these keys mean the step, not the module that it may call.
            mine = event.key() in (Key.Key_Delete, Key.Key_F2) and not event.modifiers()
            if mine and self.here is not None:
                event.accept()
                return True
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            step = self._at(QPointF(event.pos()))
            if step is not None:
                told = f"{step.sentence}\n{step.problem}" if step.problem else step.sentence
                QToolTip.showText(event.globalPos(), told, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    @property
    def here(self) -> Step | None:
        """The step that is current."""
        steps = self.picture.steps if self.picture is not None else ()
        return next((each for each in steps if each.name == self.current), None)

    def _go(self, offset: int, more: bool = False) -> None:
        """Make the next step, or the one before, the current one; ``more`` picks it too."""
        steps = self.picture.steps if self.picture is not None else ()
        if not steps:
            return
        here = self.here
        at = steps.index(here) + offset if here is not None else 0
        step = steps[max(0, min(len(steps) - 1, at))]
        self.way = None
        if more:
            names = [here.name] if here is not None else []
            self.picked = tuple(dict.fromkeys([*self.picked, *names, step.name]))
        self._point_at(step)
        self._reveal(step)

    def _choose(self, step: Step | None) -> None:
        if step is None:
            return
        self.picked, self.way = (step.name,), None
        self._point_at(step)
        if step.path is not None:
            self.chosen.emit(step.path)

    def _toggle(self, step: Step) -> None:
        """Pick one more step, or one less."""
        without = tuple(each for each in self.picked if each != step.name)
        self.picked = without if step.name in self.picked else (*self.picked, step.name)
        self.way = None
        self._point_at(step)

    def _pick_all(self) -> None:
        steps = self.picture.steps if self.picture is not None else ()
        self.picked = tuple(each.name for each in steps if not each.role)
        self.way = None
        self._describe()
        self.update()

    def _point_at(self, step: Step) -> None:
        self.current = step.name
        self._describe()
        self.update()

    def forget_choice(self) -> None:
        """Let nothing be chosen: somebody works elsewhere now."""
        if self.way is not None or self.picked:
            self._choose_way(None)

    def _choose_way(self, way: Way | None) -> None:
        """Choose a connection, or nothing at all."""
        self.picked = ()
        self.way = (way.source, way.target) if way is not None else None
        self._describe()
        self.update()

    def _next_way(self) -> None:
        """Choose the first connection that leaves the current step, then the next one."""
        ways = self.picture.ways if self.picture is not None else ()
        leaving = [each for each in ways if each.source == self.current]
        names = [(each.source, each.target) for each in leaving]
        if leaving:
            at = names.index(self.way) + 1 if self.way in names else 0
            self._choose_way(leaving[at % len(leaving)])

    def _way_at(self, point: QPointF) -> Way | None:
        """Return the connection that passes under a point of the widget, or close by."""
        ways = self.picture.ways if self.picture is not None else ()
        at, near = (point - self._origin) / self.scale, _NEAR / self.scale
        pen = QPainterPathStroker()
        pen.setWidth(2 * near)
        close = [w for w in ways if w.bounds.adjusted(-near, -near, near, near).contains(at)]
        return next((w for w in close if pen.createStroke(w.curve).contains(at)), None)
