"""One file and one model on their way to each other: what is known, and what was said about it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

import core
from app.jobs import Job, Jobs
from core.errors import ModelwrightError, NothingInCommon

if TYPE_CHECKING:
    from core.checkpoint import Condition, Loaded, Plan
    from core.document import Document
    from core.files import Contents
    from core.files.which import Guess

#: How long (ms) the rows have been shown before their values are looked at: they are painted first.
_AFTER = 150


class Case(QObject):
    """Reads the file, then matches it, again after every choice; all on threads.

    ``read``: what stands in the file is known, or why not. ``asked``: the plan is out of date, and
    a new one is being made. ``planned``: what would be loaded is known.
    ``loaded`` carries a :class:`~core.checkpoint.Loaded`. ``failed``: a sentence about loading.
    """

    read = Signal()
    asked = Signal()
    planned = Signal()
    loaded = Signal(object)
    failed = Signal(str)

    def __init__(
        self,
        jobs: Jobs,
        document: "Document | None",
        origin: "Document | None",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.document, self.origin = document, origin
        self.path = Path()
        self.contents: Contents | None = None
        self.sentence = ""
        self.guesses: tuple[Guess, ...] = ()
        self.plan: Plan | None = None
        #: What was recognised last: after an answer with which nothing fits, it can be taken back.
        self.conditions: tuple[Condition, ...] = ()
        self.problem = ""
        #: Key of a condition -> the answer that was given, and the answers there were.
        self.answers: dict[str, str] = {}
        self.offered: dict[str, tuple[Any, ...]] = {}
        #: Name in the model -> name in the file, or ``None`` for one that is to be left alone.
        self.pairs: dict[str, str | None] = {}
        self._job: Job | None = None
        self._doubting = QTimer(self)
        self._doubting.setSingleShot(True)
        self._doubting.setInterval(_AFTER)
        self._doubting.timeout.connect(self._look_for_doubts)
        #: Whether the plan is of answers that have changed since: it must not be acted on.
        self.matching = False
        self.loading: Job | None = None

    # Reading and matching

    def open(self, path: Path) -> None:
        """Read a file and match it; what was said about another one is forgotten."""
        self.stop()
        self.path = path
        self.contents = self.plan = None
        self.conditions = ()
        self.guesses, self.sentence, self.problem = (), "", ""
        self.answers, self.offered, self.pairs = {}, {}, {}
        self._job = self._jobs.start(
            lambda _: _understood(path),
            self._was_read,
            self._could_not,
            title=f"Reading {path.name}",
        )

    def choose(self, key: str, answer: str | None) -> None:
        """Answer a condition, ``channels`` with ``channels=mean``; ``None`` takes it back."""
        if answer is None:
            self.answers.pop(key, None)
        else:
            self.answers[key] = answer
        self._match()

    def pair(self, name: str, stored: str | None) -> None:
        """Say which tensor of the file a tensor of the model is; ``None``: it is to be left."""
        for other in [n for n, s in self.pairs.items() if s == stored and s is not None]:
            del self.pairs[other]
        self.pairs[name] = stored
        self._match()

    def forget_pairs(self) -> None:
        """Let all names be matched by themselves again."""
        self.pairs = {}
        self._match()

    @property
    def choices(self) -> tuple[str, ...]:
        """What was answered, as texts that ``core.match`` reads."""
        return tuple(self.answers.values())

    @property
    def working(self) -> bool:
        """Whether something about the file is still being worked out."""
        return self._job is not None or self._doubting.isActive()

    def stop(self) -> None:
        """Stop whatever is being worked out."""
        for job in (self._job, self.loading):
            if job is not None:
                job.cancel()
        self._doubting.stop()
        self._job = self.loading = None
        self.matching = False

    def _was_read(self, found: "tuple[Contents, str, tuple[Guess, ...]]") -> None:
        self._job = None
        self.contents, self.sentence, self.guesses = found
        self.read.emit()
        self._match()

    def _could_not(self, error: ModelwrightError) -> None:
        self._job = None
        self.problem = str(error)
        self.read.emit()

    def _match(self) -> None:
        contents, document, origin = self.contents, self.document, self.origin
        if contents is None or document is None:
            return
        self._doubting.stop()
        if self._job is not None:
            self._job.cancel()
        choices, pairs = self.choices, dict(self.pairs)
        self._job = self._jobs.start(
            lambda _: core.match(document, contents, origin=origin, choices=choices, pairs=pairs),
            self._was_planned,
            self._does_not_match,
            title=f"Matching {self.path.name}",
        )
        self.matching = True
        self.asked.emit()

    def _was_planned(self, plan: "Plan") -> None:
        self._job, self.matching = None, False
        self.plan, self.problem, self.conditions = plan, "", plan.conditions
        for condition in plan.conditions:
            if condition.choices:
                key = condition.choices[0].text.partition("=")[0]
                self.offered.setdefault(key, condition.choices)
        self._doubting.start()
        self.planned.emit()

    def _look_for_doubts(self) -> None:
        """Look whether two tensors seem exchanged, which takes longer: it is seen from values.

        What cannot be read for it cannot be loaded either: loading says why.
        """
        plan = self.plan
        if plan is not None and self._job is None:
            self._job = self._jobs.start(
                lambda _: core.doubts(plan),
                partial(self._doubt, plan),
                lambda _: self._doubt(plan, ()),
            )

    def _doubt(self, plan: "Plan", found: "tuple[Condition, ...]") -> None:
        self._job = None
        if plan is self.plan and found:
            from dataclasses import replace

            self.conditions = (*plan.conditions, *found)
            self.plan = replace(plan, conditions=self.conditions)
            self.planned.emit()

    def _does_not_match(self, error: ModelwrightError) -> None:
        self._job, self.matching = None, False
        self.plan, self.problem = None, str(error)
        if isinstance(error, NothingInCommon):  # the rows are there to be paired by hand
            self.plan = error.plan
            self.conditions = self.conditions or error.plan.conditions
        self.planned.emit()

    # Loading

    def load(self, partial_: bool, training: bool) -> None:
        """Do what the plan says; all of it or nothing."""
        plan = self.plan
        if plan is None or self.matching:
            return
        self.loading = self._jobs.start(
            lambda job: core.load(
                plan,
                partial=partial_,
                training=training,
                progress=job.progress,
                cancelled=job.cancelled,
            ),
            self._was_loaded,
            self._not_loaded,
            title=f"Loading {self.path.name}",
        )

    def _was_loaded(self, found: "Loaded") -> None:
        self.loading = None
        self.loaded.emit(found)

    def _not_loaded(self, error: ModelwrightError) -> None:
        self.loading = None
        self.failed.emit(str(error))


def _understood(path: Path) -> "tuple[Contents, str, tuple[Guess, ...]]":
    """Read a file: what stands in it, what it is in a sentence, which models it may be of."""
    contents = core.read_contents(path)
    guesses: tuple[Guess, ...] = ()
    if contents.weights:
        shapes = {name: each.shape for name, each in contents.weights[0].tensors.items()}
        guesses = core.which(shapes)
    return contents, core.in_a_sentence(contents, guesses), guesses
