"""The problems, each with its repairs as buttons; then what is odd in re-wired forwards."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

import core
from app import icons, theme
from app.jobs import Job, Jobs
from app.state import State

if TYPE_CHECKING:
    from core.analysis import Problem, Report
    from core.edits import Edit

#: As many are shown; what follows is mostly caused by those before.
_MOST_SHOWN = 30


class ProblemsPanel(QWidget):
    """``asked``: a repair. ``selected``: the module of a problem. ``counted``: how many there are.

    Repairs are tried on a thread, and only when somebody looks.
    """

    asked = Signal(object)
    selected = Signal(tuple)
    counted = Signal(int)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job: Job | None = None
        self._state = State()
        self._at = -1
        self._doubting: Job | None = None
        self._doubts: tuple[Problem, ...] = ()
        self.rows: list[ProblemRow] = []
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(8, 6, 8, 6)
        self._column.setSpacing(4)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self._inside)
        area.setAccessibleName(self.tr("Problems"))
        self._area = area
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        self._build()

    def show_state(self, state: State) -> None:
        """Show the problems of a state; while they are worked out, those before stay."""
        before, self._state = self._state, state
        if state.document is not None and state.report is None:
            return
        if state.report is not before.report or state.document is not before.document:
            if state.document is not before.document:
                self._doubts = ()
            self._build()
            self._look_for_repairs()
            self._doubt()

    @property
    def problems(self) -> "tuple[Problem, ...]":
        """The problems of the state that is shown."""
        return self._state.report.problems if self._state.report is not None else ()

    def next_problem(self) -> None:
        """Go to the next problem, from the last one to the first."""
        self._go(self._at + 1)

    def previous_problem(self) -> None:
        """Go to the problem before."""
        self._go(self._at - 1 if self._at >= 0 else -1)

    def _go(self, number: int) -> None:
        if self.rows:
            self._at = number % len(self.rows)
            row = self.rows[self._at]
            row.setFocus()
            self._area.ensureWidgetVisible(row)
            self.selected.emit((row.problem.path,))

    def _build(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        self._at = -1
        shown = [(each, False) for each in self.problems[:_MOST_SHOWN]]
        shown += [(each, True) for each in self._doubts[:_MOST_SHOWN]]
        self.rows = [ProblemRow(each, odd) for each, odd in shown]
        for row in self.rows:
            row.asked.connect(self.asked)
            row.chosen.connect(lambda path: self.selected.emit((path,)))
            self._column.addWidget(row)
        hidden = len(self.problems) - _MOST_SHOWN
        if hidden > 0:
            self._column.addWidget(_line("info", self.tr("and {} more").format(hidden), "muted"))
        for text in self._notes():
            self._column.addWidget(_line("info", text, "accent"))
        if not self.problems:
            self._column.insertWidget(0, self._all_well())
        self._column.addStretch(1)
        self.counted.emit(len(self.problems))

    def _notes(self) -> list[str]:
        report, document = self._state.report, self._state.document
        if report is None or document is None:
            return []
        return [*dict.fromkeys([*document.source.notes, *document.notes, *report.notes])]

    def _all_well(self) -> QWidget:
        report, document = self._state.report, self._state.document
        if report is None or document is None:
            return _line(
                "info", self.tr("Problems are listed here, with what repairs them."), "muted"
            )
        taken = "; ".join(str(each) for each in document.inputs) or self.tr("nothing")
        text = self.tr("No problems. The model takes {} and gives {}.")
        return _line("ok", text.format(taken, report.output), "good")

    def _doubt(self) -> None:
        """Look for what is odd in re-wired forwards: inputs nobody reads, modules nobody calls."""
        if self._doubting is not None:
            self._doubting.cancel()
        report = self._state.report
        if report is not None:
            self._doubting = self._jobs.start(
                partial(_doubts, report), partial(self._show_doubts, report), wait=0.0
            )

    def _show_doubts(self, report: object, found: "tuple[Problem, ...]") -> None:
        if report is self._state.report and found != self._doubts:
            self._doubts = found
            self._build()
            self._look_for_repairs()

    def _look_for_repairs(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        report = self._state.report
        if not self.rows or not self.isVisible() or report is None:
            return
        problems = [row.problem for row in self.rows]
        self._job = self._jobs.start(
            partial(_repairs, problems), partial(self._show_repairs, report), wait=0.0
        )

    def _show_repairs(self, report: object, found: "list[tuple[Edit, ...]]") -> None:
        if report is self._state.report:
            for row, repairs in zip(self.rows, found, strict=True):
                row.show_repairs(repairs)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._job is None:
            self._look_for_repairs()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_column"):
            self._build()
            self._look_for_repairs()


class ProblemRow(QFrame):
    """One problem: where, what, and buttons that repair it; what is ``odd`` runs all the same."""

    asked = Signal(object)
    chosen = Signal(str)

    def __init__(self, problem: "Problem", odd: bool = False) -> None:
        super().__init__()
        self.problem = problem
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(problem.message)
        self.setToolTip(problem.detail)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._text = QLabel(problem.message)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._waiting = QLabel(self.tr("Looking for repairs…"))
        palette = self._waiting.palette()
        palette.setColor(self._waiting.foregroundRole(), theme.tone("muted"))
        self._waiting.setPalette(palette)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(6)
        self._buttons.addWidget(self._waiting)
        self._buttons.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self._text)
        words.addLayout(self._buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 5, 8, 5)
        mark = _mark("warning", "changed") if odd else _mark("problem-mark", "problem")
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def show_repairs(self, repairs: "tuple[Edit, ...]") -> None:
        """Show what repairs the problem, each as a button."""
        self._waiting.setVisible(not repairs)
        if not repairs:
            self._waiting.setText(
                self.tr("No repair is known; undo, or edit the module.")
                if self.problem.path
                else self.tr("No repair is known; the input above may not be what it takes.")
            )
        for number, edit in enumerate(repairs):
            button = QPushButton(icons.icon("repair", theme.tone("accent")), edit.label)
            button.setAccessibleName(edit.label)
            button.setToolTip(self.tr("Make this edit; it can be undone"))
            button.clicked.connect(lambda _=False, each=edit: self.asked.emit(each))
            self._buttons.insertWidget(number + 1, button)

    def mousePressEvent(self, event: object) -> None:
        self.chosen.emit(self.problem.path)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.setFrameShape(QFrame.Shape.StyledPanel)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setFrameShape(QFrame.Shape.NoFrame)


def _line(icon: str, text: str, tone: theme.Tone) -> QWidget:
    widget = QWidget()
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if tone == "muted":
        palette = label.palette()
        palette.setColor(label.foregroundRole(), theme.tone("muted"))
        label.setPalette(palette)
    row = QHBoxLayout(widget)
    row.setContentsMargins(8, 4, 8, 4)
    row.addWidget(_mark(icon, tone), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label, 1)
    return widget


def _mark(icon: str, tone: theme.Tone) -> QLabel:
    label = QLabel()
    size = label.fontMetrics().height()
    label.setPixmap(icons.icon(icon, theme.tone(tone)).pixmap(size, size))
    return label


def _doubts(report: "Report", job: Job) -> "tuple[Problem, ...]":
    """Return what is odd in the forwards that were written here, and no problem already."""
    document = report.document
    known = {(each.path, each.message) for each in report.problems}
    found: dict[tuple[str, str], Problem] = {}
    for path in [path for path, module in document.modules() if core.is_rewired(module)]:
        if job.cancelled():
            break
        for each in core.flow(report, path, picture=False).problems:
            if (each.path, each.message) not in known:
                found.setdefault((each.path, each.message), each)
    return tuple(found.values())


def _repairs(problems: "list[Problem]", job: Job) -> "list[tuple[Edit, ...]]":
    """Try the repairs of each problem; stop where nobody waits any more."""
    return [() if job.cancelled() else each.repairs for each in problems]
