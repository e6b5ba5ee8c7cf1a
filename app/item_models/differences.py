"""What differs between two sets of weights, as a tree of modules with the norms of the changes."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from app import icons, numbers, theme
from app.item_models.stored_tree import shape_text

if TYPE_CHECKING:
    from core.checkpoint import Difference

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
HEADERS = ("Module or tensor", "What differs", "Norm of the change", "Relative", "Note")
CHANGE = 2
#: A row's change as a share of the largest in the tree, 0 to 1, for the bar.
SHARE = Qt.ItemDataRole.UserRole + 1

#: Kind -> (icon, tone).
KINDS: dict[str, tuple[str, theme.Tone]] = {
    "same": ("ok", "good"),
    "changed": ("changed-mark", "changed"),
    "added": ("new-mark", "new"),
    "removed": ("trash", "problem"),
    "renamed": ("moved-mark", "changed"),
    "shape": ("error", "problem"),
    "dtype": ("replace", "changed"),
}


class Node:
    """A module, or a tensor at the end of a branch."""

    __slots__ = ("children", "difference", "name", "parent", "row", "tensor")

    def __init__(self, name: str, parent: "Node | None", row: int) -> None:
        self.name, self.parent, self.row = name, parent, row
        self.children: list[Node] = []
        self.difference: Difference | None = None
        self.tensor = False


class DifferenceModel(QAbstractItemModel):
    """Modules with what became of all in them; tensors below; optionally only what differs."""

    def __init__(self) -> None:
        super().__init__()
        self._found: tuple[Difference, ...] = ()
        self._modules: dict[str, Difference] = {}
        self._only = True
        self._most = 0.0
        self.root = Node("", None, 0)
        self._nodes: dict[int, Node] = {}

    def show_differences(
        self, found: "tuple[Difference, ...]", modules: "dict[str, Difference]"
    ) -> None:
        """Show another comparison."""
        self._found, self._modules = found, modules
        changes = [each.change for each in modules.values() if each.change == each.change]
        self._most = max(changes, default=0.0)
        self._build()

    def show_only_differing(self, only: bool) -> None:
        """Leave out what is the same."""
        self._only = only
        self._build()

    def _build(self) -> None:
        self.beginResetModel()
        self._nodes.clear()
        self.root = Node("", None, 0)
        known: dict[str, Node] = {}
        for each in self._found:
            if self._only and each.kind == "same":
                continue
            home, _, name = (each.after or each.before).rpartition(".")
            leaf = self._child(self._module(home, known), name)
            leaf.difference, leaf.tensor = each, True
        self.endResetModel()

    def _module(self, path: str, known: dict[str, Node]) -> Node:
        """Return the node of a module, made with all above it; a name may have a thousand parts."""
        if "" not in known:
            known[""] = self._child(self.root, "all of it")
            known[""].difference = self._modules.get("")
        missing, above = [], path
        while above not in known:
            missing.append(above)
            above = above.rpartition(".")[0]
        node = known[above]
        for each in reversed(missing):
            node = known[each] = self._child(node, each.rpartition(".")[2])
            node.difference = self._modules.get(each)
        return node

    def _child(self, parent: Node, name: str) -> Node:
        node = Node(name, parent, len(parent.children))
        parent.children.append(node)
        return node

    def node(self, index: Index) -> Node:
        """Return what stands there; the root for nothing."""
        return self._nodes[index.internalId()] if index.isValid() else self.root

    # What Qt asks for

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return len(self.node(parent).children) if parent.column() <= 0 else 0

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return len(HEADERS)

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        children = self.node(parent).children
        if not (0 <= row < len(children) and 0 <= column < len(HEADERS)):
            return QModelIndex()
        self._nodes[id(children[row])] = children[row]
        return self.createIndex(row, column, id(children[row]))

    def parent(self, index: Index = _NOWHERE) -> Any:
        above = self.node(index).parent if index.isValid() else None
        if above is None or above.parent is None:
            return QModelIndex()
        self._nodes[id(above)] = above
        return self.createIndex(above.row, 0, id(above))

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return QCoreApplication.translate("Differences", HEADERS[section])
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node, column = self.node(index), index.column()
        difference = node.difference
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return _text(node, column)
        if difference is None:
            return None
        icon, tone = KINDS[difference.kind]
        if role == SHARE and column == CHANGE and self._most:
            return min(1.0, difference.change / self._most)
        if column == 1 and role == Role.ForegroundRole:
            return theme.tone(tone)
        if column == 1 and role == Role.DecorationRole:
            return icons.icon(icon, theme.tone(tone))
        return None


def _text(node: Node, column: int) -> str:
    difference = node.difference
    if column == 0:
        return node.name
    if difference is None:
        return ""
    if column == 1:
        return difference.kind if node.tensor else difference.note
    if column == 2:
        return numbers.real(difference.change) if difference.change else ""
    if column == 3:
        relative = difference.relative
        return numbers.percent(relative) if difference.change and relative < 1e3 else ""
    if not node.tensor:
        return ""
    renamed = f"was {difference.before}" if difference.kind == "renamed" else ""
    return difference.note or renamed or shape_text(difference.shape)
