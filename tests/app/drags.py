"""Drags as Qt delivers them: real mime data in real drag events, sent to a widget's viewport."""

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

BOTH = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
NO_KEY = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


class Drag:
    """One drag over one widget, from entering it."""

    def __init__(
        self, target: QWidget, data: QMimeData, at: QPoint, keys: Qt.KeyboardModifier = NO_KEY
    ) -> None:
        self.target, self.data, self.keys = target, data, keys
        event = QDragEnterEvent(at, BOTH, data, LEFT, keys)
        QApplication.sendEvent(target, event)
        self.entered = event.isAccepted()
        self.over(at)

    def over(self, at: QPoint) -> bool:
        """Move there; return whether letting go would be accepted."""
        event = QDragMoveEvent(at, BOTH, self.data, LEFT, self.keys)
        QApplication.sendEvent(self.target, event)
        return event.isAccepted()

    def drop(self, at: QPoint) -> bool:
        """Let go there."""
        event = QDropEvent(QPointF(at), BOTH, self.data, LEFT, self.keys)
        QApplication.sendEvent(self.target, event)
        return event.isAccepted()

    def leave(self) -> None:
        """Leave the widget, or press Esc."""
        QApplication.sendEvent(self.target, QDragLeaveEvent())
