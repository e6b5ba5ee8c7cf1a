"""The sheet itself: three steps in any order, what loading would come to, and loading."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app import mime, theme
from app.dialogs.load.case import Case
from app.dialogs.load.file_page import FilePage
from app.dialogs.load.match_page import MatchPage
from app.dialogs.load.place_page import PlacePage
from app.job_bar import JobBar
from app.jobs import Jobs
from app.parts import ElidedLabel
from app.room import open_at
from app.said import Said
from app.state import State

if TYPE_CHECKING:
    from core.checkpoint import Loaded, Plan
    from core.files import Named

_LOOK = 100  # how often (ms) to look how far a job is
_NAMED = 4  # names of tensors in a sentence


class LoadSheet(QDialog):
    """Understands, matches and loads one file.

    ``loaded``: a :class:`~core.checkpoint.Loaded`, to be adopted. ``build_wanted``: a source, and
    the file to come back with. ``explore_wanted``: the file. ``browse_wanted``,
    ``folder_wanted``: another one, or one that is a folder. ``code_wanted``: the Python of an
    edited model, and where it would lie.
    """

    loaded = Signal(object)
    build_wanted = Signal(str, Path)
    explore_wanted = Signal(Path)
    browse_wanted = Signal()
    folder_wanted = Signal()
    code_wanted = Signal(Path)

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Load a checkpoint"))
        self.setAcceptDrops(True)
        self.case = Case(jobs, state.document, state.origin if state.cursor else None, self)
        self.name = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.sentence = Said()
        self.browse = QPushButton(self.tr("Another &file…"))
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self.browse_wanted)
        self.folder = QPushButton(self.tr("Fol&der…"))
        self.folder.setAutoDefault(False)
        self.folder.setToolTip(self.tr("A checkpoint of torch.distributed.checkpoint is a folder"))
        self.folder.clicked.connect(self.folder_wanted)
        self.file, self.match = FilePage(), MatchPage()
        self.place = PlacePage(jobs, state)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        for page, title in (
            (self.file, self.tr("&1  File")),
            (self.match, self.tr("&2  Match")),
            (self.place, self.tr("&3  Place")),
        ):
            self.pages.addTab(page, title)
        self.verdict = Said(lines=2)
        self.verdict.setAccessibleName(self.tr("What loading comes to"))
        self.partly = QCheckBox(self.tr("Load what fits; the rest &stays as it is"))
        self.training = QCheckBox(self.tr("Take &optimizer, scheduler and epoch along"))
        self.training.setChecked(True)
        self.progress = JobBar()
        self.buttons = QDialogButtonBox()
        self.load = self.buttons.addButton(self.tr("&Load"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.load.setDefault(True)
        self.cancel = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        self._connect()
        open_at(self, 178, 44)
        self.file.show_case(self.case)
        self._show()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.browse)
        head.addWidget(self.folder)
        boxes = QVBoxLayout()
        boxes.addWidget(self.partly)
        boxes.addWidget(self.training)
        foot = QHBoxLayout()
        foot.addWidget(self.verdict, 1)
        foot.addLayout(boxes)
        last = QHBoxLayout()
        last.addWidget(self.progress, 1)
        last.addWidget(self.buttons, 0)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.sentence)
        column.addWidget(self.pages, 1)
        column.addLayout(foot)
        column.addLayout(last)

    def _connect(self) -> None:
        case = self.case
        case.read.connect(self._was_read)
        case.asked.connect(self._say)
        case.planned.connect(self._was_planned)
        case.failed.connect(self._failed)
        case.loaded.connect(self._was_loaded)
        self.match.chosen.connect(lambda key, answer: case.choose(key, answer or None))
        self.match.paired.connect(case.pair)
        self.match.left.connect(lambda name: case.pair(name, None))
        self.match.reset.connect(case.forget_pairs)
        self.file.build_wanted.connect(self._build)
        self.place.script.code_wanted.connect(self.code_wanted)
        self.file.explore_wanted.connect(lambda: self.explore_wanted.emit(case.path))
        self.partly.toggled.connect(self._say)
        self.buttons.accepted.connect(self._load)
        self.buttons.rejected.connect(self.reject)

    # What is shown

    def open_file(self, path: Path) -> None:
        """Take a file; everything about another one is forgotten."""
        self.case.open(path)
        self.partly.setChecked(False)
        self.file.show_case(self.case)
        self._show()

    def _was_read(self) -> None:
        self.file.show_case(self.case)
        self.place.show_file(self.case)
        contents = self.case.contents
        fits = contents is not None and contents.weights and not contents.dangerous
        matched = self.case.document is not None and fits
        self.pages.setCurrentWidget(self.match if matched else self.file)
        self._show()

    def _was_planned(self) -> None:
        self.place.show_file(self.case)
        self._show()

    def _show(self) -> None:
        case = self.case
        self.name.set_text(str(case.path) if case.path.name else self.tr("No file yet"))
        self.match.show_case(case)
        extra = case.contents is not None and _has_training(case)
        self.training.setVisible(extra)
        self.sentence.say(*self._said_of_the_file())
        self._say()

    def _said_of_the_file(self) -> "tuple[str, theme.Tone]":
        case = self.case
        if case.contents is None:
            if case.problem:
                return case.problem, "problem"
            reading = self.tr("Reading…") if case.working else ""
            return reading or self.tr("Choose a file, or drop one here."), "muted"
        text = case.sentence
        if case.contents.dangerous:
            return f"{text}. {_told(case.contents.dangerous)}", "problem"
        return text, "muted"

    def _say(self) -> None:
        """Say what loading would come to, and allow it if it would come to something."""
        text, tone, possible, partly = self._verdict()
        self.verdict.say(text, tone)
        self.partly.setVisible(partly)
        busy = self.case.loading is not None
        self.load.setEnabled(possible and not busy and not self.case.matching)
        self.progress.follow(self.case.loading)
        for widget in (self.pages, self.partly, self.training, self.browse, self.folder):
            widget.setEnabled(not busy)

    def _verdict(self) -> "tuple[str, theme.Tone, bool, bool]":
        """Return a sentence, its tone, whether loading is possible, and whether partly helps."""
        case, plan = self.case, self.case.plan
        if case.contents is None or case.problem:
            return ("" if case.contents is None else case.problem), "problem", False, False
        if not case.contents.weights:
            told = self.tr("Nothing in this file can be loaded into a model.")
            return told, "muted", False, False
        if case.document is None:
            told = self.tr("No model is open: build one from the first step, or open yours.")
            return told, "muted", False, False
        if plan is None:
            return self.tr("Matching…"), "muted", False, False
        if plan.asks:
            told = self.tr("First answer in step 2: {}").format(plan.asks[0].sentence)
            return told, "problem", False, False
        if plan.complete or plan.fits:
            return f"{plan}. {random_after(plan)}", "good", True, False
        partly = self.partly.isChecked()
        return f"{plan}. {random_after(plan)}", "muted" if partly else "problem", partly, True

    # What is done

    def _load(self) -> None:
        self.case.load(self.partly.isChecked(), self.training.isChecked())
        self._say()

    def _was_loaded(self, found: "Loaded") -> None:
        self.loaded.emit(found)
        self.accept()

    def _failed(self, text: str) -> None:
        self._say()
        self.verdict.say(text, "problem")

    def _build(self, source: str) -> None:
        self.case.stop()
        self.build_wanted.emit(source, self.case.path)
        self.accept()

    def reject(self) -> None:
        """Cancel stops the loading first; a second one closes the sheet."""
        if self.case.loading is not None:
            self.case.stop()
            self._say()
            self.verdict.say(self.tr("Loading was stopped; nothing was changed."), "muted")
            return
        self.case.stop()
        super().reject()

    def done(self, result: int) -> None:
        self.place.stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.case.stop()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(mime.files_in(event.mimeData())) == 1:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = mime.files_in(event.mimeData())
        if len(files) == 1 and self.case.loading is None:
            event.acceptProposedAction()
            self.open_file(files[0])


def random_after(plan: "Plan") -> str:
    """Say what keeps its own values, as a whole or in part."""
    left = [
        row.name for row in plan.with_status("missing", "shape differs", "new", "left") if row.name
    ]
    partly = [row.name for row in plan.with_status("sliced") if row.name]
    told = []
    if left:
        one, many = _tr("One keeps the values it has now"), _tr("{} keep the values they have now")
        told.append(_counted(left, one, many))
    if partly:
        one, many = _tr("One is only partly from the file"), _tr("{} are only partly from the file")
        told.append(_counted(partly, one, many))
    if own := plan.counts["own"]:
        one, many = _tr("One is what the model makes itself"), _tr("{} are what the model makes")
        told.append((one if own == 1 else many.format(own)) + ".")
    return " ".join(told) or _tr("No tensor of the model stays as it is.")


def _counted(names: list[str], one: str, many: str) -> str:
    """Say something of tensors, the first of which are named."""
    told = one if len(names) == 1 else many.format(len(names))
    more = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED])
    if more > 0:
        listed = _tr("{} and {} more").format(listed, more)
    return f"{told}: {listed}."


def _told(dangerous: "tuple[Named, ...]") -> str:
    """Say in words what plain unpickling would run."""
    named = ", ".join(f"{each.name} ({each.why})" for each in dangerous[:3])
    if len(dangerous) > 3:
        named = _tr("{} and {} more").format(named, len(dangerous) - 3)
    told = _tr("Plain unpickling would run what it names: {}. Nothing of it was run.")
    return told.format(named)


def _has_training(case: Case) -> bool:
    contents = case.contents
    if contents is None or contents.kind not in ("training checkpoint", "Lightning checkpoint"):
        return False
    labels = {each.label.partition(".")[0] for each in contents.weights}
    return isinstance(contents.tree, dict) and any(key not in labels for key in contents.tree)


def _tr(text: str) -> str:
    return QCoreApplication.translate("LoadSheet", text)
