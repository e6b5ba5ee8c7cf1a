"""A window's test stands on a real session, shown as the desk shows it."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from app import theme
from app.jobs import Jobs
from app.state import State
from core.analysis import analyse
from core.document import difference
from core.session import Session


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> None:
    theme.apply(qapp, "light")


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
