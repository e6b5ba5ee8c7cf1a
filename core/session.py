"""One open document: its history, the selection, what was saved, and one signal.

The window, the terminal and a notebook all hold a session; nothing in it knows which.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from core.analysis import Problem, Report, analyse
from core.checkpoint import save_state_dict
from core.document import Change, Document, Ledger, difference, ledger
from core.edits import Edit, History, Proposal, parse_edit
from core.errors import SaveRefused
from core.project import SavedProject, is_project, open_project, save_project
from core.recipe import (
    Recipe,
    is_recipe,
    open_recipe,
    read_recipe,
    recipe_of,
    replay,
    save_recipe,
)
from core.source import open_source

if TYPE_CHECKING:
    from core.export import TakenHome


@dataclass(frozen=True)
class Changed:
    """What happened: the document before and after, and the edit, if one was made.

    The two documents are the same one where only the selection or the clean mark changed.
    """

    before: Document
    after: Document
    edit: Edit | None = None


class Signal:
    """A list of functions to call. What is connected twice is called twice."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Changed], object]] = []

    def connect(self, listener: Callable[[Changed], object]) -> None:
        """Call ``listener`` from now on."""
        self._listeners.append(listener)

    def disconnect(self, listener: Callable[[Changed], object]) -> None:
        """Call ``listener`` no longer."""
        self._listeners.remove(listener)

    def emit(self, change: Changed) -> None:
        """Call every listener."""
        for listener in tuple(self._listeners):
            listener(change)


class Session:
    """A document being worked on. Every change goes through here, and ``changed`` tells of it."""

    def __init__(self, document: Document, history: History | None = None) -> None:
        self.history = history or History(document)
        self.changed = Signal()
        self.selection: tuple[str, ...] = ()
        #: The project that this is kept in, where it was opened from one or saved as one.
        self.project: Path | None = None

    @classmethod
    def open(cls, text: str, **options: Any) -> "Session":
        """Open a source; options are those of :func:`core.source.open_source`.

        A project or a recipe is opened with its steps, so that they can be undone.
        """
        if is_project(text):
            history = open_project(text, **options)
            session = cls(history.document, history)
            session.project = Path(text.strip()).expanduser()
            return session
        if is_recipe(text):
            recipe, document = open_recipe(text.strip(), **options)
            return cls(document, replay(recipe, document))
        return cls(open_source(text, **options))

    @classmethod
    def replay(cls, recipe: str | Path, document: Document) -> "Session":
        """Make the edits of a recipe on ``document``; raises RecipeError if one fails."""
        return cls(document, replay(read_recipe(recipe), document))

    @property
    def document(self) -> Document:
        """The current snapshot."""
        return self.history.document

    @property
    def report(self) -> Report:
        """Shapes, cost and problems of the current snapshot."""
        return analyse(self.document)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the current snapshot, each with its repairs."""
        return self.report.problems

    @property
    def ledger(self) -> Ledger:
        """What happened to every weight since the document was opened."""
        return ledger(self.history.origin, self.document)

    @property
    def difference(self) -> tuple[Change, ...]:
        """Which modules differ from those of the document that was opened."""
        return difference(self.history.origin, self.document)

    def apply(self, edit: Edit | str) -> Document:
        """Make an edit, given as an object or as text, and return the new document."""
        return self.accept(self.propose(edit))

    def propose(self, edit: Edit | str) -> Proposal:
        """Say what an edit would lead to; nothing happens yet, and any thread may ask."""
        return self.history.propose(parse_edit(edit) if isinstance(edit, str) else edit)

    def accept(self, proposal: Proposal) -> Document:
        """Make an edit that was proposed for the current document."""
        before = self.document
        after = self.history.accept(proposal)
        self.changed.emit(Changed(before, after, proposal.edit))
        return after

    def adopt(self, document: Document, title: str) -> Document:
        """Make a document that no edit made, such as one with loaded weights, the next step."""
        before = self.document
        self.history.adopt(document, title)
        self.changed.emit(Changed(before, document))
        return document

    def undo(self) -> Document:
        """Take the last edit back."""
        return self._moved(self.history.undo)

    def redo(self) -> Document:
        """Make the edit that was taken back again."""
        return self._moved(self.history.redo)

    def jump(self, step: int) -> Document:
        """Go to any step of the history; 0 is the document as it was opened."""
        return self._moved(lambda: self.history.jump(step))

    def select(self, *paths: str) -> None:
        """Select modules by path, the current one first; the window's views all follow."""
        self.selection = paths
        self.changed.emit(Changed(self.document, self.document))

    def model(self) -> nn.Module:
        """Return an ordinary ``nn.Module``, a copy with weights of its own, ready to train."""
        return self.document.model()

    def recipe(self) -> Recipe:
        """Write down how this model came to be."""
        return recipe_of(self.history.origin, self.history.edits)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the weights as a plain state dict; raises :class:`~core.errors.SaveRefused`.

        A re-wired model is worth nothing without its code, which is then written too.
        """
        if self.needs_code:
            return self.take_home(path, overwrite=overwrite).weights
        saved = save_state_dict(self.document, path, overwrite=overwrite)
        self._saved()
        return saved

    @property
    def needs_code(self) -> bool:
        """Whether the weights have to go with code: for re-wired modules and the user's blocks."""
        from core.export import needs_code  # not needed before something is saved

        return needs_code(self.document)

    def take_home(self, path: str | Path, *, overwrite: bool = False) -> "TakenHome":
        """Write the weights and, beside them, the Python that builds the model.

        A fresh process tries both first. Raises :class:`~core.errors.SaveRefused`.
        """
        from core.export import take_home  # not needed before something is saved

        taken = take_home(self.document, path, overwrite=overwrite)
        self._saved()
        return taken

    def save_project(
        self, path: str | Path | None = None, *, overwrite: bool = False
    ) -> SavedProject:
        """Write the project, to where it is kept if no ``path`` is given, and keep it there.

        Raises :class:`~core.errors.SaveRefused`.
        """
        target = self.project if path is None else Path(path)
        if target is None:
            raise SaveRefused("This is not kept in a project yet: say where to save one.")
        overwrite = overwrite or path is None
        saved = save_project(self.document, self.recipe(), target, overwrite=overwrite)
        self.keep_in(saved.path, self.document)
        return saved

    def keep_in(self, project: Path, document: Document) -> None:
        """Note that ``document``, of this session, stands in a project on disk."""
        self.project = project
        self.history.mark_clean(document)
        self.changed.emit(Changed(self.document, self.document))

    def save_recipe(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the recipe as JSON; raises :class:`~core.errors.SaveRefused`."""
        return save_recipe(self.recipe(), path, overwrite=overwrite)

    def _saved(self) -> None:
        self.history.mark_clean()
        self.changed.emit(Changed(self.document, self.document))

    def _moved(self, move: Callable[[], Document]) -> Document:
        before = self.document
        after = move()
        self.changed.emit(Changed(before, after))
        return after
