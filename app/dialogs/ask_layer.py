"""The sheet that asks for a layer: what to put there, and what would come of it, while typing."""

import html
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

import core
from app.consequence import Consequence
from app.jobs import Job, Jobs
from app.said import Said
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.catalog import Parameter

#: How long (ms) typing has to pause before the layer is tried.
_PAUSE = 120


class AskLayerDialog(QDialog):
    """``layer_given`` carries the text of a layer that ``check`` did not refuse.

    ``check`` says what would come of a text; it runs on a thread. ``beside`` asks for more: where
    the layer is to go, say. Whoever made it calls :meth:`try_again` when it changes. With it, the
    operations on tensors are offered as well.
    """

    layer_given = Signal(str)

    def __init__(
        self,
        title: str,
        text: str,
        check: Callable[[str], Consequence],
        jobs: Jobs,
        parent: QWidget | None = None,
        beside: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._check = check
        self._jobs = jobs
        self._job: Job | None = None
        self._wants_to_accept = False
        self.field = QLineEdit(text)
        self.field.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.field.setPlaceholderText("Linear(2048, 10)")
        self.field.setAccessibleName(self.tr("Layer"))
        self.field.setMinimumWidth(self.fontMetrics().averageCharWidth() * 60)
        self.field.setCompleter(self._completer(operations=beside is not None))
        label = QLabel(self.tr("&Layer, as one writes it; a name alone takes what fits the place"))
        label.setBuddy(self.field)
        self.arguments = QLabel()
        self.arguments.setWordWrap(True)
        self.arguments.setTextFormat(Qt.TextFormat.RichText)
        self.arguments.setFont(self.field.font())
        self.arguments.setAccessibleName(self.tr("Its arguments; those still missing are bold"))
        self.said = Said(lines=3)
        self.said.setAccessibleName(self.tr("What it would do"))
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (label, self.field, self.arguments, beside, self.said):
            if widget is not None:
                column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._try)
        self.field.textChanged.connect(self._changed)
        self.field.returnPressed.connect(self._accept)
        self._ok = self.buttons.button(buttons.Ok)
        self._ok.setEnabled(False)
        self._select_arguments()
        self._try()

    def try_again(self, check: Callable[[str], Consequence]) -> None:
        """Check what is typed another way: something beside it has changed."""
        self._check = check
        self._changed()

    def _completer(self, operations: bool) -> QCompleter:
        from core.dataflow.operations import OPERATIONS

        names = [*core.layers(), *(f"preset:{each.name}" for each in core.presets())]
        names += list(OPERATIONS) if operations else []
        completer = QCompleter(QStringListModel(names, self), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        return completer

    def _select_arguments(self) -> None:
        """Select what stands in the parentheses: the name is mostly right already."""
        text = self.field.text()
        first, last = text.find("("), text.rfind(")")
        if 0 <= first < last:
            self.field.setSelection(first + 1, last - first - 1)

    def _changed(self) -> None:
        self._ok.setEnabled(False)
        self._wants_to_accept = False
        self._timer.start()

    def _try(self) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        text = self.field.text().strip()
        self.arguments.setText(arguments_hint(text))
        self.arguments.setVisible(bool(self.arguments.text()))
        # A label that wraps does not make the dialog grow by itself: its text would be cut.
        height = self.arguments.heightForWidth(self.field.width())
        self.arguments.setMinimumHeight(max(0, height))
        if not text:
            self._say(Consequence(self.tr("Type a layer, or the first letters of its name.")))
            self._ok.setEnabled(False)
            return
        check = self._check
        self._job = self._jobs.start(
            lambda _: check(text),
            partial(self._found, text),
            partial(self._refused, text),
            wait=0.01,
        )

    def _found(self, text: str, found: Consequence) -> None:
        if text != self.field.text().strip():
            return
        self._say(found)
        self._ok.setEnabled(not found.refused)
        if self._wants_to_accept and not found.refused:
            self._give(text)

    def _refused(self, text: str, error: ModelwrightError) -> None:
        self._found(text, Consequence(str(error), refused=True))

    def _say(self, found: Consequence) -> None:
        self.said.say(found.text, "problem" if found.refused else "muted")

    def _accept(self) -> None:
        """Give the layer; where it is still being tried, as soon as it is known to be possible."""
        if self._ok.isEnabled():
            self._give(self.field.text().strip())
        else:
            self._wants_to_accept = True
            self._try()

    def _give(self, text: str) -> None:
        self.layer_given.emit(text)
        self.accept()

    def done(self, result: int) -> None:
        if self._job is not None:
            self._job.cancel()
        super().done(result)


def arguments_hint(text: str) -> str:
    """Return the arguments of the layer that is being typed, as HTML; the missing ones are bold."""
    name, opened, _ = text.partition("(")
    layer = core.layers().get(name.strip())
    if layer is None:
        return _operation_hint(name.strip())
    missing = {each.name for each in layer.required} if opened else set()
    for written in (text, f"{text})"):  # while typing, the last parenthesis is not there yet
        with suppress(ModelwrightError):
            missing &= set(core.missing(core.parse_spec(written)))
    words = [_argument(each, each.name in missing) for each in layer.parameters if not each.hidden]
    return f"{html.escape(layer.name)}({', '.join(words)})"


def _operation_hint(name: str) -> str:
    """Return the arguments of an operation beside its tensors; those it needs are bold."""
    from core.dataflow.operations import OPERATIONS

    operation = OPERATIONS.get(name)
    if operation is None or not operation.named:
        return ""
    needed = operation.named[: operation.needed]
    words = [f"<b>{each}</b>" if each in needed else each for each in operation.named]
    return f"{name}({', '.join(words)})"


def _argument(parameter: "Parameter", missing: bool) -> str:
    if missing:
        return f"<b>{html.escape(parameter.name)}</b>"
    if parameter.required:
        return html.escape(parameter.name)
    return html.escape(f"{parameter.name}={parameter.default!r}")
