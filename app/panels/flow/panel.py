"""The dataflow of one module, drawn when somebody looks, and never on the GUI thread."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app import icons
from app.flow.letters import letters
from app.flow.modules import Drawn, draw, home_of
from app.flow.view import FlowView
from app.jobs import Job, Jobs
from app.panels.flow.breadcrumb import Breadcrumb
from app.parts import WrappedLabel
from app.state import State
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.document import Document


class FlowPanel(QWidget):
    """``selected``: the module of a box that was clicked.

    The graph that is shown stays while what is selected is a box in it; else it is the graph of
    what is selected, or of the module that calls it.
    """

    selected = Signal(tuple)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job: Job | None = None
        self._state = State()
        self._behind = False
        self._of: tuple[Document, str] | None = None
        self.path = ""
        self.drawn: Drawn | None = None
        self.way = Breadcrumb()
        self.fit = QToolButton()
        self.fit.setAutoRaise(True)
        self.fit.setToolTip(self.tr("Show all of it (F)"))
        self.fit.setAccessibleName(self.tr("Fit"))
        self.note = WrappedLabel()
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.view = FlowView()
        row = QHBoxLayout()
        row.setContentsMargins(6, 0, 6, 0)
        row.addWidget(self.way, 1)
        row.addWidget(self.fit)
        under = QVBoxLayout()
        under.setContentsMargins(8, 0, 8, 2)
        under.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addLayout(under)
        column.addWidget(self.view, 1)
        self.fit.clicked.connect(self.view.fit)
        self.view.chosen.connect(lambda path: self.selected.emit((path,)))
        self.view.opened.connect(self.go_to)
        self.view.left.connect(self._leave)
        self.way.wanted.connect(self.go_to)
        self._paint_icons()
        self._say()

    def show_state(self, state: State) -> None:
        """Follow document and selection; a picture is made only where it is seen."""
        before, self._state = self._state, state
        if state.document is None:
            self._forget()
            return
        if state.origin is not before.origin:
            self.path = ""
        self._choose()
        if self.isVisible() and not self._behind:
            self._follow()

    @property
    def chosen_way(self) -> tuple[str, str, str] | None:
        """The way that is chosen in the picture: the module, and the steps at its ends."""
        way = self.view.way if self.isVisible() and not self._behind else None
        return (self.path, *way) if way is not None and self.drawn is not None else None

    @property
    def chosen_steps(self) -> tuple[str, ...]:
        """The steps of :attr:`path` that are chosen in the picture, in the order they run."""
        picture = self.view.picture if self.isVisible() and not self._behind else None
        steps = picture.steps if picture is not None else ()
        return tuple(each.name for each in steps if each.name in self.view.picked)

    @property
    def chosen_step(self) -> str:
        """The step of :attr:`path` that a command means: where the keys are, or what was clicked.

        What is then selected in the tree is meant again: ``""``.
        """
        here = self.view.here if self.isVisible() and not self._behind else None
        meant = here is not None and (self.view.hasFocus() or here.name in self.view.picked)
        return here.name if here is not None and meant else ""

    def role_of(self, step: str) -> str:
        """Return ``input`` or ``output`` for a step at which tensors come in or leave."""
        steps = self.view.picture.steps if self.view.picture is not None else ()
        return next((each.role for each in steps if each.name == step), "")

    @property
    def is_on_a_module(self) -> bool:
        """Whether what is chosen calls a module, so that what can be done to one can be done."""
        here = self.view.here
        return self.view.way is None and here is not None and here.path is not None

    def look(self, seen: bool) -> None:
        """Take note whether the panel can be seen: Qt calls a tab behind another one visible."""
        self._behind = not seen
        if seen:
            self._follow()

    def go_to(self, path: str) -> None:
        """Show the graph of another module, and select it."""
        self.path = path
        self.selected.emit((path,))
        self._follow()

    def _leave(self) -> None:
        if self.path and self._state.document is not None:
            self.go_to(home_of(self._state.document, self.path.rpartition(".")[0]))

    def _choose(self) -> None:
        """Say which module's graph is to be shown for what is selected."""
        document, current = self._state.document, self._state.current
        assert document is not None
        try:
            document.module(self.path)
            if current is None or current == self.path:
                return
            drawn = self.drawn
            shown = drawn.picture if drawn is not None and drawn.path == self.path else None
            if shown is not None and current in shown.by_path:
                return
            self.path = home_of(document, current)
        except ModelwrightError:  # it went away with an edit
            self.path = ""

    def _follow(self) -> None:
        """Ask for the picture that is to be seen, or mark what is selected in the one there is."""
        document, report = self._state.document, self._state.report
        if document is None or report is None:
            return
        stopped = self._job is not None and self._job.cancelled()
        if self._is_of(document, self.path) and not stopped:
            self.view.mark(self._state.current)
            return
        if self._job is not None:
            self._job.cancel()
        self._of = wanted = (document, self.path)
        same = self.drawn is not None and self.drawn.path == self.path
        picture = self.drawn.picture if self.drawn is not None and same else None
        before = picture.layout if picture is not None else None
        self._job = self._jobs.start(
            partial(_draw, report, self.path, letters(self.view.font()), before),
            partial(self._found, wanted),
            partial(self._refused, wanted),
            title=self.tr("Drawing {}").format(self.path or self._state.name),
        )

    def _is_of(self, document: "Document", path: str) -> bool:
        return self._of is not None and self._of[0] is document and self._of[1] == path

    def _found(self, wanted: "tuple[Document, str]", drawn: Drawn) -> None:
        if not self._is_of(*wanted) or wanted[0] is not self._state.document:
            return
        same = self.drawn is not None and self.drawn.path == drawn.path
        self.drawn = drawn
        self.view.show_picture(drawn.picture, keep=same and self.view.picture is not None)
        self.view.mark(self._state.current)
        self._say()

    def _refused(self, wanted: "tuple[Document, str]", error: ModelwrightError) -> None:
        self._found(wanted, Drawn(wanted[1], "", None, str(error)))

    def _forget(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._of, self.drawn, self.path = None, None, ""
        self.view.show_picture(None)
        self._say()

    def _say(self) -> None:
        drawn, document = self.drawn, self._state.document
        self.way.setVisible(drawn is not None)
        self.fit.setVisible(drawn is not None and drawn.picture is not None)
        if drawn is None or document is None:
            self.note.setText(self.tr("How tensors travel through a module is drawn here."))
        else:
            self.way.show_path(drawn.path, type(document.root).__name__)
            notes = [drawn.reason, *drawn.notes] if drawn.reason else list(drawn.notes)
            self.note.setText(" ".join(notes))
        self.note.setVisible(bool(self.note.text()))

    def _paint_icons(self) -> None:
        self.fit.setIcon(icons.icon("fit"))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._behind:
            self._follow()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_icons()
            self.view.update()


def _draw(report: object, path: str, measured: object, before: object, _: Job) -> Drawn:
    return draw(report, path, measured, before)  # type: ignore[arg-type]
