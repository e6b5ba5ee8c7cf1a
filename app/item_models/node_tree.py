"""A tree of plain nodes as a Qt item model: what every such tree answers in the same way."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class TreeNode(Protocol):
    """What a node has to have: its place, and what is above and below it."""

    row: int

    @property
    def parent(self) -> "TreeNode | None":
        """The node it stands in; the root stands in none."""

    @property
    def children(self) -> "Sequence[TreeNode]":
        """The nodes in it, in their order."""


N = TypeVar("N", bound=TreeNode)


class NodeTreeModel(QAbstractItemModel, Generic[N]):
    """Shows what is below ``root``; a node is made known to Qt when it is first asked for."""

    def __init__(self, root: N, headers: Sequence[str]) -> None:
        super().__init__()
        self.root, self._headers = root, tuple(headers)
        self._nodes: dict[int, N] = {}

    def take(self, root: N) -> None:
        """Show another tree."""
        self.beginResetModel()
        self._nodes.clear()
        self.root = root
        self.endResetModel()

    def node(self, index: Index) -> N:
        """Return what stands there; the root for nothing."""
        return self._nodes[index.internalId()] if index.isValid() else self.root

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return len(self.node(parent).children) if parent.column() <= 0 else 0

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return len(self._headers)

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        below: Any = self.node(parent).children
        if not (0 <= row < len(below) and 0 <= column < len(self._headers)):
            return QModelIndex()
        return self._at(below[row], column)

    def parent(self, index: Index = _NOWHERE) -> Any:
        above: Any = self.node(index).parent if index.isValid() else None
        if above is None or above.parent is None:
            return QModelIndex()
        return self._at(above, 0)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headers[section]
        return None

    def _at(self, node: N, column: int) -> QModelIndex:
        self._nodes[id(node)] = node
        return self.createIndex(node.row, column, id(node))
