"""The sheet that makes a module of some steps."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListWidgetItem, QWidget

import core
from app.dialogs.rewire.edit_sheet import title_of
from app.dialogs.rewire.flow_sheet import FlowSheet
from app.jobs import Jobs
from app.state import State
from app.tick_list import TickList
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.dataflow import Graph
    from core.edits import Edit

_SHOWN = 10
_NAME = Qt.ItemDataRole.UserRole


class GroupSheet(FlowSheet):
    """Asks which steps of the module at ``path`` become a module, and what it is called.

    ``steps`` are those that are checked at first, or the calls of ``children``. Space checks and
    unchecks.
    """

    def __init__(
        self,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        steps: tuple[str, ...] = (),
        children: tuple[str, ...] = (),
    ) -> None:
        title = f"Group steps of {title_of(state.document, path)}"
        super().__init__(title, state, path, jobs, parent)
        self._steps, self._children = steps, children
        self.list = TickList()
        self.list.setAccessibleName(self.tr("Steps"))
        self.list.setUniformItemSizes(True)
        self.name = QLineEdit("block")
        self.kind = QLineEdit("Block")
        self.form.addRow(self.tr("&Steps"), self.list)
        self.form.addRow(self.tr("&Name"), self.name)
        self.form.addRow(self.tr("&Class"), self.kind)
        self.list.itemChanged.connect(self.changed)
        for field in (self.name, self.kind):
            field.textChanged.connect(self.changed)
        self.read()
        self.name.selectAll()
        (self.name if steps or children else self.list).setFocus()

    def know(self, graph: "Graph") -> None:
        self.list.blockSignals(True)
        for node in graph.nodes:
            if node.kind in ("input", "output"):
                continue
            item = QListWidgetItem(self.told(node))
            item.setData(_NAME, node.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            called = node.kind == "call" and node.target in self._children
            chosen = called or node.name in self._steps
            item.setCheckState(Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        rows = min(_SHOWN, max(3, self.list.count()))
        self.list.setMinimumHeight(rows * self.list.sizeHintForRow(0) + 4)
        first = next((n for n, each in enumerate(self._items()) if _checked(each)), 0)
        self.list.setCurrentRow(first)
        self.changed()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The steps that are checked, in the order they run."""
        return tuple(str(each.data(_NAME)) for each in self._items() if _checked(each))

    def wanted(self) -> "Callable[[], Edit]":
        path, steps = self.path, self.chosen
        name, kind = self.name.text().strip(), self.kind.text().strip()

        def make() -> "Edit":
            self.check_known()
            if not steps:
                raise EditRefused("Check the steps that are to be one module.")
            if not name or not kind:
                raise EditRefused("Give the module a name, and its class one, such as Block.")
            return core.Group(path, steps, name, kind)

        return make


def _checked(item: QListWidgetItem) -> bool:
    return item.checkState() == Qt.CheckState.Checked
