"""The module tree as a Qt item model: it holds a snapshot and moves it when another is shown.

Rows stay rows where their module does: an edit becomes the few row insertions, removals and moves
that it is, so expansion, selection and scroll position survive it.
"""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

import core
from app import mime
from app.item_models import cells
from app.item_models.columns import PATH, Column
from app.item_models.nodes import Node, Wanted, children_of, matched
from app.state import State

if TYPE_CHECKING:
    from torch import nn

Index = QModelIndex | QPersistentModelIndex
Flag = Qt.ItemFlag
Role = Qt.ItemDataRole
_NOWHERE = QModelIndex()
_COLUMNS = len(Column)
_ROOT = Flag.ItemIsEnabled | Flag.ItemIsSelectable | Flag.ItemIsDropEnabled
_ROW = _ROOT | Flag.ItemIsDragEnabled
#: Combined once: the view asks for the flags of every row, and adding enums takes its time.
_FLAGS = {
    (leaf, editable): _ROW
    | (Flag.ItemNeverHasChildren if leaf else _ROW)
    | (Flag.ItemIsEditable if editable else _ROW)
    for leaf in (True, False)
    for editable in (True, False)
}


class ModuleTreeModel(QAbstractItemModel):
    """The modules of a :class:`State`, the root as the one row on top.

    ``asked`` carries an edit that was made in the tree itself: a new name, a check mark.
    ``refreshed``: what the cells say may have changed everywhere. One ``dataChanged`` a row would
    say the same, 40,000 times.
    """

    asked = Signal(object)
    refreshed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State()
        self.facts = cells.Facts(self.state)
        self._root: Node | None = None
        self._nodes: dict[int, Node] = {}
        self._count = 0
        self._shown: frozenset[str] | None = None

    # What is shown

    def show_state(self, state: State) -> None:
        """Show a state; rows change only where modules did."""
        before, self.state = self.state, state
        self.facts = cells.Facts(state)
        if state.document is None or before.document is None or self._is_another(before, state):
            self._reset()
        elif state.document is not before.document:
            assert self._root is not None
            if self._shown is not None:
                self._reset()  # which rows fit the filter is another question now
            else:
                self._become(self._root, state.document.root)
        if state.report is not before.report or state.marks is not before.marks:
            self._tell_all()

    def repaint(self) -> None:
        """Make all cells anew: the theme is another, and they hold colours."""
        self.facts = cells.Facts(self.state)
        self.refreshed.emit()

    def show_only(self, paths: frozenset[str] | None) -> None:
        """Show only these modules (with all that stand above them), or all for ``None``."""
        if paths != self._shown:
            self._shown = paths
            self._reset()

    def _is_another(self, before: State, state: State) -> bool:
        return before.origin is not state.origin

    def _reset(self) -> None:
        self.beginResetModel()
        self._nodes.clear()
        document = self.state.document
        self._root = None if document is None else self._node("", document.root, None, 0)
        self.endResetModel()

    def _tell_all(self) -> None:
        if self._root is not None:
            last = len(Column) - 1
            self.dataChanged.emit(self.createIndex(0, 0, self._root.number), self.index(0, last))
        self.refreshed.emit()

    # Rows becoming others

    def _become(self, node: Node, module: "nn.Module") -> None:
        """Let a row, and what is fetched below it, show ``module`` instead of what it shows."""
        old = node.module
        if old is module:
            return
        if node.children is None:
            if bool(children_of(old)) == bool(children_of(module)):
                node.module = module
                return
            self._fetch(node)  # so that the view hears of the rows it thinks there are
        node.module = module
        children = [] if node.is_within_itself else children_of(module)
        assert node.children is not None
        wanted = matched(node.children, children)
        self._remove_others(node, {id(w.node) for w in wanted if w.node is not None})
        self._arrange(node, wanted)
        for child, each in zip(node.children, wanted, strict=True):
            child.name = each.name
            self._become(child, each.module)

    def _remove_others(self, parent: Node, kept: set[int]) -> None:
        children = parent.children
        assert children is not None
        end = len(children)
        while end > 0:
            if id(children[end - 1]) in kept:
                end -= 1
                continue
            first = end - 1
            while first > 0 and id(children[first - 1]) not in kept:
                first -= 1
            self.beginRemoveRows(self._index(parent), first, end - 1)
            for node in children[first:end]:
                self._drop(node)
            del children[first:end]
            _number(children, first)
            self.endRemoveRows()
            end = first

    def _arrange(self, parent: Node, wanted: list[Wanted]) -> None:
        children = parent.children
        assert children is not None
        at = 0
        while at < len(wanted):
            node = wanted[at].node
            if node is None:
                at = self._insert(parent, wanted, at)
                continue
            if node.row != at:
                index = self._index(parent)
                self.beginMoveRows(index, node.row, node.row, index, at)
                children.insert(at, children.pop(node.row))
                _number(children, at)
                self.endMoveRows()
            at += 1

    def _insert(self, parent: Node, wanted: list[Wanted], first: int) -> int:
        """Insert the new rows that come one after the other; return the row after them."""
        children = parent.children
        assert children is not None
        end = first
        while end < len(wanted) and wanted[end].node is None:
            end += 1
        self.beginInsertRows(self._index(parent), first, end - 1)
        children[first:first] = [
            self._node(each.name, each.module, parent, row)
            for row, each in enumerate(wanted[first:end], first)
        ]
        _number(children, first)
        self.endInsertRows()
        return end

    # Nodes

    def _node(self, name: str, module: "nn.Module", parent: Node | None, row: int) -> Node:
        self._count += 1
        node = self._nodes[self._count] = Node(name, module, parent, row, self._count)
        return node

    def _drop(self, node: Node) -> None:
        del self._nodes[node.number]
        for child in node.children or ():
            self._drop(child)

    def _fetch(self, node: Node) -> list[Node]:
        if node.children is None:
            children = [] if node.is_within_itself else children_of(node.module)
            if self._shown is not None:
                path = node.path
                children = [c for c in children if _join(path, c[0]) in self._shown]
            node.children = [
                self._node(name, module, node, row) for row, (name, module) in enumerate(children)
            ]
        return node.children

    def _index(self, node: Node) -> QModelIndex:
        return self.createIndex(node.row, 0, node.number)

    def node(self, index: Index) -> Node | None:
        """Return the row behind an index."""
        return self._nodes.get(index.internalId()) if index.isValid() else None

    def path(self, index: Index) -> str | None:
        """Return the path of the module behind an index."""
        node = self.node(index)
        return None if node is None else node.path

    def index_of(self, path: str) -> QModelIndex:
        """Return the index of the module at ``path``; an invalid one where there is none."""
        node = self._root
        for name in path.split(".") if path else ():
            if node is None:
                break
            node = next((each for each in self._fetch(node) if each.name == name), None)
        return QModelIndex() if node is None else self._index(node)

    # What Qt asks

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        if not parent.isValid():
            if self._root is None or row != 0 or not 0 <= column < _COLUMNS:
                return QModelIndex()
            return self.createIndex(0, column, self._root.number)
        node = self._nodes.get(parent.internalId())
        if node is None or parent.column() != 0:
            return QModelIndex()
        children = node.children if node.children is not None else self._fetch(node)
        if not (0 <= row < len(children) and 0 <= column < _COLUMNS):
            return QModelIndex()
        return self.createIndex(row, column, children[row].number)

    def parent(self, index: Index = _NOWHERE) -> Any:
        node = self.node(index)
        if node is None or node.parent is None:
            return QModelIndex()
        return self._index(node.parent)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if not parent.isValid():
            return 0 if self._root is None else 1
        node = self._nodes.get(parent.internalId())
        return 0 if node is None or parent.column() != 0 else len(self._fetch(node))

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return len(Column)

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        if not parent.isValid():
            return self._root is not None
        node = self.node(parent)
        if node is None or parent.column() != 0:
            return False
        if node.children is not None or self._shown is not None:
            return bool(self._fetch(node))
        return any(c is not None for c in node.module._modules.values()) and (
            not node.is_within_itself
        )

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        node = self.node(index)
        if node is None:
            return None
        if role == PATH:
            return node.path
        return self.facts.of(node).cell(index.column(), role)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            return cells.header(section, role)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        node = self._nodes.get(index.internalId()) if index.isValid() else None
        if node is None:
            return Flag.ItemIsDropEnabled
        if node.parent is None:
            return _ROOT
        column = index.column()
        flags = _FLAGS[not node.module._modules, column == Column.NAME]
        if column == Column.TRAINED and self.facts.of(node).trains:
            flags |= Flag.ItemIsUserCheckable
        return flags

    def cells(self, index: Index) -> cells.Cells | None:
        """Return all that the row of an index says, for who draws it."""
        node = self._nodes.get(index.internalId())
        return None if node is None else self.facts.of(node)

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
        nodes = {index.internalId(): self.node(index) for index in indexes}
        found = [node for node in nodes.values() if node is not None]
        specs = "\n".join(str(core.describe(node.module)) for node in found)
        return mime.of_modules([node.path for node in found], specs)

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction


def _number(nodes: list[Node], first: int) -> None:
    for row in range(first, len(nodes)):
        nodes[row].row = row


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
