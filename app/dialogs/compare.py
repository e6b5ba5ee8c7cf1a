"""Two checkpoints side by side: what came, went and moved, and how far the values went."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

import core
from app import mime, numbers, tables, theme
from app.item_models.differences import CHANGE, SHARE, DifferenceModel
from app.job_bar import JobBar
from app.jobs import Job, Jobs
from app.room import open_at
from app.said import Said
from app.settings import Settings
from app.state import State
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.checkpoint import Difference
    from core.document import Document
    from core.files import Contents

_LOOK = 100


class BarDelegate(QStyledItemDelegate):
    """Draws the norm of a change with a bar under it."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        share = index.data(SHARE)
        if share:
            room = QRectF(option.rect).adjusted(4, 0, -4, -2)
            height = max(2.0, option.fontMetrics.height() / 6)
            bar = QRectF(room.left(), room.bottom() - height, room.width() * share, height)
            painter.save()
            colour = theme.tone("accent")
            colour.setAlphaF(0.6)
            painter.fillRect(bar, colour)
            painter.restore()


class CompareSheet(QDialog):
    """Two fields, one of which may be the open model, and the tree of what differs."""

    def __init__(
        self, state: State, jobs: Jobs, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Compare checkpoints"))
        self.setAcceptDrops(True)
        self._state, self._jobs, self._settings = state, jobs, settings
        self.job: Job | None = None
        self.before, self.after = self._field(), self._field()
        self.use_model = QCheckBox(self.tr("the &model that is open, {}").format(state.name))
        self.use_model.setVisible(state.document is not None)
        self.use_model.toggled.connect(self._changed)
        self.only = QCheckBox(self.tr("Only what &differs"))
        self.only.setChecked(True)
        self.compare = QPushButton(self.tr("&Compare"))
        self.compare.setDefault(True)
        self.compare.clicked.connect(self._compare)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.reject)
        self.said = Said()
        self.model = DifferenceModel()
        self.tree = QTreeView()
        self.tree.setModel(self.model)
        tables.dress_tree(self.tree, self.tr("What differs"), (34, 27, 20, 14, 26), 4)
        self.tree.setItemDelegateForColumn(CHANGE, BarDelegate(self.tree))
        self.only.toggled.connect(self._show_only)
        self.progress = JobBar()
        self._lay_out()
        open_at(self, 140, 38)
        self._changed()

    def _field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("a file of weights; it can be dropped here"))
        field.setAcceptDrops(False)  # it would take the address as text: the sheet takes the file
        field.textChanged.connect(self._changed)
        return field

    def _lay_out(self) -> None:
        grid = QGridLayout()
        for row, (title, field) in enumerate(
            ((self.tr("&Before"), self.before), (self.tr("&After"), self.after))
        ):
            label = QLabel(title)
            label.setBuddy(field)
            field.setAccessibleName(title.replace("&", ""))
            button = QPushButton(self.tr("Browse…"))
            button.setAutoDefault(False)
            button.setAccessibleName(f"{self.tr('Browse')}: {title.replace('&', '')}")
            button.clicked.connect(lambda _=False, into=field: self._browse(into))
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(button, row, 2)
        grid.addWidget(self.use_model, 2, 1)
        tools = QHBoxLayout()
        tools.addWidget(self.only)
        tools.addStretch(1)
        last = QHBoxLayout()
        last.addWidget(self.progress, 1)
        last.addStretch(0)
        last.addWidget(self.compare)
        last.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addLayout(tools)
        column.addWidget(self.said)
        column.addWidget(self.tree, 1)
        column.addLayout(last)

    def _browse(self, into: QLineEdit) -> None:
        found, _ = QFileDialog.getOpenFileName(
            self, self.tr("A file of weights"), str(self._settings.folder),
            f"{mime.CHECKPOINTS};;All files (*)",
        )  # fmt: skip
        if found:
            self._settings.folder = Path(found).parent
            into.setText(found)

    def _changed(self) -> None:
        model = self.use_model.isChecked()
        self.after.setEnabled(not model)
        both = bool(self.before.text().strip()) and (model or bool(self.after.text().strip()))
        self.compare.setEnabled(both and self.job is None)
        self.progress.follow(self.job)

    def _compare(self) -> None:
        before = Path(self.before.text().strip())
        document = self._state.document if self.use_model.isChecked() else None
        after = Path(self.after.text().strip())

        def work(job: Job) -> "tuple[tuple[Difference, ...], dict[str, Difference]]":
            second: Document | Contents = (
                document if document is not None else core.read_contents(after)
            )
            found = core.diff(
                core.read_contents(before),
                second,
                progress=job.progress,
                cancelled=job.cancelled,
            )
            return found, core.by_module(found)

        self.said.say(self.tr("Comparing…"))
        self.model.show_differences((), {})  # not those of other files
        self.job = self._jobs.start(work, self._found, self._refused, title=self.tr("Comparing"))
        self._changed()

    def _found(self, found: "tuple[tuple[Difference, ...], dict[str, Difference]]") -> None:
        self.job = None
        differences, modules = found
        self.model.show_differences(differences, modules)
        self.tree.expandToDepth(1)
        differing = [each for each in differences if each.kind != "same"]
        if not differences:
            self.said.say(self.tr("Neither has a tensor: there is nothing to compare."))
        elif not differing:
            text = self.tr("All {} tensors are the same.").format(len(differences))
            self.said.say(text, "good")
        else:
            whole = modules.get("")
            change = whole.change if whole is not None else 0.0
            text = self.tr("{} of {} tensors differ").format(len(differing), len(differences))
            norm = self.tr("the norm of all changes is {}").format(numbers.real(change))
            none = self.tr("in names, shapes or types; no values are others")
            self.said.say(f"{text}; {norm}." if change else f"{text} {none}.")
        self._changed()

    def _refused(self, error: ModelwrightError) -> None:
        self.job = None
        self.said.say(str(error), "problem")
        self._changed()

    def _show_only(self, only: bool) -> None:
        self.model.show_only_differing(only)
        self.tree.expandToDepth(1)

    def reject(self) -> None:
        """Close stops a comparison first."""
        if self.job is not None:
            self.job.cancel()
            self.job = None
            self.said.say(self.tr("The comparison was stopped."))
            self._changed()
            return
        super().reject()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if mime.files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A file goes into the field it is dropped on; else the first before, the next after."""
        event.acceptProposedAction()
        files, on = mime.files_in(event.mimeData()), self.childAt(event.position().toPoint())
        if len(files) == 1 and on in (self.before, self.after):
            on.setText(str(files[0]))
            return
        for file in files[:2]:
            empty = self.before if not self.before.text() else self.after
            empty.setText(str(file))
