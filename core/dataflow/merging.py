"""One graph from two: what a forward does in train mode and in eval mode.

The steps of both are laid side by side. A step of both is one node, whose arguments may differ
(``training=True`` and ``training=False``); a step of one mode alone is marked with it.
"""

from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from core.dataflow.graph import OUTPUT, Choice, Graph, Items, Node, Ref, When, same


def merge(train: Graph, evaluation: Graph) -> Graph:
    """Return the graph that is ``train`` in train mode and ``evaluation`` in eval mode."""
    notes = tuple(dict.fromkeys((*evaluation.notes, *train.notes)))
    if len(train.nodes) == len(evaluation.nodes) and all(map(equal, train.nodes, evaluation.nodes)):
        return replace(evaluation, notes=notes)
    merging = _Merging()
    mine, theirs = train.nodes, evaluation.nodes
    matcher = SequenceMatcher(None, [_key(n) for n in mine], [_key(n) for n in theirs], False)
    for kind, start, stop, begin, end in matcher.get_opcodes():
        if kind == "equal":
            for one, other in zip(mine[start:stop], theirs[begin:end], strict=True):
                merging.both(one, other)
            continue
        for node in mine[start:stop]:
            merging.only(node, "train")
        for node in theirs[begin:end]:
            merging.only(node, "eval")
    return Graph(tuple(merging.nodes), notes)


def equal(one: Node, other: Node) -> bool:
    """Say whether two nodes do the same, under the same name."""
    return (
        (one.name, one.kind, one.when) == (other.name, other.kind, other.when)
        and same(one.target, other.target)
        and same(one.args, other.args)
        and same(one.kwargs, other.kwargs)
    )


class _Merging:
    """The nodes so far, and what the names of each mode have become."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._names: dict[str, dict[str, str]] = {"train": {}, "eval": {}}
        self._taken: set[str] = set()

    def both(self, train: Node, evaluation: Node) -> None:
        name = self._free(evaluation.name)
        one, other = self._renamed(train, "train"), self._renamed(evaluation, "eval")
        args = tuple(map(_merged, one.args, other.args))
        pairs = zip(one.kwargs, other.kwargs, strict=True)
        kwargs = tuple((key, _merged(mine, theirs)) for (key, mine), (_, theirs) in pairs)
        self._names["train"][train.name] = self._names["eval"][evaluation.name] = name
        self.nodes.append(replace(other, name=name, args=args, kwargs=kwargs))

    def only(self, node: Node, when: When) -> None:
        name = self._free(node.name)
        self.nodes.append(replace(self._renamed(node, when), name=name, when=when))
        self._names[when][node.name] = name

    def _renamed(self, node: Node, when: str) -> Node:
        names = self._names[when]
        return node.mapped(lambda each: Ref(names[each.name]) if isinstance(each, Ref) else each)

    def _free(self, name: str) -> str:
        unique, number = name, 1
        while unique in self._taken:
            unique, number = f"{name}_{number}", number + 1
        self._taken.add(unique)
        return unique


def _key(node: Node) -> Any:
    """Return what two nodes must have in common to be one step."""
    names = tuple(name for name, _ in node.kwargs)
    target = OUTPUT if node.kind == OUTPUT else node.target
    try:
        hash(target)
    except TypeError:
        target = id(target)
    return node.kind, target, len(node.args), names


def _merged(train: Any, evaluation: Any) -> Any:
    if same(train, evaluation):
        return evaluation
    if isinstance(train, Items) and isinstance(evaluation, Items):
        alike = train.kind is evaluation.kind and same(train.keys, evaluation.keys)
        if alike and len(train.values) == len(evaluation.values):
            return replace(train, values=tuple(map(_merged, train.values, evaluation.values)))
    return Choice(train, evaluation)


def rename(graph: Graph, names: dict[str, str]) -> Graph:
    """Return the graph with some nodes called otherwise, wherever they are referred to."""

    def renamed(value: Any) -> Any:
        return Ref(names.get(value.name, value.name)) if isinstance(value, Ref) else value

    nodes = [
        replace(node.mapped(renamed), name=names.get(node.name, node.name)) for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes))
