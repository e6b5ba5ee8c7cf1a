"""Turns: who follows the desk does so one after the other, so that no turn is long."""

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.state import State

Follower = Callable[[State], None]


class Turns(QObject):
    """Hands a state to the first follower at once, to each other one in a turn of the event loop.

    Doing all in one go would hold the window for the sum of them. A state that comes in between
    takes the place of the one that was being handed on.
    """

    def __init__(self, followers: list[Follower], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._followers = followers
        self._waiting: deque[Follower] = deque()
        self._state = State()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._next)

    def show_state(self, state: State) -> None:
        """Let all follow, the first at once."""
        self._state = state
        self._waiting = deque(self._followers)
        self._next()

    @property
    def waiting(self) -> bool:
        """Whether somebody has not followed yet."""
        return bool(self._waiting)

    def _next(self) -> None:
        follower = self._waiting.popleft()
        if self._waiting:
            self._timer.start(0)
        follower(self._state)
