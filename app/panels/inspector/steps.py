"""A spin box for numbers and tuples of numbers, in which anything can be typed."""

from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit

import core

#: Milliseconds between two edits while a step button is held down.
_PACE = 150


class StepBox(QAbstractSpinBox):
    """``stepped`` tells each new text, ``rested`` when it is time to take it seriously."""

    stepped = Signal(str)
    rested = Signal()

    def __init__(self, *, whole: bool) -> None:
        super().__init__()
        self._whole = whole
        self._pace = QTimer(self)
        self._pace.setSingleShot(True)
        self._pace.setInterval(_PACE)
        self._pace.timeout.connect(self.rested)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)

    @property
    def line(self) -> QLineEdit:
        """The field itself."""
        return self.lineEdit()

    def stepBy(self, steps: int) -> None:
        after = stepped(core.parse_value(self.text()), steps, whole=self._whole)
        if after is None:
            return
        self.line.setText(", ".join(map(str, after)) if isinstance(after, tuple) else str(after))
        self.line.selectAll()
        self.stepped.emit(self.text())
        if not self._pace.isActive():
            self._pace.start()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        flags = QAbstractSpinBox.StepEnabledFlag
        if not self.text() or stepped(core.parse_value(self.text()), 1, whole=self._whole) is None:
            return flags.StepNone
        return flags.StepUpEnabled | flags.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text, position

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the wheel scrolls the panel; values change on purpose only


def stepped(value: Any, steps: int, *, whole: bool) -> Any:
    """Return a number, or each of several, so many steps on; ``None`` for what has no steps.

    Whole numbers go by one, others by one of their leading digit: 0.1, 0.2; 1e-05, 2e-05.
    """
    if isinstance(value, tuple):
        each = [stepped(item, steps, whole=whole) for item in value]
        return None if not each or None in each else tuple(each)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if whole:
        return value + steps if isinstance(value, int) else None
    if value in (float("inf"), float("-inf")) or value != value:
        return None
    number = Decimal(repr(value))
    for _ in range(abs(steps)):
        number = _one(number, 1 if steps > 0 else -1)
    return float(number)


def _one(number: Decimal, way: int) -> Decimal:
    if not number:
        return Decimal("0.1") * way
    size = number.adjusted()
    shrinks = (number > 0) != (way > 0)
    if shrinks and abs(number) == Decimal(1).scaleb(size):
        size -= 1  # from 0.1 down is 0.09
    return number + way * Decimal(1).scaleb(size)
