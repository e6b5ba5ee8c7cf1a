"""The module tree as a Qt item model: what its rows say, and what is asked for in them.

It holds a snapshot and moves it when another is shown, so that expansion, selection and scroll
position survive an edit. Which rows there are is :class:`app.item_models.shown_rows.ShownRows`.
"""

from typing import Any

from PySide6.QtCore import QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

import core
from app import mime
from app.item_models import cells
from app.item_models.columns import PATH, Column
from app.item_models.nodes import Node
from app.item_models.shown_rows import ShownRows
from app.state import State

Index = QModelIndex | QPersistentModelIndex
Flag = Qt.ItemFlag
Role = Qt.ItemDataRole
_ROOT = (
    Flag.ItemIsEnabled | Flag.ItemIsSelectable | Flag.ItemIsDropEnabled | Flag.ItemNeverHasChildren
)
_ROW = _ROOT | Flag.ItemIsDragEnabled


class ModuleTreeModel(ShownRows):
    """The modules of a :class:`State` that are shown, the root on top.

    ``asked`` carries an edit that was made in the tree itself: a new name, a check mark.
    """

    asked = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State()
        self.facts = cells.Facts(self.state)

    # What is shown

    def show_state(self, state: State) -> None:
        """Show a state; rows change only where modules did."""
        before, self.state = self.state, state
        if _says_the_same(before, state):
            return
        self.facts = cells.Facts(state)
        document = state.document
        if document is None or before.document is None or before.origin is not state.origin:
            self.begin(None if document is None else document.root, self._only)
        elif document is not before.document:
            if self._only is None:
                self.become(document.root)
            else:  # which rows fit the filter is another question now
                self.begin(document.root, self._only)
        self.tell_all()

    def repaint(self) -> None:
        """Make all cells anew: the theme is another, and they hold colours."""
        self.facts = cells.Facts(self.state)
        self.tell_all()

    def show_only(self, paths: frozenset[str] | None) -> None:
        """Show only these modules (with all that stand above them), or all for ``None``."""
        if paths != self._only:
            document = self.state.document
            self.begin(None if document is None else document.root, paths)

    # What Qt asks

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        node = self.node(index)
        if node is None:
            return None
        if role == PATH:
            return node.path
        if role == Role.AccessibleTextRole and index.column() == Column.NAME:
            return self._as_heard(node)
        return self.facts.of(node).cell(index.column(), role)

    def _as_heard(self, node: Node) -> str:
        """Say what the eye sees from the indentation and the arrow; to Qt it is a plain table."""
        name = self.facts.of(node).texts[Column.NAME]
        level = self.tr("{}, level {}").format(name, node.depth + 1)
        if not self.can_expand(node):
            return level
        return f"{level}, {self.tr('expanded') if node.expanded else self.tr('collapsed')}"

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            return cells.header(section, role)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        node = self.node(index)
        if node is None:
            return Flag.ItemIsDropEnabled
        if node.parent is None:
            return _ROOT
        if index.column() == Column.NAME:
            return _ROW | Flag.ItemIsEditable
        if index.column() == Column.TRAINED and self.facts.of(node).trains:
            return _ROW | Flag.ItemIsUserCheckable
        return _ROW

    def cells(self, row: int) -> cells.Cells:
        """Return all that a row says, for who draws it."""
        return self.facts.of(self._rows[row])

    def match(
        self,
        start: Index,
        role: int,
        value: Any,
        hits: int = 1,
        flags: Qt.MatchFlag = Qt.MatchFlag.MatchStartsWith | Qt.MatchFlag.MatchWrap,
    ) -> list[QModelIndex]:
        """Find rows whose name begins with what is typed, without making the cells of others."""
        if role != Role.DisplayRole:
            return list(super().match(start, role, value, hits, flags))
        wanted, count, first = str(value).lower(), len(self._rows), start.row()
        found: list[QModelIndex] = []
        for step in range(count if flags & Qt.MatchFlag.MatchWrap else count - first):
            row = (first + step) % count
            if self._rows[row].name.lower().startswith(wanted):
                found.append(self.index(row, start.column()))
                if len(found) == hits:
                    break
        return found

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        """Ask for the edit; the row changes when the state does."""
        node = self.node(index)
        if node is None:
            return False
        if role == Role.EditRole and index.column() == Column.NAME:
            name = str(value).strip()
            if name and name != node.name:
                self.asked.emit(core.Rename(node.path, name))
        elif role == Role.CheckStateRole and index.column() == Column.TRAINED:
            train = Qt.CheckState(value) != Qt.CheckState.Unchecked
            self.asked.emit((core.Unfreeze if train else core.Freeze)(node.path))
        return False

    def mimeTypes(self) -> list[str]:
        return [mime.LAYER, mime.MODULES]

    def mimeData(self, indexes: Any) -> QMimeData:
        found = [self._rows[row] for row in dict.fromkeys(index.row() for index in indexes)]
        specs = "\n".join(str(core.describe(node.module)) for node in found)
        return mime.of_modules([node.path for node in found], specs)

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction


def _says_the_same(one: State, other: State) -> bool:
    """Whether two states differ in nothing that stands in a row, as in what is selected."""
    return (
        one.document is other.document
        and one.origin is other.origin
        and one.report is other.report
        and one.marks is other.marks
        and one.name == other.name
    )
