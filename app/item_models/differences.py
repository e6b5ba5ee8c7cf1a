"""What differs between two sets of weights, as a tree of modules with the norms of the changes."""

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt

from app import icons, numbers, theme
from app.item_models.node_tree import Index, NodeTreeModel
from app.item_models.stored_tree import shape_text

if TYPE_CHECKING:
    from core.checkpoint import Difference

Role = Qt.ItemDataRole
_tr = partial(QCoreApplication.translate, "Differences")
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


class DifferenceModel(NodeTreeModel[Node]):
    """Modules with what became of all in them; tensors below; optionally only what differs."""

    def __init__(self) -> None:
        super().__init__(Node("", None, 0), [_tr(each) for each in HEADERS])
        self._found: tuple[Difference, ...] = ()
        self._modules: dict[str, Difference] = {}
        self._only = True
        self._most = 0.0

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
        root = Node("", None, 0)
        known: dict[str, Node] = {}
        for each in self._found:
            if self._only and each.kind == "same":
                continue
            home, _, name = (each.after or each.before).rpartition(".")
            leaf = _child(self._module(home, known, root), name)
            leaf.difference, leaf.tensor = each, True
        self.take(root)

    def _module(self, path: str, known: dict[str, Node], root: Node) -> Node:
        """Return the node of a module, made with all above it; a name may have a thousand parts."""
        if "" not in known:
            known[""] = _child(root, _tr("all of it"))
            known[""].difference = self._modules.get("")
        missing, above = [], path
        while above not in known:
            missing.append(above)
            above = above.rpartition(".")[0]
        node = known[above]
        for each in reversed(missing):
            node = known[each] = _child(node, each.rpartition(".")[2])
            node.difference = self._modules.get(each)
        return node

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


def _child(parent: Node, name: str) -> Node:
    node = Node(name, parent, len(parent.children))
    parent.children.append(node)
    return node


def _text(node: Node, column: int) -> str:
    difference = node.difference
    if column == 0:
        return node.name
    if difference is None:
        return ""
    if column == 1:
        return _tr(difference.kind) if node.tensor else difference.note
    if column == 2:
        return numbers.real(difference.change) if difference.change else ""
    if column == 3:
        relative = difference.relative
        return numbers.percent(relative) if difference.change and relative < 1e3 else ""
    if not node.tensor:
        return ""
    if difference.kind == "renamed" and not difference.note:
        return _tr("was {}").format(difference.before)
    return difference.note or shape_text(difference.shape)
