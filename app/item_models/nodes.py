"""The rows of the module tree, and how rows become other rows when the document does.

A node is made when its parent is first expanded, so a model of 100,000 modules opens with a
handful of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


class Node:
    """One row. ``children`` is ``None`` until they were looked at.

    ``row`` counts among its siblings; ``below`` are the rows that follow it as its own while it is
    expanded, at any depth.
    """

    __slots__ = (
        "arguments", "below", "children", "depth", "expanded", "module", "name", "parent", "row",
        "seen",
    )  # fmt: skip

    def __init__(self, name: str, module: "nn.Module", parent: "Node | None", row: int) -> None:
        self.name = name
        self.module = module
        self.parent = parent
        self.row = row
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.below = 0
        self.expanded = False
        self.children: list[Node] | None = None
        self.seen: tuple[object, object] | None = None
        self.arguments: tuple[nn.Module, str] | None = None

    @property
    def path(self) -> str:
        """The path of the module; the root's is empty."""
        names: list[str] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            names.append(node.name)
            node = node.parent
        return ".".join(reversed(names))

    @property
    def is_within_itself(self) -> bool:
        """Whether the module also stands above: then it is shown without children."""
        above = self.parent
        while above is not None:
            if above.module is self.module:
                return True
            above = above.parent
        return False

    @property
    def is_shown(self) -> bool:
        """Whether all that stands above it is expanded."""
        above = self.parent
        while above is not None:
            if not above.expanded:
                return False
            above = above.parent
        return True

    @property
    def place(self) -> int:
        """Its number among the rows that are shown; it has to be one of them."""
        place, node = 0, self
        while node.parent is not None:
            before = (node.parent.children or [])[: node.row]
            place += 1 + len(before) + sum([each.below for each in before])
            node = node.parent
        return place

    def grow(self, count: int) -> None:
        """Note that so many more rows are shown below it (or fewer, when negative)."""
        node: Node | None = self
        while node is not None and node.expanded:
            node.below += count
            node = node.parent

    def rows(self) -> "list[Node]":
        """Return the rows that are shown below it while it is expanded, in order."""
        found: list[Node] = []
        for child in self.children or ():
            found.append(child)
            if child.below:
                found += child.rows()
        return found


@dataclass(frozen=True)
class Wanted:
    """A row that is to be: its name and module, and the node that goes on being it, if any."""

    name: str
    module: "nn.Module"
    node: Node | None = None


def children_of(module: "nn.Module") -> list[tuple[str, "nn.Module"]]:
    """Return the children that there are, in order."""
    return [(name, child) for name, child in module._modules.items() if child is not None]


def number(nodes: list[Node], first: int) -> None:
    """Number siblings anew, from the ``first`` that has moved."""
    for row in range(first, len(nodes)):
        nodes[row].row = row


def matched(rows: Iterable[Node], children: Iterable[tuple[str, "nn.Module"]]) -> list[Wanted]:
    """Say which row goes on as which child: the same object first, then the same name.

    By the object, so that a layer keeps its row when those before it are renumbered.
    """
    rows, children = list(rows), list(children)
    by_module: dict[int, list[Node]] = {}
    for row in rows:
        by_module.setdefault(id(row.module), []).append(row)
    found: list[Node | None] = []
    for name, module in children:
        same = by_module.get(id(module), [])
        node = next((row for row in same if row.name == name), same[0] if same else None)
        if node is not None:
            same.remove(node)
        found.append(node)
    taken = {id(node) for node in found}
    by_name = {row.name: row for row in rows if id(row) not in taken}
    return [
        Wanted(name, module, node or by_name.pop(name, None))
        for (name, module), node in zip(children, found, strict=True)
    ]
