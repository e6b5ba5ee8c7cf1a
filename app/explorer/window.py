"""The window itself: the tree of a file, its treemap, and the tensor that is looked at."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

import core
from app import numbers, tables
from app.explorer.details import Details
from app.explorer.treemap import Treemap
from app.item_models.stored_tree import StoredTreeModel
from app.jobs import Job, Jobs
from app.parts import ElidedLabel
from app.room import open_at
from app.said import Said
from app.stored_tree_view import StoredTreeView
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.files import Contents

#: So many tensors found by a search are shown open.
_MOST_OPENED = 400


class ExplorerWindow(QWidget):
    """A file to look at alone. ``load_wanted``: the file is to be loaded into the model."""

    load_wanted = Signal(Path)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._jobs = jobs
        self._job: Job | None = None
        self.contents: Contents | None = None
        self.path = Path()
        self.name = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.said = Said()
        self.load = QPushButton(self.tr("&Load into the model…"))
        self.load.setEnabled(False)
        self.load.clicked.connect(lambda: self.load_wanted.emit(self.path))
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a tensor"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Find a tensor"))
        self.search.textChanged.connect(self._find)
        self.model = StoredTreeModel()
        self.tree = StoredTreeView(self.model)
        tables.dress_tree(self.tree, self.tr("Tensors"), (30, 18, 12, 10, 10), 0)
        self.treemap = Treemap()
        self.treemap.chosen.connect(self.select)
        self.details = Details(jobs)
        self.details.told.connect(lambda text: self.said.say(text, "good"))
        self.tree.selectionModel().currentChanged.connect(self._chosen)
        self._lay_out()
        QShortcut(QKeySequence("Ctrl+F"), self, self.search.setFocus)
        QShortcut(QKeySequence("Esc"), self, self.close)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.load)
        left = QWidget()
        one = QVBoxLayout(left)
        one.setContentsMargins(0, 0, 0, 0)
        one.addWidget(self.search)
        one.addWidget(self.tree, 1)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.treemap)
        right.addWidget(self.details)
        right.setChildrenCollapsible(False)
        right.setStretchFactor(0, 2)
        right.setStretchFactor(1, 3)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(right)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        letter = self.fontMetrics().averageCharWidth()
        split.setSizes([84 * letter, 96 * letter])
        column = QVBoxLayout(self)
        column.addLayout(head)
        column.addWidget(self.said)
        column.addWidget(split, 1)
        open_at(self, 184, 48)

    def show_alone(self) -> None:
        """Show it so that a sheet over the main window does not block it: one looks at both.

        It still goes with the main window, and does not keep the program running.
        """
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.winId()  # makes the window that has a parent
        self.windowHandle().setTransientParent(None)  # type: ignore[arg-type]
        self.show()

    def open_file(self, path: Path) -> None:
        """Show what stands in a file."""
        self.path = path
        self.name.set_text(str(path))
        self.setWindowTitle(self.tr("{} — Explorer").format(path.name))
        self.said.say(self.tr("Reading…"))
        self._job = self._jobs.start(
            lambda _: core.read_contents(path), self._read, self._refused, title=f"Reading {path}"
        )

    def _read(self, contents: "Contents") -> None:
        self._job = None
        self.contents = contents
        told = self.tr("{} ({}), {} tensors, {}").format(
            contents.kind[:1].upper() + contents.kind[1:],
            contents.format,
            numbers.exact(len(contents.tensors)),
            numbers.size(contents.bytes),
        )
        self.said.say(told)
        self.load.setEnabled(bool(contents.weights))
        self.model.show_tensors(contents.tensors)
        devices = {tensor.device for tensor in contents.tensors.values()}
        self.tree.setColumnHidden(4, devices <= {"", "cpu"})
        self._show_tree()
        self.tree.setFocus()

    def _refused(self, error: ModelwrightError) -> None:
        self._job = None
        self.load.setEnabled(False)
        self.said.say(str(error), "problem")

    def _find(self, text: str) -> None:
        self.model.show_only(text)
        self._show_tree()

    def _show_tree(self) -> None:
        root = self.model.root
        self.treemap.show_node(root)
        self.details.show_node(None, None)
        if root.count <= _MOST_OPENED:
            self.tree.expandAll()
        elif len(root.children) == 1:
            self.tree.expandToDepth(0)

    def select(self, path: str) -> None:
        """Select a tensor or a module by its name."""
        index = self.model.index_of(path)
        if index.isValid():
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)

    def _chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            node = self.model.node(index)
            self.treemap.select(node.path)
            self.details.show_node(self.contents, node)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._job is not None:
            self._job.cancel()
        self.details.show_node(None, None)
        super().closeEvent(event)
