"""The desk: the open session and what is asked of it.

Everything a user wants comes here as an edit or a request, and leaves as one signal, ``shown``,
with the state that every view follows. Edits are tried and models analysed on threads; an answer
about a document that is no longer on the desk is dropped.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

import core
from app.desk_state import address, analysed, made_by, name_of, still_there
from app.jobs import Job, Jobs
from app.state import State
from core.errors import MissingClass, ModelwrightError, NotAllowed, NotTrusted, Unchosen

if TYPE_CHECKING:
    from core.checkpoint import Loaded
    from core.document import Document
    from core.edits import Edit
    from core.edits.history import History, Proposal
    from core.session import Changed, Session

#: How long (seconds) to hold on for an answer before showing that it is being worked out. Most
#: edits and their shapes take a tenth of it, and the window then changes once instead of twice.
AT_ONCE = 0.03


class Desk(QObject):
    """Holds the open session; ``shown`` carries the :class:`State`, ``refused`` a sentence."""

    shown = Signal(object)
    refused = Signal(str)
    told = Signal(str)
    opened = Signal(str)
    saved = Signal(Path)
    kept = Signal(Path)
    trust_wanted = Signal(object, object)
    allowance_wanted = Signal(str, object)
    choice_wanted = Signal(object, object)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session: Session | None = None
        self.state = State()
        self._jobs = jobs
        self._opening: Job | None = None
        self._analysing: Job | None = None
        self._waiting: deque[Edit | str] = deque()
        self._proposing = False
        self._writing: Job | None = None
        #: The code that was agreed to, by its bytes.
        self._agreed: set[core.Code] = set()
        #: What was loaded from files since the session was opened, in that order.
        self._loads: list[Loaded] = []

    def open(self, text: str, **options: Any) -> None:
        """Open a source behind the window; options are those of ``core.open``.

        Where that means running code that nobody has allowed yet, ``trust_wanted`` carries what
        opens it after a yes to the code, and the code. Where a whole model names classes that
        nobody has allowed, ``allowance_wanted`` carries the source and what opens it, given
        ``allow`` and ``classes``. Where a file offers several models, ``choice_wanted`` carries the
        :class:`Unchosen`, and what opens the source that is picked.
        """
        if self._opening is not None:
            self._opening.cancel()

        def work(job: Job) -> "Session":
            return core.open(text, progress=job.progress, cancelled=job.cancelled, **options)

        def failed(error: ModelwrightError) -> None:
            self._opening = None
            if isinstance(error, NotTrusted):
                code = core.Code(error.path, error.data)
                again = partial(self._open_agreed, text, code, options)
                if code in self._agreed:  # the same bytes, for another class of the file, say
                    again()
                else:
                    self.trust_wanted.emit(again, code)
            elif isinstance(error, Unchosen):
                self.choice_wanted.emit(error, partial(self.open, **options))
            elif isinstance(error, NotAllowed | MissingClass) and not (
                options.get("allow") or options.get("classes")  # what was given did not suffice
            ):
                self.allowance_wanted.emit(
                    str(error.path or text), partial(self.open, text, **options)
                )
            else:
                self._refuse(error)

        self._opening = self._jobs.start(work, self.adopt, failed, title=f"Opening {text}")

    def _open_agreed(self, text: str, code: "core.Code", options: dict[str, Any]) -> None:
        """Open what needs ``code``, to which the user has said yes: as long as the window lives."""
        self._agreed.add(code)
        self.open(text, **{**options, "trust": code})

    def close(self) -> None:
        """Take the session off the desk."""
        self.session = None
        self._waiting.clear()
        self._put(State())

    def adopt(self, session: "Session") -> None:
        """Put a session on the desk; the one before it is forgotten."""
        self.session = session
        self._loads = []
        self._opening = None
        self._waiting.clear()
        session.changed.connect(self._follow)
        self.opened.emit(address(session))
        self._show(session.selection or ("",))
        self._tell(session.document.source.notes)

    def ask(self, edit: "Edit | str") -> None:
        """Make an edit; it is tried on a thread, in the order asked."""
        if self.session is None:
            self.refused.emit(self.tr("Open a model first; there is nothing to edit yet."))
            return
        self._waiting.append(edit)
        self._go_on()

    def undo(self) -> None:
        """Take the last step back."""
        self._step(lambda session: session.undo())

    def redo(self) -> None:
        """Take the step again."""
        self._step(lambda session: session.redo())

    def jump(self, step: int) -> None:
        """Go to a step of the history."""
        self._step(lambda session: session.jump(step))

    def select(self, paths: tuple[str, ...]) -> None:
        """Select modules, the current one first."""
        if self.session is not None and paths != self.state.selection:
            self.session.select(*paths)

    def save(self, path: Path) -> None:
        """Write the weights as a plain state dict; the clean mark is set when they are on disk.

        A re-wired model goes with its code, which a fresh process has tried.
        """
        session = self.session
        if session is None:
            return
        document, needs_code = session.document, session.needs_code

        def written(found: tuple[tuple[Path, ...], str]) -> None:
            self.note_saved(document, found[0], True, found[1])

        def work(job: Job) -> tuple[tuple[Path, ...], str]:
            if not needs_code:
                return (core.save_state_dict(document, path, overwrite=True),), ""
            taken = core.take_home(
                document, path, overwrite=True, progress=job.progress, cancelled=job.cancelled
            )
            return taken.files, str(taken.verdict)

        self._jobs.start(work, written, self._refuse, title=f"Saving {path.name}")

    def note_saved(
        self, document: "Document", files: tuple[Path, ...], as_it_is: bool, verdict: str = ""
    ) -> None:
        """Take note that a document stands in files; as it is: nothing of it would be lost.

        Where there is a project, that is what the work is kept in: only saving it counts.
        ``verdict`` is what a fresh process made of them.
        """
        session = self.session
        here = session is not None and session.document is document
        if session is not None and here and as_it_is and session.project is None:
            session.history.mark_clean()
            session.select(*session.selection)
        self.saved.emit(files[-1])
        told = self.tr("Saved {}").format(", ".join(each.name for each in files[:3]))
        self.told.emit(f"{told}: {verdict}" if verdict else told)

    def save_project(self, path: Path, then: Callable[[], Any] | None = None) -> None:
        """Write the project to ``path`` and keep it there; ``then`` is called when it is on disk.

        Whoever saves again meanwhile has the later state there in the end.
        """
        session = self.session
        if session is None:
            return
        document, recipe = session.document, session.recipe()

        def work(job: Job) -> Any:
            return core.save_project(
                document, recipe, path, overwrite=True, progress=job.progress,
                cancelled=job.cancelled,
            )  # fmt: skip

        def over() -> None:
            if self._writing is job:
                self._writing = None  # it holds the document

        def failed(error: ModelwrightError) -> None:
            over()
            self._refuse(error)

        def written(_: Any) -> None:
            over()
            if session is self.session:
                session.keep_in(path, document)
            self.kept.emit(path)
            self.told.emit(self.tr("Saved {}").format(path.name))
            if then is not None:
                then()

        self._writing = job = self._jobs.start(
            work, written, failed, title=f"Saving {path.name}", after=self._writing
        )

    def save_recipe(self, path: Path) -> None:
        """Write the recipe of the steps so far."""
        if self.session is None:
            return
        try:
            file = self.session.save_recipe(path, overwrite=True)
        except ModelwrightError as error:
            self._refuse(error)
            return
        self.told.emit(self.tr("Saved {}").format(file))

    def replay(self, recipe: Path) -> None:
        """Make the edits of a recipe on the open model, as steps of a history of their own."""
        session = self.session
        if session is None:
            return
        origin = session.document

        def replayed(found: "Session") -> None:
            if session is self.session and session.document is origin:
                self.adopt(found)

        self._jobs.start(
            lambda _: core.Session.replay(recipe, origin),
            replayed,
            self._refuse,
            title=f"Replaying {recipe.name}",
        )

    def take_loaded(self, found: "Loaded", base: "Document", path: Path) -> None:
        """Make what was loaded into ``base`` the next step; too late if that was edited since."""
        session = self.session
        if session is None or session.document is not base:
            self.refused.emit(self.tr("The model has changed meanwhile; load the file again."))
            return
        self._loads.append(found)
        session.adopt(found.document, self.tr("Load {}").format(path.name))
        self.told.emit(self.tr("{}: {} of {} loaded and compared").format(
            path.name, found.loaded, found.tensors))  # fmt: skip

    def _go_on(self) -> None:
        """Try the next edit that waits, if none is being tried."""
        session = self.session
        if self._proposing or not self._waiting or session is None:
            return
        edit = self._waiting.popleft()
        self._proposing = True
        title = edit if isinstance(edit, str) else edit.label
        self._jobs.start(
            lambda _: session.propose(edit),
            partial(self._accept, session),
            partial(self._give_up, session),
            title=title,
            wait=AT_ONCE,
        )

    def _accept(self, session: "Session", proposal: "Proposal") -> None:
        self._proposing = False
        if session is self.session:
            try:
                session.accept(proposal)
            except ModelwrightError as error:
                self._refuse(error)
        self._go_on()

    def _give_up(self, session: "Session", error: ModelwrightError) -> None:
        self._proposing = False
        if session is self.session:
            self._refuse(error)
        self._go_on()

    def _step(self, move: "Callable[[Session], object]") -> None:
        if self.session is None:
            return
        try:
            move(self.session)
        except ModelwrightError as error:
            self._refuse(error)

    def _refuse(self, error: ModelwrightError) -> None:
        self.refused.emit(str(error))

    def _tell(self, notes: tuple[str, ...]) -> None:
        if notes:
            self.told.emit(" ".join(notes))

    def _follow(self, change: "Changed") -> None:
        """Show the session's new document, and select what was just made."""
        if self.session is None or change.after is not self.session.document:
            return
        if change.before is change.after:
            session = self.session
            self._put(
                replace(
                    self.state,
                    selection=session.selection,
                    clean=session.history.is_clean,
                    project=session.project,
                    unsaved=session.history.unsaved,
                )
            )
            return
        made = made_by(change)
        self._show(made or still_there(self.state.selection, change.after))
        self._tell(change.after.notes)

    def _show(self, selection: tuple[str, ...]) -> None:
        """Show the session as it is: at once where shapes come at once, else in two steps."""
        session = self.session
        assert session is not None
        session.selection = selection
        if self._analysing is not None:
            self._analysing.cancel()
        history, document = session.history, session.document
        state = State(
            document,
            history.origin,
            None,
            self.state.marks if history.origin is self.state.origin else {},
            tuple(history.steps),
            history.cursor,
            selection,
            name_of(document),
            history.is_clean,
            session.project,
            history.unsaved,
        )
        self.state = state
        self._analysing = job = self._jobs.start(
            partial(analysed, history.origin, document, self._loads_before(history)),
            partial(self._complete, document),
            title=self.tr("Working out shapes"),
            wait=AT_ONCE,
        )
        if job in self._jobs.running:
            self.shown.emit(self.state)

    def _loads_before(self, history: "History") -> "tuple[Loaded, ...]":
        """Return the loads that led to the document that is shown: those undone do not count."""
        passed = {id(step.document) for step in history.steps[: history.cursor + 1]}
        return tuple(each for each in self._loads if id(each.document) in passed)

    def _complete(self, document: "Document", found: tuple[Any, dict[str, str], bool]) -> None:
        if document is self.state.document:
            report, marks, edited = found
            self._put(replace(self.state, report=report, marks=marks, edited=edited))

    def _put(self, state: State) -> None:
        self.state = state
        self.shown.emit(state)
