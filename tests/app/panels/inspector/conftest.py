"""An inspector on a real session: what it asks for is made, and what comes of it is shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.jobs import Jobs
from app.panels.inspector import InspectorPanel
from app.state import State
from core.errors import ModelwrightError
from core.session import Session


@dataclass
class Bench:
    """A panel, the session behind it, and what was asked."""

    panel: InspectorPanel
    session: Session
    state_of: Callable[..., State]
    asked: list[Any] = field(default_factory=list)

    def show(self, *paths: str) -> None:
        self.paths = paths
        self.panel.show_state(self.state_of(self.session, *paths))

    def follow(self, edit: Any) -> None:
        """Do what the desk does."""
        self.asked.append(edit)
        try:
            self.session.apply(edit)
        except ModelwrightError as error:
            self.panel.show_refusal(str(error))
        self.show(*self.paths)

    def line(self, name: str) -> Any:
        editor = self.panel.form.fields[name].editor
        assert editor is not None
        return editor.line

    def type(self, name: str, text: str) -> None:
        """Type a text over what stands in a field, without Return."""
        line = self.line(name)
        line.setText(text)
        line.textEdited.emit(text)

    def enter(self, name: str, text: str) -> None:
        """Type a text and press Return."""
        self.type(name, text)
        editor = self.panel.form.fields[name].editor
        assert editor is not None
        editor.settle()

    def message(self, name: str) -> str:
        message = self.panel.form.fields[name].message
        return "" if message.isHidden() else message.text.text()


@pytest.fixture
def bench(qtbot: QtBot, jobs: Jobs, state_of: Callable[..., State]) -> Callable[..., Bench]:
    def make(session: Session, *paths: str) -> Bench:
        panel = InspectorPanel(jobs)
        qtbot.addWidget(panel)
        made = Bench(panel, session, state_of)
        panel.asked.connect(made.follow)
        panel.resize(300, 900)
        panel.show()
        made.show(*paths)
        return made

    return make
