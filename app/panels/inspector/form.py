"""The form: the arguments of the selected module, or those that several have in common."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QToolButton, QWidget
from shiboken6 import isValid

import core
from app.jobs import Job, Jobs
from app.panels.inspector.field import Field, same
from app.parts import ToneLabel
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.catalog import Argument
    from core.document import Document
    from core.edits import Edit

#: Milliseconds of quiet in a field before the value in it is tried.
_QUIET = 250
#: Name and reset button stand beside the first line of an editor that may have more.
_TOP, _MIDDLE = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter


class ArgumentsForm(QWidget):
    """Asks for edits; the fields stay the same widgets while the same module stays selected."""

    asked = Signal(object)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self.note = ToneLabel()
        self._jobs = jobs
        self._document: Document | None = None
        self._paths: tuple[str, ...] = ()
        self._key: object = None
        self._rare: list[tuple[Argument, ...]] = []
        self._plain = 0
        self._wants_all = False
        self.more = self._more_button()
        self._pending: Field | None = None
        self._trial: Job | None = None
        self._tried: tuple[str, Any] = ("", None)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET)
        self._quiet.timeout.connect(self._try)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 5)
        self._grid.setColumnStretch(1, 6)

    def show_modules(self, document: "Document", paths: tuple[str, ...]) -> None:
        """Show the arguments of these modules of a document."""
        if document is self._document and paths == self._paths:
            return
        self._document, self._paths = document, paths
        forms = [core.form_of(document.module(path)) for path in paths]
        rows = core.common_form(forms)
        types = tuple(type(document.module(path)) for path in paths)
        key = paths, types, tuple((r[0].parameter, all(a.editable for a in r)) for r in rows)
        self._pending = None
        if key == self._key:
            self._rare = [row for row in rows if row[0].parameter.hidden]
            for row in rows:
                if row[0].parameter.name in self.fields:
                    self.fields[row[0].parameter.name].show_arguments(row)
        else:
            self._key = key
            self._build(rows)
        self._show_rare(self._wants_all or self._shows_rare or any(map(_differs, self._rare)))
        self.note.say(self._why_empty(forms) if not rows else "")

    def show_refusal(self, text: str) -> bool:
        """Say under the field that was asked about why not; false, if none was."""
        field, self._pending = self._pending, None
        if field is None:
            return False
        field.refuse(text)
        return True

    def _build(self, rows: "tuple[tuple[Argument, ...], ...]") -> None:
        """Make the fields anew: those of what is rarely given only when they are to be seen."""
        self._drop_trial()
        self._remove(list(self.fields))
        self._grid.removeWidget(self.note)
        self.note.deleteLater()
        self.note = ToneLabel()
        self._rare = [row for row in rows if row[0].parameter.hidden]
        usual = [row for row in rows if not row[0].parameter.hidden]
        self._plain = len(usual)
        for number, row in enumerate(usual):
            self._add(row, 2 * number)
        self._grid.addWidget(self.note, 2 * self._plain, 0, 1, 3)
        self._grid.addWidget(self.more, 2 * self._plain + 1, 0, 1, 3)
        self.more.setText(self.tr("More arguments ({})").format(len(self._rare)))
        self.more.setVisible(bool(self._rare))
        self._order()

    def _add(self, row: "tuple[Argument, ...]", at: int) -> None:
        field = Field(self, row)
        field.wanted.connect(self._ask)
        field.trying.connect(self._wait)
        self.fields[field.name] = field
        place = _TOP if field.editor is not None and field.editor.grows else _MIDDLE
        self._grid.addWidget(field.label, at, 0, place)
        self._grid.addWidget(field.value, at, 1)
        self._grid.addWidget(field.reset, at, 2, place)
        self._grid.addWidget(field.message, at + 1, 0, 1, 3)

    def _more_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setToolTip(self.tr("Arguments that are rarely given, such as device and dtype"))
        button.clicked.connect(self._turn)
        button.hide()
        return button

    @property
    def _shows_rare(self) -> bool:
        return any(field.parameter.hidden for field in self.fields.values())

    def _turn(self) -> None:
        self._wants_all = not self._shows_rare
        self._show_rare(self._wants_all)

    def _show_rare(self, show: bool) -> None:
        """Show the arguments that are rarely given, or the button for them alone."""
        if show and not self._shows_rare:
            for number, row in enumerate(self._rare):
                self._add(row, 2 * (self._plain + 1 + number))
            self._order()
        elif not show:
            self._remove([f.name for f in self.fields.values() if f.parameter.hidden])
        opened = self._shows_rare
        self.more.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        said = self.tr("{}, open") if opened else self.tr("{}, closed")
        self.more.setAccessibleName(said.format(self.more.text()))

    def _order(self) -> None:
        """Let Tab go through each row: the editor, its words, its reset button."""
        stops: list[QWidget] = []
        for rare in (False, True):
            for field in self.fields.values():
                if field.editor is not None and field.parameter.hidden is rare:
                    stops += [*field.editor.stops, field.reset]
            if not rare:
                stops.append(self.more)
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _remove(self, names: list[str]) -> None:
        for name in names:
            field = self.fields.pop(name)
            field.retire()
            for widget in (field.label, field.value, field.reset, field.message):
                self._grid.removeWidget(widget)
                widget.hide()
                widget.deleteLater()

    def _why_empty(self, forms: "list[tuple[Argument, ...]]") -> str:
        if len(forms) > 1:
            return self.tr("They have no arguments in common.")
        assert self._document is not None
        module = self._document.module(self._paths[0])
        name = type(module).__name__
        if core.is_container(module):
            return self.tr("{} has no arguments; it is the layers inside it.").format(name)
        if any(True for _ in module.children()):
            return self.tr(
                "With which arguments this {} was built is not known. Its parts can be edited."
            ).format(name)
        return self.tr("{} takes no arguments.").format(name)

    def _ask(self, name: str, value: Any) -> None:
        edit = self._edit(name, value)
        if edit is not None:
            self._drop_trial()
            self._pending = self.fields[name]
            self.asked.emit(edit)

    def _edit(self, name: str, value: Any) -> "Edit | None":
        """Return the edit that gives every selected module this value, where it has another."""
        edits = tuple(
            core.SetArguments(path, {name: value})
            for path, argument in zip(self._paths, self.fields[name].arguments, strict=True)
            if not same(argument.value, value)
        )
        if len(edits) < 2:
            return edits[0] if edits else None
        shown = core.write_argument(self.fields[name].parameter, value)
        title = self.tr("Set {}={} of {} modules").format(name, shown, len(edits))
        return core.Together(edits, title)

    def _wait(self, name: str, value: Any) -> None:
        self._tried = name, value
        self._quiet.start()

    def _try(self) -> None:
        """Ask the core, behind the window, whether the edit would be refused."""
        document, (name, value) = self._document, self._tried
        field = self.fields.get(name)
        if document is None or field is None or not field.stands(value):
            return
        edits = [core.SetArguments(path, {name: value}) for path in self._paths]

        def work(job: Job) -> None:
            for edit in edits:
                if not job.cancelled():
                    edit.check(document)

        def failed(error: ModelwrightError) -> None:
            if isValid(field) and document is self._document and field.stands(value):
                field.mark(str(error))

        if self._trial is not None:
            self._trial.cancel()
        self._trial = self._jobs.start(work, lambda _: None, failed)

    def _drop_trial(self) -> None:
        self._quiet.stop()
        if self._trial is not None:
            self._trial.cancel()
            self._trial = None


def _differs(row: "tuple[Argument, ...]") -> bool:
    return any(each.differs for each in row)
