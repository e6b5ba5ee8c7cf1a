"""A field that is checked while somebody types in it, off the GUI thread."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer

from app.jobs import Job, Jobs
from app.said import Said
from core.errors import ModelwrightError

#: How long (ms) typing has to pause before what was typed is tried.
_PAUSE = 150


class LiveCheck(QObject):
    """Says what ``check`` finds good about the latest text, or the sentence of its refusal.

    ``check`` runs on a thread: the first names of ``core`` import torch, which takes seconds.
    """

    def __init__(self, check: Callable[[str], str], said: Said, jobs: Jobs) -> None:
        super().__init__(said)
        self._check = check
        self._said = said
        self._jobs = jobs
        self._job: Job | None = None
        self._text = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._try)

    def follow(self, text: str) -> None:
        """Check ``text`` when typing pauses; an empty field is nothing to talk about."""
        self.stop()
        self._text = text.strip()
        if self._text:
            self._timer.start()
        else:
            self._said.say("")

    def stop(self) -> None:
        """Forget what is being checked; nothing is said about it any more."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    def _try(self) -> None:
        text, check = self._text, self._check
        self._job = self._jobs.start(
            lambda _: check(text), partial(self._found, text), partial(self._refused, text)
        )

    def _found(self, text: str, sentence: str) -> None:
        if text == self._text:
            self._said.say(sentence, "good")

    def _refused(self, text: str, error: ModelwrightError) -> None:
        if text == self._text:
            self._said.say(str(error), "problem")
