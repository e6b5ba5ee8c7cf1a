"""What the sheets have in common: a form, and the sentence of what would come of it, live."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

import core
from app.consequence import Consequence
from app.jobs import Jobs
from app.spots import told
from app.state import State
from app.trying_sheet import TryingSheet
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.analysis import Preview, Report
    from core.edits import Edit

    Tried = tuple[Edit, Consequence]

_MOST_TOLD = 3


class EditSheet(TryingSheet):
    """``edit_given`` carries an edit that was tried on the document and not refused.

    A sheet has fields and says with :meth:`wanted` which edit they ask for.
    """

    edit_given = Signal(object)

    def __init__(self, title: str, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(title, jobs, parent, lines=4)
        assert state.report is not None
        self.report: Report = state.report
        self._edit: Edit | None = None

    def wanted(self) -> "Callable[[], Edit]":
        """Read the fields, and return what makes the edit of them on any thread.

        What is returned may raise any :class:`~core.errors.ModelwrightError`.
        """
        raise NotImplementedError

    def facts(self, report: "Report", found: "Preview") -> list[str]:
        """Return further lines of what would come of it; runs on a thread."""
        return []

    def trying(self) -> "Callable[[], Consequence]":
        report, make = self.report, self.wanted()
        self._edit = None

        def check() -> Consequence:
            edit, found = _tried(report, make, self.facts)
            self._edit = edit
            return found

        return check

    def _do(self) -> None:
        """Give the edit; the desk makes it."""
        if self._edit is not None:
            self.edit_given.emit(self._edit)
            self.accept()


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
