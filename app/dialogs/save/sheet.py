"""The sheet itself: where to, what will stand there, the code that loads it, and writing it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

import core
from app import numbers
from app.code_view import CodeView
from app.dialogs.save.options import OptionsForm
from app.dialogs.save_weights import needs_code, standing
from app.edited import edits_told, is_edited
from app.job_bar import JobBar
from app.jobs import Job, Jobs
from app.parts import WrappedLabel
from app.room import open_at
from app.said import Said
from app.state import State
from core.errors import ModelwrightError
from core.files.code import state_dict_code

if TYPE_CHECKING:
    from core.checkpoint import Expected
    from core.document import Document


class SaveSheet(QDialog):
    """``saved``: the document, the files, whether they hold all of its weights as they are.

    Last comes what a fresh process made of them, where a re-wired model was saved with its code.
    """

    saved = Signal(object, object, bool, str)
    browse_wanted = Signal(Path)

    def __init__(self, state: State, jobs: Jobs, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert state.document is not None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Save a checkpoint of {}").format(state.name))
        self.document: Document = state.document
        #: A re-wired model is nothing without its code; one that was edited may have it.
        self.needs_code = needs_code(self.document)
        self.edited = is_edited(state)
        self._state, self._jobs = state, jobs
        self._weighing: Job | None = None
        #: Whether the button says that something is written over; only then it is.
        self._over = False
        #: In how many files it will be written, as far as that is known.
        self._files = 1
        self.writing: Job | None = None
        self.path = QLineEdit(str(path))
        self.path.setAccessibleName(self.tr("File"))
        self.browse = QPushButton(self.tr("&Browse…"))
        self.browse.setAutoDefault(False)
        self.form = OptionsForm()
        self.facts = WrappedLabel()
        self.names = WrappedLabel()
        self.code = CodeView(self.tr("Code that loads it"))
        self.said = Said(lines=2)
        self.progress = JobBar(lambda done, all_: f"{numbers.size(done)} / {numbers.size(all_)}")
        self.buttons = QDialogButtonBox()
        self.save = self.buttons.addButton(self.tr("&Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        self.form.changed.connect(self._changed)
        self.form.suffix.connect(self._rename)
        self.path.textChanged.connect(self._typed)
        self.browse.clicked.connect(lambda: self.browse_wanted.emit(self.target))
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        jobs.start(lambda _: core.devices(), self.form.offer_devices)
        if self.edited and not self.needs_code:
            document = self.document
            jobs.start(lambda _: core.model_source(document), self._can_code, self._cannot_code)
        open_at(self, 150, 34)
        self._typed()

    def _lay_out(self) -> None:
        where = QHBoxLayout()
        label = QLabel(self.tr("F&ile"))
        label.setBuddy(self.path)
        where.addWidget(label)
        where.addWidget(self.path, 1)
        where.addWidget(self.browse)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(10, 0, 0, 0)
        column.addWidget(self.facts)
        column.addWidget(self.names)
        column.addWidget(self.code, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.form)
        split.addWidget(right)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(1, 1)
        last = QHBoxLayout()
        last.addWidget(self.progress, 1)
        last.addWidget(self.buttons, 0)
        outer = QVBoxLayout(self)
        outer.setSpacing(10)
        outer.addLayout(where)
        outer.addWidget(split, 1)
        outer.addWidget(self.said)
        outer.addLayout(last)

    @property
    def target(self) -> Path:
        """Where to; a name without a folder is one in the working folder."""
        return Path(self.path.text().strip()).expanduser()

    # What will be written

    @property
    def with_code(self) -> bool:
        """Whether the Python that builds the model is written beside its weights."""
        return self.needs_code or self.form.with_code

    def _can_code(self, _: object) -> None:
        self.form.offer_code()

    def _cannot_code(self, error: ModelwrightError) -> None:
        self.form.offer_code(str(error))

    def _typed(self) -> None:
        self.form.follow_name(self.target.suffix.lower())
        self._changed()

    def _rename(self, suffix: str) -> None:
        self.path.setText(str(self.target.with_suffix(suffix)))

    def _changed(self) -> None:
        """Work out what would be written, and what stands there now, behind the sheet."""
        if self._weighing is not None:
            self._weighing.cancel()
        document, target = self.document, self.target
        options = self.form.options(overwrite=True)
        files = [target]
        if target.name:
            self.form.name_code(core.code_beside(target).name)
            files += [core.code_beside(target)] if self.with_code else []
        there = [each for each in files if each.is_file()]
        self._over = bool(there)
        self.save.setText(self.tr("Over&write") if there else self.tr("&Save"))
        self.save.setEnabled(bool(self.path.text().strip()) and self.writing is None)
        self._weighing = self._jobs.start(
            lambda _: (core.expected(document, options), [(p.name, standing(p)) for p in there]),
            self._weighed,
            self._not_weighed,
            wait=0.02,
        )
        self.code.show_code(self._script(target.name))

    def _not_weighed(self, error: ModelwrightError) -> None:
        self.said.say(str(error), "problem")

    def _weighed(self, found: "tuple[Expected, list[tuple[str, str]]]") -> None:
        expected, there = found
        if expected.files != self._files:
            self._files = expected.files
            self.code.show_code(self._script(self.target.name))
        count = numbers.exact(expected.tensors)
        told = self.tr("Will be written: {} tensors, {}").format(
            count, numbers.size(expected.bytes)
        )
        if expected.files > 1:
            told += self.tr(", in {} files and an index").format(expected.files)
        if self.with_code:
            code = core.code_beside(self.target).name
            beside = self.tr(
                ", and beside them {}, the Python that builds the model. A fresh process tries both"
                " first"
            )
            told += beside.format(code)
        self.facts.setText(f"{told}.")
        names = "\n".join(expected.names)
        more = self.tr("\n… and {} more").format(numbers.exact(expected.more))
        self.names.setText(names + (more if expected.more else ""))
        problems = len(self._state.report.problems) if self._state.report is not None else 0
        if there:
            warning = self.tr("{} exists: {}. It would be written over.")
            self.said.say("\n".join(warning.format(*each) for each in there), "changed")
        elif problems:
            warning = self.tr("The model has problems ({}) and does not run as it is; its weights"
                              " can be saved all the same.")  # fmt: skip
            self.said.say(warning.format(problems), "changed")
        else:
            self.said.say("")

    def _script(self, name: str) -> str:
        from core.placement import building_code

        imports, build = building_code(self.document.source)
        if self.with_code and name:
            module = core.code_beside(name).stem
            return self._loading(name, f"from {module} import build_model", "build_model()")
        if self.edited:
            imports += edits_told(self._state)
        return self._loading(name, imports, build)

    def _loading(self, name: str, imports: str, build: str) -> str:
        from core.placement import Layout, loading_script

        prefix, kind = bool(self.form.names.currentData()), self.form.kind
        saved = Layout(several=prefix, whole=kind == "whole model")
        keys = ("model",) if kind == "training" else ()
        read = state_dict_code(name, shards=self._files > 1) if kind == "state dict" else ""
        return loading_script(
            saved, Layout(gpus="0"), build=build, imports=imports, file=name, keys=keys, read=read
        )

    # Writing

    def _save(self) -> None:
        document, target = self.document, self.target
        over = self._over
        options = self.form.options(overwrite=over)
        as_it_is, with_code = options.dtype is None, self.with_code
        if self._weighing is not None:
            self._weighing.cancel()  # what is said from now on is about writing

        def work(job: Job) -> "tuple[tuple[Path, ...], str]":
            if not with_code:
                return core.save(
                    document, target, options, progress=job.progress, cancelled=job.cancelled
                ), ""
            taken = core.take_home(
                document, target, options, overwrite=over, progress=job.progress,
                cancelled=job.cancelled,
            )  # fmt: skip
            return taken.files, str(taken.verdict)

        self.writing = self._jobs.start(
            work, partial(self._written, as_it_is), self._failed, title=f"Saving {target.name}"
        )
        self._follow_writing()
        if with_code:
            told = self.tr("A fresh process tries {} with the weights before they count…")
            self.said.say(told.format(core.code_beside(target).name))

    def _written(self, as_it_is: bool, found: "tuple[tuple[Path, ...], str]") -> None:
        self.writing = None
        files, verdict = found
        self.saved.emit(self.document, files, as_it_is, verdict)
        self.accept()

    def _failed(self, error: ModelwrightError) -> None:
        self.writing = None
        self._follow_writing()
        told = str(error)
        if self.with_code and not self.needs_code:
            told += self.tr(" Without its code, the file can be saved all the same.")
        self.said.say(told, "problem")

    def _follow_writing(self) -> None:
        busy = self.writing is not None
        self.progress.follow(self.writing)
        for widget in (self.form, self.path, self.browse, self.save):
            widget.setEnabled(not busy)

    def reject(self) -> None:
        """Cancel stops the writing first; then it closes the sheet. Nothing is left behind."""
        if self.writing is not None:
            self.writing.cancel()
            self.writing = None
            self._follow_writing()
            self.said.say(self.tr("Saving was stopped; nothing was written."), "muted")
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        for job in (self._weighing, self.writing):
            if job is not None:
                job.cancel()
        super().closeEvent(event)
