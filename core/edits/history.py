"""The history: a list of snapshots and a cursor. Undoing is stepping back, nothing more."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from core.document import Document
from core.edits.arguments import SetArguments
from core.edits.base import Edit
from core.edits.together import SetInputs
from core.errors import EditRefused

#: Changes of one field that follow each other this fast (seconds) are one step, as with a spin box.
MERGE_WITHIN = 1.0


@dataclass(frozen=True)
class Step:
    """One document of the history and the edit that led to it.

    The first has none, nor has one that was adopted, such as loaded weights: it has a ``title``.
    """

    document: Document
    edit: Edit | None
    at: float = 0.0
    title: str = "Open"

    @property
    def label(self) -> str:
        """What the history panel says."""
        return self.edit.label if self.edit is not None else self.title


@dataclass(frozen=True)
class Proposal:
    """What an edit would lead to; nothing has happened yet.

    ``base`` is the document it was made for: when the history has moved on, it counts no more.
    """

    edit: Edit
    base: Document
    document: Document
    merges: bool
    at: float


class History:
    """The steps of one open document. ``document`` is where the cursor stands.

    ``clock`` gives seconds, and is a parameter so that merging can be tested.
    """

    def __init__(self, document: Document, clock: Callable[[], float] = time.monotonic) -> None:
        self.steps: list[Step] = [Step(document, None)]
        self.cursor = 0
        self._clean: Document | None = document
        self._clock = clock

    @property
    def document(self) -> Document:
        """The current snapshot."""
        return self.steps[self.cursor].document

    @property
    def origin(self) -> Document:
        """The snapshot everything began with."""
        return self.steps[0].document

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits from the origin to the current snapshot."""
        return tuple(s.edit for s in self.steps[1 : self.cursor + 1] if s.edit is not None)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self.cursor > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return self.cursor + 1 < len(self.steps)

    @property
    def is_clean(self) -> bool:
        """Whether the current snapshot is the one that was saved (or opened)."""
        return self.document is self._clean

    @property
    def unsaved(self) -> int:
        """How many steps the current snapshot is away from the one that was saved (or opened)."""
        saved = (at for at, step in enumerate(self.steps) if step.document is self._clean)
        return abs(self.cursor - next(saved, 0))

    def mark_clean(self, document: Document | None = None) -> None:
        """Say that a snapshot is saved: the current one, if none is named."""
        self._clean = document or self.document

    def propose(self, edit: Edit) -> Proposal:
        """Apply ``edit`` without taking the step; this only reads, so any thread may ask.

        An edit that is refused raises.
        """
        now = self._clock()
        merges = self._merges(self.steps[self.cursor], edit, now)
        start = self.steps[self.cursor - 1].document if merges else self.document
        return Proposal(edit, self.document, edit.apply(start), merges, now)

    def accept(self, proposal: Proposal) -> Document:
        """Take the step, drop what was undone before, and return the new document.

        Raises :class:`EditRefused` where the proposal was made for another document.
        """
        if proposal.base is not self.document:
            raise EditRefused(f"{proposal.edit.label}: the model has changed meanwhile. Try again.")
        if proposal.document is self.document:
            return self.document
        if proposal.merges:
            self.cursor -= 1
        del self.steps[self.cursor + 1 :]
        self.steps.append(Step(proposal.document, proposal.edit, proposal.at))
        self.cursor += 1
        return proposal.document

    def do(self, edit: Edit) -> Document:
        """Propose ``edit`` and accept it; one that is refused raises and changes nothing."""
        return self.accept(self.propose(edit))

    def adopt(self, document: Document, title: str) -> Document:
        """Make a document that no edit made, such as one with loaded weights, the next step."""
        del self.steps[self.cursor + 1 :]
        self.steps.append(Step(document, None, self._clock(), title))
        self.cursor += 1
        return document

    def undo(self) -> Document:
        """Step back."""
        if not self.can_undo:
            raise EditRefused("There is nothing to undo.")
        return self.jump(self.cursor - 1)

    def redo(self) -> Document:
        """Step forward again."""
        if not self.can_redo:
            raise EditRefused("There is nothing to redo.")
        return self.jump(self.cursor + 1)

    def jump(self, step: int) -> Document:
        """Go to step ``step``; 0 is the origin."""
        if not 0 <= step < len(self.steps):
            raise EditRefused(
                f"The history has the steps 0 to {len(self.steps) - 1}; there is no step {step}."
            )
        self.cursor = step
        return self.document

    def _merges(self, last: Step, edit: Edit, now: float) -> bool:
        """Whether ``edit`` only goes on with the last step: same field, soon, and nothing saved.

        Steps that were undone are dropped by any edit, merged or not; a saved step stays a step.
        """
        if last.edit is None or self.can_redo or last.document is self._clean:
            return False
        return now - last.at < MERGE_WITHIN and _same_field(last.edit, edit)


def _same_field(first: Edit, second: Edit) -> bool:
    if isinstance(first, SetArguments) and isinstance(second, SetArguments):
        return first.path == second.path and first.arguments.keys() == second.arguments.keys()
    return isinstance(first, SetInputs) and isinstance(second, SetInputs)
