"""The panel in the middle: totals, the edit field, the filter, the tree."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.item_models.columns import Column
from app.item_models.module_tree import ModuleTreeModel
from app.jobs import Job, Jobs
from app.panels.notice import Notice
from app.panels.tree.bar import FindBar, TotalsBar
from app.panels.tree.edit_field import EditField
from app.panels.tree.view import TreeView
from app.state import State

if TYPE_CHECKING:
    from core.document import Document

#: A filter that leaves more rows than this is not expanded by itself.
_MOST_EXPANDED = 2_000
#: Something new with more children than this is not opened by itself.
_MOST_OPENED = 12


class TreePanel(QWidget):
    """Shows the modules of a :class:`State`.

    ``asked``: an edit. ``selected``: paths, the current one first. ``layer_wanted``: a layer was
    dropped whose arguments are open (its spec, the :class:`Spot`). ``menu_wanted``: where.
    ``removal_wanted``: the paths dropped on the trash, none for the selected ones.
    """

    asked = Signal(object)
    selected = Signal(tuple)
    layer_wanted = Signal(str, object)
    menu_wanted = Signal(QPoint)
    removal_wanted = Signal(list)
    activated = Signal(str)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._state = State()
        self._filtering: Job | None = None
        self._filter = ""
        self.model = ModuleTreeModel(self)
        self.notice = Notice()
        self.totals_bar = TotalsBar()
        self.edit_field = EditField(jobs)
        self.find_bar = FindBar()
        self.view = TreeView(self.model, jobs)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(12)
        tools.addWidget(self.edit_field, 3)
        tools.addWidget(self.find_bar, 2, Qt.AlignmentFlag.AlignTop)
        bars = QVBoxLayout()
        bars.setContentsMargins(10, 8, 10, 8)
        bars.setSpacing(8)
        bars.addWidget(self.totals_bar)
        bars.addLayout(tools)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bars)
        column.addWidget(self.notice)
        column.addWidget(self.view, 1)

    def _connect(self) -> None:
        for part in (self.model, self.totals_bar, self.edit_field, self.view):
            part.asked.connect(self.asked)
        self.view.layer_wanted.connect(self.layer_wanted)
        self.view.refused.connect(self.show_refusal)
        self.totals_bar.complained.connect(self.show_refusal)
        self.view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))
        )
        self.find_bar.filtered.connect(self.filter)
        self.find_bar.expanded.connect(self.expand_to)
        self.find_bar.removal_wanted.connect(self.removal_wanted)
        # Queued, so that what a change of rows does to the selection is over when it is looked at.
        self.view.selectionModel().selectionChanged.connect(
            self._tell_selection, Qt.ConnectionType.QueuedConnection
        )
        self.view.selectionModel().currentChanged.connect(
            self._tell_selection, Qt.ConnectionType.QueuedConnection
        )

    def show_state(self, state: State) -> None:
        """Show this state; rows, expansion and scroll position stay where modules do."""
        before, self._state = self._state, state
        if state.document is not before.document:
            self.notice.say("")
        self.model.show_state(state)
        self.totals_bar.show_state(state)
        self.edit_field.show_state(state)
        self.find_bar.setEnabled(state.document is not None)
        if state.origin is not before.origin:
            self._begin()
        elif state.document is not before.document and self._filter:
            self.filter(self._filter)
        if state.selection != before.selection or state.document is not before.document:
            self._select(state.selection)
            if state.origin is before.origin and state.document is not before.document:
                self._open_what_is_new(state)

    def show_refusal(self, text: str) -> None:
        """Say why something was not done."""
        self.notice.say(text, "refused")

    def show_note(self, text: str) -> None:
        """Say something that is good to know."""
        self.notice.say(text, "info")

    def expand_to(self, levels: int) -> None:
        """Show so many levels below the root; -1 is all."""
        self.view.expand_to(levels)

    def filter(self, text: str) -> None:
        """Show only modules whose path or type holds every word, with all that stands above."""
        self._filter = text
        if self._filtering is not None:
            self._filtering.cancel()
        document = self._state.document
        if not text or document is None:
            self._filtered(None, None)
            return
        self._filtering = self._jobs.start(
            partial(_fitting, document, text), partial(self._filtered, document), wait=0.02
        )

    def _filtered(self, document: "Document | None", paths: frozenset[str] | None) -> None:
        if paths is not None and document is not self._state.document:
            return
        self.model.show_only(paths)
        if paths is None:
            self._begin()
        elif len(paths) <= _MOST_EXPANDED:
            self.view.expand_all()
        else:
            self.view.expand_to(2)
        self._select(self._state.selection)

    def _begin(self) -> None:
        """Expand what is shown first: the root, and its only child as long as there is just one."""
        index, only = self.model.index(0, 0), True
        while only and self.model.has_children(index):
            self.view.expand(index)
            index = index.siblingAtRow(index.row() + 1)
            only = index.row() == self.model.rowCount() - 1

    def _select(self, paths: tuple[str, ...]) -> None:
        if paths == self._chosen():
            return
        selection = QItemSelection()
        for path in paths:  # all of them first: each may move the rows of those before
            self.model.reveal(path)
        indexes = [index for path in paths if (index := self.model.index_of(path)).isValid()]
        for index in indexes:
            selection.select(index, index.siblingAtColumn(len(Column) - 1))
        model = self.view.selectionModel()
        if indexes:
            model.setCurrentIndex(indexes[0], QItemSelectionModel.SelectionFlag.NoUpdate)
            self.view.scrollTo(indexes[0])
        model.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _open_what_is_new(self, state: State) -> None:
        """Show the layers of a head that was just put somewhere."""
        node = self.model.node(self.model.index_of(state.current or ""))
        if node is not None and state.current and 0 < len(node.module._modules) <= _MOST_OPENED:
            self.view.expand(self.model.index(node.place, 0))

    def _chosen(self) -> tuple[str, ...]:
        model = self.view.selectionModel()
        rows = [self.model.at(row).path for row in self.view.chosen_rows()]
        current = self.model.path(model.currentIndex())
        if current in rows:
            rows.remove(current)
            rows.insert(0, current)
        return tuple(rows)

    def _tell_selection(self) -> None:
        chosen = self._chosen()
        if chosen != self._state.selection and self._state.document is not None:
            self.selected.emit(chosen)


def _fitting(document: "Document", text: str, job: Job) -> frozenset[str]:
    """Return the paths that fit a filter, and those above them."""
    words = text.lower().split()
    found: set[str] = {""}
    for path, module in document.modules():
        if job.cancelled():
            break
        name = f"{path} {type(module).__name__}".lower()
        if all(word in name for word in words):
            while path and path not in found:
                found.add(path)
                path = path.rpartition(".")[0]
    return frozenset(found)
