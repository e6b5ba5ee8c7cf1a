"""Files of weights in another format: a queue that is worked through, one file after another."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import mime, numbers, tables
from app.item_models.conversions import Conversion, ConversionModel, word_of
from app.job_bar import Watch
from app.jobs import Job, Jobs
from app.room import open_at
from app.said import Said
from app.settings import Settings
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.files.convert import Converted

_FORMATS = (
    (".safetensors", "safetensors"),
    (".pth", "PyTorch, .pth"),
    (".pt", "PyTorch, .pt"),
    (".bin", "PyTorch, .bin"),
)
_PREFIXES = (
    ("keep", "as they are"),
    ("strip", "without 'module.'"),
    ("add", "with 'module.' before each"),
)
_TO_DO = ("waiting", "failed", "stopped")
_DTYPES = (None, "float32", "float16", "bfloat16", "float64")


class ConvertSheet(QDialog):
    """Each file goes beside its source, or into a folder; nothing is written over unasked."""

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Convert checkpoints"))
        self.setAcceptDrops(True)
        self._jobs, self._settings = jobs, settings
        self.job: Job | None = None
        self._item: Conversion | None = None
        self.format = self._box(self.tr("Format"), _FORMATS)
        self.prefix = self._box(self.tr("Names"), _PREFIXES)
        self.dtype = self._box(
            self.tr("Numbers"), [(dtype, dtype or "as they are") for dtype in _DTYPES]
        )
        self.folder = QLineEdit()
        self.folder.setPlaceholderText(self.tr("beside each file"))
        self.folder.setAccessibleName(self.tr("Into the folder"))
        self.overwrite = QCheckBox(self.tr("Write &over files that exist"))
        self.model = ConversionModel()
        self.table = QTableView()
        self.table.setModel(self.model)
        tables.dress(self.table, self.tr("Files to convert"), (34, 34, 40), 2)
        self.said = Said()
        self.add_files = self._button(self.tr("&Add files…"), self._browse)
        self.remove = self._button(self.tr("&Remove"), self._remove)
        self.go = self._button(self.tr("&Convert"), self._start)
        self.go.setDefault(True)
        self.stop = self._button(self.tr("Close"), self.reject)
        self._lay_out()
        for box in (self.format, self.prefix, self.dtype):
            box.activated.connect(self._retarget)
        self.folder.textChanged.connect(self._retarget)
        self._watch = Watch(self)
        self._watch.looked.connect(self._look)
        open_at(self, 120, 30)
        self._enable()

    def _box(self, title: str, entries: Sequence[tuple[Any, str]]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(title)
        for data, text in entries:
            box.addItem(self.tr(text), data)
        return box

    def _button(self, text: str, slot: Any) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(self.tr("&Format"), self.format)
        form.addRow(self.tr("&Names"), self.prefix)
        form.addRow(self.tr("N&umbers"), self.dtype)
        form.addRow(self.tr("&Into"), self.folder)
        form.addRow("", self.overwrite)
        tools = QHBoxLayout()
        tools.addWidget(self.add_files)
        tools.addWidget(self.remove)
        tools.addStretch(1)
        last = QHBoxLayout()
        last.addWidget(self.said, 1)
        last.addWidget(self.go)
        last.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addLayout(form)
        column.addLayout(tools)
        column.addWidget(self.table, 1)
        column.addLayout(last)

    # The queue

    def add(self, paths: Sequence[Path]) -> None:
        """Put files into the queue; those that are in it already stay where they are."""
        known = {item.source for item in self.model.items}
        fresh = [path for path in dict.fromkeys(paths) if path not in known]
        self.model.add([Conversion(path, path) for path in fresh])
        if fresh:
            self.said.say("")
        self._retarget()

    def _browse(self) -> None:
        found, _ = QFileDialog.getOpenFileNames(
            self,
            self.tr("Files to convert"),
            str(self._settings.folder),
            f"{mime.CHECKPOINTS};;All files (*)",
        )
        if found:
            self._settings.folder = Path(found[0]).parent
            self.add([Path(each) for each in found])

    def _remove(self) -> None:
        rows = {index.row() for index in self.table.selectionModel().selectedRows()}
        self.model.remove([row for row in rows if self.model.items[row] is not self._item])
        self._enable()

    def _target(self, source: Path, mark: str = "") -> Path:
        suffix = self.format.currentData()
        name = source.name.removesuffix(".index.json")
        stem = Path(name).stem if Path(name).suffix.lower() in mime.WEIGHTS else name
        folder = Path(self.folder.text().strip()) if self.folder.text().strip() else source.parent
        target = folder / f"{stem}{mark}{suffix}"
        # A file is never converted onto itself: the same name gets what changes as a mark.
        return target if target != source else folder / f"{stem}_{self._mark()}{mark}{suffix}"

    def _mark(self) -> str:
        return self.dtype.currentData() or {"strip": "plain", "add": "module"}.get(
            self.prefix.currentData(), "converted"
        )

    def _retarget(self) -> None:
        """Say again what each becomes; no two the same, and none what is still to be read."""
        again = [each for each in self.model.items if each.where in _TO_DO]
        taken = {each.source for each in again}
        taken |= {each.target for each in self.model.items if each.where not in _TO_DO}
        for item in again:
            target, number = self._target(item.source), 2
            while target in taken:
                target = self._target(item.source, f"_{number}")
                number += 1
            taken.add(target)
            item.target, item.where, item.said = target, "waiting", ""
            self.model.tell(item)
        self._enable()

    # Working through it

    def _start(self) -> None:
        for item in self.model.items:
            if item.where in ("failed", "stopped"):
                item.where, item.said = "waiting", ""
                self.model.tell(item)
        self._next()

    def _next(self) -> None:
        self._item = next((item for item in self.model.items if item.where == "waiting"), None)
        self.job = None
        if self._item is None:
            self._finish()
            return
        item, dtype = self._item, self.dtype.currentData()
        prefix, overwrite = self.prefix.currentData(), self.overwrite.isChecked()
        item.where, item.said = "at work", ""

        def work(job: Job) -> "Converted":
            from core.files.convert import convert

            cast = None
            if dtype is not None:
                from core.checkpoint.casting import casting

                cast = casting(dtype)
            return convert(
                item.source, item.target, prefix=prefix, cast=cast, overwrite=overwrite,
                progress=job.progress, cancelled=job.cancelled,
            )  # fmt: skip

        self.job = self._jobs.start(
            work, partial(self._done, item), partial(self._failed, item),
            title=self.tr("Converting {}").format(item.source.name),
        )  # fmt: skip
        self._watch.follow(self.job)
        self._enable()
        self.model.tell(item)

    def _done(self, item: Conversion, found: "Converted") -> None:
        told = self.tr("{} tensors written").format(numbers.exact(found.tensors))
        item.where, item.said = "done", " ".join([f"{told}.", *found.notes])
        self.model.tell(item)
        self._next()

    def _failed(self, item: Conversion, error: ModelwrightError) -> None:
        item.where, item.said = "failed", str(error)
        self.model.tell(item)
        self._next()

    def _finish(self) -> None:
        self._watch.follow(None)
        counts = {where: sum(i.where == where for i in self.model.items) for where in
                  ("done", "failed", "stopped")}  # fmt: skip
        told = ", ".join(f"{count} {word_of(where)}" for where, count in counts.items() if count)
        self.said.say(told, "problem" if counts["failed"] else "good")
        self._enable()

    def _enable(self) -> None:
        busy = self.job is not None
        waiting = any(item.where in _TO_DO for item in self.model.items)
        self.go.setEnabled(waiting and not busy)
        self.remove.setEnabled(bool(self.model.items))
        self.stop.setText(self.tr("Stop") if busy else self.tr("Close"))
        for box in (self.format, self.prefix, self.dtype, self.folder, self.overwrite):
            box.setEnabled(not busy)
        if not self.model.items:
            self.said.say(self.tr("Add files, or drop them here."))

    def _look(self, done: int, total: int, _: str) -> None:
        if total and self._item is not None:
            share = numbers.percent(done / total)
            self._item.said = self.tr("{} of {}").format(share, numbers.size(total))
            self.model.tell(self._item)

    def reject(self) -> None:
        """Stop the file that is at work, and what waits behind it; a second time, close."""
        if self.job is not None:
            self.job.cancel()
            self.job = None
            for item in self.model.items:
                if item.where in ("at work", "waiting"):
                    item.where, item.said = "stopped", ""
                    self.model.tell(item)
            self._item = None
            self._finish()
            return
        super().reject()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if mime.files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.add(mime.files_in(event.mimeData()))
