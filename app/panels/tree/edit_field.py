"""The field that takes an edit as one types it: ``fc = Linear(2048, 10)``."""

import re
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QStringListModel, Qt, QTimer, Signal
from PySide6.QtWidgets import QCompleter, QLabel, QLineEdit, QVBoxLayout, QWidget

import core
from app import theme
from app.consequence import Consequence
from app.jobs import Job, Jobs
from app.spots import consequence
from app.state import State
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.analysis import Report

_WORD = re.compile(r"[\w.]*$")
#: How long (ms) typing has to pause before the edit is tried.
_PAUSE = 120
_MOST_PATHS = 5_000


class WordCompleter(QCompleter):
    """Completes the word at the end: module paths before the ``=``, layers after it."""

    def __init__(self, parent: QWidget) -> None:
        self._words = QStringListModel()
        super().__init__(self._words, parent)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setMaxVisibleItems(12)
        self.paths: list[str] = []
        self.layers: list[str] = []
        self._offered: list[str] | None = None
        self._typed = ""

    def splitPath(self, text: str) -> list[str]:
        self._typed = text
        offered = self.layers if "=" in text else self.paths
        if offered is not self._offered:
            self._offered = offered
            self._words.setStringList(offered)
        word = _WORD.search(text)
        return [word[0] if word else ""]

    def pathFromIndex(self, index: QModelIndex | QPersistentModelIndex) -> str:
        chosen = str(index.data())
        end = "(" if "=" in self._typed else " = "
        return _WORD.sub("", self._typed) + chosen + end


class EditField(QWidget):
    """``asked`` carries the text when Enter is pressed on an edit that is not refused."""

    asked = Signal(object)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._state = State()
        self._job: Job | None = None
        self._refused = False
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("Type an edit: fc = Linear(2048, 10)"))
        self.line.setClearButtonEnabled(True)
        self.line.setAccessibleName(self.tr("Edit to make"))
        self.line.setToolTip(
            self.tr(
                "PATH = LAYER(...) replaces, PATH.ARGUMENT = VALUE sets an argument,"
                " del PATH removes. Enter makes the edit."
            )
        )
        self._completer = WordCompleter(self)
        self.line.setCompleter(self._completer)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setAccessibleName(self.tr("What the edit would do"))
        self.hint.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.line)
        column.addWidget(self.hint)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._check)
        self.line.textEdited.connect(self._edited)
        self.line.textChanged.connect(self._changed)
        self.line.returnPressed.connect(self._ask)

    def show_state(self, state: State) -> None:
        """Complete the paths of this state, and check what is typed against it."""
        before, self._state = self._state, state
        if state.document is not before.document:
            self._completer.paths = _paths(state)
            self._completer.layers = list(core.layers()) if state.document is not None else []
        if state.report is not before.report and self.line.text():
            self._timer.start()

    def _edited(self, _: str) -> None:
        self._timer.start()

    def _changed(self, text: str) -> None:
        if not text:
            self._say(Consequence(""))

    def _check(self) -> None:
        text, report = self.line.text().strip(), self._state.report
        if self._job is not None:
            self._job.cancel()
        if not text or report is None:
            return
        self._job = self._jobs.start(
            partial(_tried, report, text), partial(self._found, text), wait=0.0
        )

    def _found(self, text: str, found: Consequence) -> None:
        if text == self.line.text().strip():
            self._say(found)

    def _say(self, found: Consequence) -> None:
        self._refused = found.refused
        palette = self.hint.palette()
        tone = theme.tone("problem" if found.refused else "muted")
        palette.setColor(self.hint.foregroundRole(), tone)
        self.hint.setPalette(palette)
        self.hint.setText(found.text)
        self.hint.setVisible(bool(found.text))

    def _ask(self) -> None:
        text, report = self.line.text().strip(), self._state.report
        if not text:
            return
        if report is not None:
            found = _tried(report, text)
            self._say(found)
            if found.refused:
                return
        self.asked.emit(text)
        self.line.clear()


def _tried(report: "Report", text: str, _: Job | None = None) -> Consequence:
    try:
        edit = core.parse_edit(text)
    except ModelwrightError as error:
        return Consequence(str(error), refused=True)
    return consequence(report, edit)


def _paths(state: State) -> list[str]:
    if state.document is None:
        return []
    found = []
    for path, _ in state.document.modules():
        found.append(path)
        if len(found) > _MOST_PATHS:
            break
    return found[1:]
