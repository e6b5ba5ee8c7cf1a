"""PySide6 6.12.0 loses a reference to None with every void call; the version we take must not."""

import sys

from PySide6.QtCore import QObject, Signal


class _Bell(QObject):
    rung = Signal(bool)


def test_void_calls_leave_the_reference_count_of_none_alone() -> None:
    bell = _Bell()
    before = sys.getrefcount(None)
    for _ in range(20_000):
        bell.setObjectName("bell")
    # On Python 3.12 and later None is immortal and its count does not move at all.
    assert abs(sys.getrefcount(None) - before) < 1_000


def test_emits_leave_the_reference_count_of_true_alone() -> None:
    bell = _Bell()
    before = sys.getrefcount(True)
    for _ in range(20_000):
        bell.rung.emit(True)
    assert abs(sys.getrefcount(True) - before) < 1_000
