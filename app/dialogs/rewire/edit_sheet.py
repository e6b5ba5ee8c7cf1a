"""What the sheets have in common: a form, and the sentence of what would come of it, live."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

import core
from app.consequence import Consequence
from app.jobs import Job, Jobs
from app.said import Said
from app.spots import told
from app.state import State
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.analysis import Preview, Report
    from core.edits import Edit

    Tried = tuple[Edit, Consequence]

#: How long (ms) typing has to pause before the edit is tried.
_PAUSE = 120
_MOST_TOLD = 3


class EditSheet(QDialog):
    """``edit_given`` carries an edit that was tried on the document and not refused.

    A sheet has fields and says with :meth:`wanted` which edit they ask for.
    """

    edit_given = Signal(object)

    def __init__(self, title: str, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert state.report is not None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.report: Report = state.report
        self._jobs = jobs
        self._job: Job | None = None
        self._edit: Edit | None = None
        self._wants_to_accept = False
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.said = Said(lines=4)
        self.said.setAccessibleName(self.tr("What it would do"))
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel)
        self.ok = self.buttons.button(buttons.Ok)
        self.ok.setEnabled(False)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addLayout(self.form)
        column.addWidget(self.said)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._try)
        self.said.setMinimumWidth(self.fontMetrics().averageCharWidth() * 66)

    def wanted(self) -> "Callable[[], Edit]":
        """Read the fields, and return what makes the edit of them on any thread.

        What is returned may raise any :class:`~core.errors.ModelwrightError`.
        """
        raise NotImplementedError

    def facts(self, report: "Report", found: "Preview") -> list[str]:
        """Return further lines of what would come of it; runs on a thread."""
        return []

    def changed(self, *_: object) -> None:
        """Take note that a field has changed; what it asks for is tried when typing pauses."""
        self.ok.setEnabled(False)
        self._wants_to_accept = False
        self._timer.start()

    def refuse(self, error: ModelwrightError) -> None:
        """Say why it cannot be."""
        self._edit = None
        self.ok.setEnabled(False)
        self.said.say(str(error), "problem")

    def _try(self) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        report, make = self.report, self.wanted()
        self._job = self._jobs.start(
            lambda _: _tried(report, make, self.facts), self._found, self.refuse, wait=0.01
        )

    def _found(self, tried: "Tried") -> None:
        self._edit, found = tried
        self.said.say(found.text, "muted")
        self.ok.setEnabled(True)
        if self._wants_to_accept:
            self._accept()

    def _accept(self) -> None:
        """Give the edit; where it is still being tried, as soon as it is known to be possible."""
        if self.ok.isEnabled() and self._edit is not None:
            self.edit_given.emit(self._edit)
            self.accept()
        else:
            self._wants_to_accept = True
            self._try()

    def done(self, result: int) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        super().done(result)


def _tried(
    report: "Report",
    make: "Callable[[], Edit]",
    facts: "Callable[[Report, Preview], list[str]]",
) -> "Tried":
    edit = make()
    found = core.preview(report, edit)
    lines = [told(report, edit, found), *facts(report, found)]
    lines += [*_fed(report, found), *_widened(report, found)]
    return edit, Consequence("\n".join([*lines, *found.document.notes]))


def _fed(report: "Report", found: "Preview") -> list[str]:
    """Say what the model is fed then, where that is something else than now."""
    inputs = found.document.inputs
    if inputs == report.document.inputs:
        return []
    told = " and ".join(f"{each.name} ({each})" if each.name else str(each) for each in inputs)
    return [f"The model is then fed {told}."]


def _widened(report: "Report", found: "Preview") -> list[str]:
    """Say which layers come out in another size; what was trained of them is kept."""
    lines = []
    for change in found.changes:
        if change.kind not in ("changed", "replaced") or found.document is report.document:
            continue
        old = _described(report, change.path)
        new = _described(found.report, change.path)
        if old and new and old != new:
            lines.append(f"{change.path}: {old} becomes {new}.")
    return lines[:_MOST_TOLD]


def _described(report: "Report", path: str) -> str:
    """Return a layer as one writes it; what has children is told by those."""
    try:
        module = report.document.module(path)
        return "" if module._modules else str(core.describe(module))
    except ModelwrightError:
        return ""


def title_of(document: object, path: str) -> str:
    """Return what a sheet calls a module: its path, or the class of the model."""
    return path or type(document.root).__name__  # type: ignore[attr-defined]
