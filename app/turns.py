"""Turns: who follows the desk does so one after the other, when all of them have much to do."""

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from app.state import State

Follower = Callable[[State], None]


class Turns(QObject):
    """Hands a state to each follower; another model's, each in a turn of the event loop of its own.

    Filling every panel with a new model in one go would hold the window for the sum of them. A
    state that comes in between takes the place of the one that was being handed on.
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
        """Let all follow: at once what is a step of the same model, else one by one."""
        before, self._state = self._state, state
        if state.origin is before.origin and not self._waiting:
            for follower in self._followers:
                follower(state)
            return
        self._waiting = deque(self._followers)
        self._timer.start(0)

    @property
    def waiting(self) -> bool:
        """Whether somebody has not followed yet."""
        return bool(self._waiting)

    def _next(self) -> None:
        follower = self._waiting.popleft()
        if self._waiting:
            self._timer.start(0)
        follower(self._state)
