"""A window's test stands on a real session, shown as the desk shows it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import theme
from app.jobs import Jobs
from app.state import State
from core.analysis import analyse
from core.document import difference
from core.session import Session

#: How long (ms) something is waited for that has to come.
PATIENCE = 30_000


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> None:
    theme.apply(qapp, "light")


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    """Nothing here is timed: what is waited for may take long on a machine with other work."""
    until, signal = qtbot.waitUntil, qtbot.waitSignal

    def wait_until(callback: Callable[[], Any], *, timeout: int = PATIENCE) -> None:
        until(callback, timeout=timeout)

    def wait_signal(*signals: Any, timeout: int = PATIENCE, **options: Any) -> Any:
        return signal(*signals, timeout=timeout, **options)

    qtbot.waitUntil, qtbot.waitSignal = wait_until, wait_signal  # type: ignore[method-assign]
    return qtbot


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    """Jobs whose threads are over when the test is."""
    made = Jobs()
    yield made
    made.cancel_all()
    assert made.wait_all(30)


@pytest.fixture
def state_of() -> Callable[..., State]:
    """Return the state of a session with these paths selected, as the desk makes it."""

    def make(session: Session, *selection: str) -> State:
        history = session.history
        return State(
            document=session.document,
            origin=history.origin,
            report=analyse(session.document).settle(),
            marks={c.path: c.kind for c in difference(history.origin, session.document)},
            steps=tuple(history.steps),
            cursor=history.cursor,
            selection=selection,
            name=session.document.source.text,
            clean=history.is_clean,
        )

    return make
