"""The tensors of a file as a tree, by the parts of their names: sizes add up on the way."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QModelIndex, Qt

from app import icons, numbers
from app.item_models.node_tree import Index, NodeTreeModel

if TYPE_CHECKING:
    from core.files import StoredTensor

Role = Qt.ItemDataRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ANSWERED = frozenset(
    {Role.DisplayRole, Role.ToolTipRole, Role.DecorationRole, Role.TextAlignmentRole}
)
_tr = partial(QCoreApplication.translate, "StoredTree")
HEADERS = ("Tensor", "Shape", "Type", "Size", "Saved from")
#: The column of sizes, which stand at the right.
RIGHT_COLUMN = 3


class StoredNode:
    """A part of a name, ``depth`` levels below the root, which has none.

    ``tensor`` is what is called so, if anything; ``bytes`` and ``count`` are of all below.
    """

    __slots__ = (
        "bytes",
        "children",
        "count",
        "depth",
        "name",
        "parent",
        "path",
        "row",
        "tensor",
        "texts",
    )

    def __init__(self, name: str, path: str, parent: "StoredNode | None", row: int) -> None:
        self.name, self.path, self.parent, self.row = name, path, parent, row
        self.children: list[StoredNode] = []
        self.tensor: StoredTensor | None = None
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.bytes = 0
        self.count = 0
        self.texts: tuple[str, ...] | None = None

    def walk(self) -> "Iterator[StoredNode]":
        """Yield this one and all below."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


def tree_of(tensors: "Iterable[tuple[str, StoredTensor]]") -> StoredNode:
    """Return the root of a tree of tensors, in the order in which they come."""
    root = StoredNode("", "", None, 0)
    known: dict[str, StoredNode] = {}
    for name, tensor in tensors:
        node = _node(name, known, root)
        node.tensor = tensor
        above: StoredNode | None = node
        while above is not None:
            above.bytes += tensor.bytes
            above.count += 1
            above = above.parent
    return root


def _node(path: str, known: dict[str, StoredNode], root: StoredNode) -> StoredNode:
    """Return the node of a name; a name may be empty, or of more parts than Python can recurse."""
    missing, above, dot = [], path, "."
    while dot and above not in known:
        missing.append(above)
        above, dot, _ = above.rpartition(".")
    node = known[above] if above in known and (dot or not missing) else root
    for each in reversed(missing):
        child = StoredNode(each.rpartition(".")[2], each, node, len(node.children))
        node.children.append(child)
        node = known[each] = child
    return node


class StoredTreeModel(NodeTreeModel[StoredNode]):
    """Tensors by the parts of their names; only those whose names hold every word of a filter."""

    def __init__(self) -> None:
        super().__init__(tree_of(()), [_tr(each) for each in HEADERS])
        self._tensors: Mapping[str, StoredTensor] = {}
        self._words: list[str] = []

    def show_tensors(self, tensors: "Mapping[str, StoredTensor]") -> None:
        """Show other tensors."""
        self._tensors = tensors
        self._build()

    def show_only(self, text: str) -> None:
        """Show only tensors whose names hold every word."""
        words = text.lower().split()
        if words != self._words:
            self._words = words
            self._build()

    def _build(self) -> None:
        self.take(
            tree_of(
                (name, tensor)
                for name, tensor in self._tensors.items()
                if not self._words or all(word in name.lower() for word in self._words)
            )
        )

    def texts_of(self, node: StoredNode) -> tuple[str, ...]:
        """Return the texts of a row, made once."""
        if node.texts is None:
            node.texts = tuple(_text(node, each) for each in range(len(HEADERS)))
        return node.texts

    def index_of(self, path: str) -> QModelIndex:
        """Return where a name stands, or an invalid index."""
        node, index = self.root, QModelIndex()
        for part in path.split("."):
            child = next((each for each in node.children if each.name == part), None)
            if child is None:
                return QModelIndex()
            node, index = child, self.index(child.row, 0, index)
        return index

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Answer what is asked of every cell of every frame first: which roles say nothing."""
        if role not in _ANSWERED or not index.isValid():
            return None
        column = index.column()
        if role == Role.TextAlignmentRole:
            return _RIGHT if column == RIGHT_COLUMN else None
        if role == Role.DecorationRole and column:
            return None
        node = self._nodes[index.internalId()]
        if role == Role.DisplayRole:
            return self.texts_of(node)[column]
        if role == Role.ToolTipRole:
            return node.path
        return icons.icon("layer-container") if node.tensor is None else None


def _text(node: StoredNode, column: int) -> str:
    tensor = node.tensor
    if column == 0:
        return node.name or _tr("(no name)")
    if column == 3:
        return numbers.size(node.bytes)
    if tensor is None:
        if column != 1:
            return ""
        many = _tr("{} tensors").format(numbers.exact(node.count))
        return _tr("one tensor") if node.count == 1 else many
    if column == 1:
        return shape_text(tensor.shape)
    if column == 2:
        return f"{tensor.dtype}, {tensor.special}" if tensor.special else tensor.dtype
    return tensor.device


def shape_text(shape: tuple[int, ...] | None) -> str:
    """Return ``64×3×7×7``; a single number has no sizes to show."""
    if shape is None:
        return ""
    return "×".join(map(str, shape)) or _tr("one number")
