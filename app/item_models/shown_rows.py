"""The rows of the module tree that are shown, as a flat table: what is expanded, and what moves.

What is expanded is the model's own matter. Qt sees a table, and asks nothing about rows that are
not in view; of a tree it would ask for each of 100,000 modules where it stands, what it is and
whether it has children, each time all of it is expanded.

Rows stay rows where their module does: another module in the place of the root becomes the few row
insertions, removals and moves that it is.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex

from app.item_models.columns import Column
from app.item_models.nodes import Node, Wanted, children_of, matched, number

if TYPE_CHECKING:
    from torch import nn

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_LAST = len(Column) - 1


class ShownRows(QAbstractTableModel):
    """The root and all that is expanded below it, in the order of the tree."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Node] = []
        self._only: frozenset[str] | None = None

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def begin(self, root: "nn.Module | None", only: frozenset[str] | None) -> None:
        """Show a module as the one row there is; below it only the paths in ``only``, if given."""
        self.beginResetModel()
        self._only = only
        self._rows = [] if root is None else [Node("", root, None, 0)]
        self.endResetModel()

    def become(self, root: "nn.Module") -> None:
        """Show another module in the place of the root."""
        self._become(self._rows[0], root)

    def tell_all(self) -> None:
        """Say that every cell may read differently."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, _LAST))

    def _tell(self, row: int) -> None:
        self.dataChanged.emit(self.index(row, 0), self.index(row, _LAST))

    # What is expanded

    def expand(self, index: Index) -> None:
        """Show the children of a row, and below them what was expanded when they were last seen."""
        node = self.node(index)
        if node is not None:
            self._expand(node)

    def collapse(self, index: Index) -> None:
        """Hide all that stands below a row."""
        node = self.node(index)
        if node is None or not node.expanded:
            return
        row, count = index.row(), node.below
        self.beginRemoveRows(_NOWHERE, row + 1, row + count)
        node.grow(-count)
        node.expanded = False
        del self._rows[row + 1 : row + 1 + count]
        self.endRemoveRows()
        self._tell(row)

    def expand_below(self, index: Index) -> None:
        """Show all that stands below a row, at any depth."""
        node = self.node(index)
        if node is not None and self.has_children(index):
            self.collapse(index)
            self._unfold(node, -1, [])
            node.below, node.expanded = 0, False
            self._expand(node)

    def expand_to(self, levels: int) -> None:
        """Show so many levels below the root, and no more; -1 is all."""
        if not self._rows:
            return
        self.beginResetModel()
        root = self._rows[0]
        root.expanded, root.below = False, 0
        self._rows = [root]
        if levels:
            self._unfold(root, levels, self._rows)
        self.endResetModel()

    def _unfold(self, node: Node, levels: int, rows: list[Node]) -> None:
        """Expand so many levels of a node, and add to ``rows`` what is shown below it then."""
        before = len(rows)
        children = self._fetch(node)
        node.expanded = bool(children)
        for child in children:
            rows.append(child)
            child.expanded, child.below = False, 0
            if not child.module._modules:
                continue
            if levels != 1:
                self._unfold(child, levels - 1, rows)
            else:
                child.children = None  # so that what is expanded in there is forgotten
        node.below = len(rows) - before

    def _expand(self, node: Node) -> None:
        if node.expanded or not self.can_expand(node):
            return
        self._fetch(node)
        rows = node.rows()
        if not node.is_shown:
            node.expanded = True
            node.grow(len(rows))
            return
        first = node.place + 1
        self.beginInsertRows(_NOWHERE, first, first + len(rows) - 1)
        node.expanded = True
        node.grow(len(rows))
        self._rows[first:first] = rows
        self.endInsertRows()
        self._tell(first - 1)

    def is_expanded(self, index: Index) -> bool:
        """Whether the children of a row are shown."""
        node = self.node(index)
        return node is not None and node.expanded

    def has_children(self, index: Index) -> bool:
        """Whether a row can be expanded."""
        node = self.node(index)
        return node is not None and self.can_expand(node)

    def can_expand(self, node: Node) -> bool:
        """Whether anything stands below a node."""
        if not node.module._modules:
            return False
        if node.children is not None or self._only is not None:
            return bool(self._fetch(node))
        return bool(children_of(node.module)) and not node.is_within_itself

    # Where modules are

    def _fetch(self, node: Node) -> list[Node]:
        if node.children is None:
            children = [] if node.is_within_itself else children_of(node.module)
            if self._only is not None:
                path = node.path
                children = [c for c in children if _join(path, c[0]) in self._only]
            node.children = [
                Node(name, module, node, row) for row, (name, module) in enumerate(children)
            ]
        return node.children

    def node(self, index: Index) -> Node | None:
        """Return the row behind an index."""
        return self._rows[index.row()] if -1 < index.row() < len(self._rows) else None

    def at(self, row: int) -> Node:
        """Return what is shown in a row."""
        return self._rows[row]

    def path(self, index: Index) -> str | None:
        """Return the path of the module behind an index."""
        node = self.node(index)
        return None if node is None else node.path

    def index_of(self, path: str) -> QModelIndex:
        """Return the index of the module at ``path``; an invalid one where it is not shown."""
        node, whole = self._nearest(path)
        return self._index(node) if node is not None and whole else QModelIndex()

    def nearest(self, path: str) -> QModelIndex:
        """Return the index of the module at ``path``, or of the one above that hides it."""
        node, _ = self._nearest(path)
        return QModelIndex() if node is None else self._index(node)

    def reveal(self, path: str) -> QModelIndex:
        """Expand what hides the module at ``path`` and return its index; invalid without one."""
        node = self._rows[0] if self._rows else None
        for name in path.split(".") if path else ():
            found = None if node is None else _named(self._fetch(node), name)
            if node is not None and found is not None:
                self._expand(node)
            node = found
        return QModelIndex() if node is None else self._index(node)

    def _nearest(self, path: str) -> tuple[Node | None, bool]:
        """Return how far a path leads along what is expanded, and whether that is to its end."""
        node = self._rows[0] if self._rows else None
        for name in path.split(".") if path else ():
            found = _named(node.children or [], name) if node and node.expanded else None
            if found is None:
                return node, False
            node = found
        return node, True

    def _index(self, node: Node) -> QModelIndex:
        return self.createIndex(node.place, 0)

    # Rows becoming others

    def _become(self, node: Node, module: "nn.Module") -> None:
        """Let a row, and what is fetched below it, show ``module`` instead of what it shows."""
        old, node.module = node.module, module
        if old is module or node.children is None:
            return
        wanted = matched(node.children, [] if node.is_within_itself else children_of(module))
        self._remove_others(node, {id(w.node) for w in wanted if w.node is not None})
        self._arrange(node, wanted)
        for child, each in zip(node.children, wanted, strict=True):
            child.name = each.name
            self._become(child, each.module)
        if not node.children:
            node.expanded = False

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
            self._remove(parent, children, first, end)
            end = first

    def _remove(self, parent: Node, children: list[Node], first: int, end: int) -> None:
        """Remove the children from ``first`` to before ``end``, and all that is shown below."""
        count = _rows_of(children[first:end])
        if visible := _is_open(parent):
            top = children[first].place
            self.beginRemoveRows(_NOWHERE, top, top + count - 1)
            del self._rows[top : top + count]
        parent.grow(-count)
        del children[first:end]
        number(children, first)
        if visible:
            self.endRemoveRows()

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
                self._move(parent, children, node, at)
            at += 1

    def _move(self, parent: Node, children: list[Node], node: Node, to: int) -> None:
        """Move a child up among its siblings, with all that is shown below it."""
        count = 1 + node.below
        if visible := _is_open(parent):
            top, target = node.place, children[to].place
            self.beginMoveRows(_NOWHERE, top, top + count - 1, _NOWHERE, target)
            moved = self._rows[top : top + count]
            del self._rows[top : top + count]
            self._rows[target:target] = moved
        children.insert(to, children.pop(node.row))
        number(children, to)
        if visible:
            self.endMoveRows()

    def _insert(self, parent: Node, wanted: list[Wanted], first: int) -> int:
        """Insert the new rows that come one after the other; return the row after them."""
        children = parent.children
        assert children is not None
        end = first
        while end < len(wanted) and wanted[end].node is None:
            end += 1
        made = [
            Node(each.name, each.module, parent, row)
            for row, each in enumerate(wanted[first:end], first)
        ]
        if visible := _is_open(parent):
            top = parent.place + 1 + _rows_of(children[:first])
            self.beginInsertRows(_NOWHERE, top, top + len(made) - 1)
            self._rows[top:top] = made
        parent.grow(len(made))
        children[first:first] = made
        number(children, first)
        if visible:
            self.endInsertRows()
        return end


def _is_open(node: Node) -> bool:
    """Whether the children of a node are among the rows that are shown."""
    return node.expanded and node.is_shown


def _rows_of(nodes: list[Node]) -> int:
    return len(nodes) + sum([each.below for each in nodes])


def _named(nodes: list[Node], name: str) -> Node | None:
    return next((each for each in nodes if each.name == name), None)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
