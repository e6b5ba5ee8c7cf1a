"""Some steps of a graph as a module of their own, and a module's steps among those around it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from operator import getitem
from typing import Any

from core.dataflow.changing import checked, find, free_name
from core.dataflow.graph import OUTPUT, Fill, Graph, Items, Node, Ref
from core.dataflow.merging import rename
from core.errors import EditRefused


@dataclass(frozen=True)
class Grouped:
    """The graph around, the graph inside, and the children that move into the module."""

    outer: Graph
    inner: Graph
    children: tuple[str, ...]


def group(graph: Graph, steps: Iterable[str], name: str) -> Grouped:
    """Return ``steps`` as the forward of a module that stands as the child ``name``.

    What they read from elsewhere are its inputs, what others read of them its outputs. Refused
    where a child would be called from inside and outside, and where the module would have to wait
    for itself.
    """
    inside = {find(graph, each).name for each in steps}
    nodes = [node for node in graph.nodes if node.name in inside]
    _check(graph, nodes, inside)
    wanted = dict.fromkeys(r for node in nodes for r in node.reads if r not in inside)
    given = [n for n in graph.nodes if n.name not in inside]
    leaving = [n.name for n in nodes if any(n.name in other.reads for other in given)]
    if not leaving:
        raise EditRefused("Nothing reads what these steps give, so there is no module to make.")
    inputs = [Node(each, "input", each) for each in wanted]
    result: Any = Ref(leaving[0])
    if len(leaving) > 1:
        result = Items(tuple, tuple(map(Ref, leaving)))
    inner = Graph((*inputs, *nodes, Node(OUTPUT, "output", OUTPUT, (result,))))
    called = free_name(graph, name)
    call = Node(called, "call", name, tuple(map(Ref, wanted)))
    fresh, names = [call], {leaving[0]: called}
    for number, each in enumerate(leaving if len(leaving) > 1 else ()):
        # Under the name it had, so that readers and edits find it.
        fresh.append(Node(each, "function", getitem, (Ref(called), number)))
        names = {}
    at = graph.nodes.index(nodes[-1])
    around: list[Node] = []
    for index, node in enumerate(graph.nodes):
        if node.name not in inside:
            around.append(node)
        if index == at:
            around += fresh

    def renamed(value: Any) -> Any:
        return Ref(names.get(value.name, value.name)) if isinstance(value, Ref) else value

    outer = checked(replace(graph, nodes=tuple(node.mapped(renamed) for node in around)))
    children = dict.fromkeys(node.target for node in nodes if node.kind == "call")
    return Grouped(outer, inner, tuple(children))


def ungroup(graph: Graph, call: Node, inner: Graph, children: Mapping[str, str]) -> Graph:
    """Return the graph with the steps of ``inner`` in the place of ``call``.

    ``children`` tells what the children of the module are called around it.
    """
    given = dict(zip((n.name for n in inner.inputs), call.args, strict=False))
    given.update(call.kwargs)
    for node in inner.inputs:
        if node.name not in given:
            if isinstance(node.default, Fill) or not node.target.isidentifier():
                raise EditRefused(f"{call.target} is called without {node.name}, which it makes.")
            given[node.name] = node.default
    steps = [node for node in inner.nodes if node.kind not in ("input", "output")]
    if any(node.when for node in (*steps, call)) and call.when:
        raise EditRefused(f"{call.target} is called in one mode alone, and branches on it.")
    names: dict[str, str] = {}
    for node in steps:
        taken = replace(graph, nodes=(*graph.nodes, *(Node(n, "input", n) for n in names.values())))
        names[node.name] = free_name(taken, node.name)
    placed = rename(replace(inner, nodes=tuple(steps)), names) if steps else inner

    def put(value: Any) -> Any:
        return given.get(value.name, value) if isinstance(value, Ref) else value

    moved = [replace(_moved(node.mapped(put), children), when=node.when or call.when)
             for node in placed.nodes if node.kind not in ("input", "output")]  # fmt: skip

    def result(value: Any) -> Any:
        return Ref(names[value.name]) if isinstance(value, Ref) and value.name in names else value

    output = replace(inner.output.mapped(result)).mapped(put).args[0]
    if not isinstance(output, Ref):
        return _with_items(graph, call, moved, output)

    def read(value: Any) -> Any:
        return output if value == Ref(call.name) else value

    around: list[Node] = []
    for node in graph.nodes:
        around += moved if node is call else [node.mapped(read)]
    return checked(replace(graph, nodes=tuple(around)))


def _with_items(graph: Graph, call: Node, moved: list[Node], output: Any) -> Graph:
    """Put several results where each is taken by its number or name."""
    readers = [graph.by_name[name] for name in graph.readers[call.name]]
    taken = all(node.kind == "function" and node.target is getitem for node in readers)
    if not taken or not isinstance(output, Items):
        raise EditRefused(f"{call.target} gives several things at once, which something needs so.")
    keys = list(output.keys) or list(range(len(output.values)))
    values: dict[str, Any] = {}
    for node in readers:
        if node.args[1] not in keys:
            raise EditRefused(f"{node.name} takes a part of what {call.target} gives.")
        values[node.name] = output.values[keys.index(node.args[1])]

    def read(value: Any) -> Any:
        return values.get(value.name, value) if isinstance(value, Ref) else value

    around: list[Node] = []
    for node in graph.nodes:
        if node is call:
            around += moved
        elif node.name not in values:
            around.append(node.mapped(read))
    return checked(replace(graph, nodes=tuple(around)))


def _check(graph: Graph, nodes: list[Node], inside: set[str]) -> None:
    if not nodes:
        raise EditRefused("No steps were named to make a module of.")
    for node in nodes:
        if node.kind in ("input", "output"):
            raise EditRefused(f"{node.name} is an {node.kind} of the module, and stays one.")
        if node.kind == "attribute":
            raise EditRefused(
                f"{node.name} is a tensor that the module itself holds; it cannot move out of it."
            )
        if node.when:
            raise EditRefused(f"{node.name} is there in one mode alone; it cannot move by itself.")
        if node.kind == "call":
            others = [each.name for each in graph.calls_of(node.target) if each.name not in inside]
            if others:
                raise EditRefused(
                    f"{node.target} is called by {', '.join(others)} too, which is not among the"
                    " steps; take it along."
                )
            if "." in node.target:
                raise EditRefused(
                    f"{node.target} stands in a container of its own; it cannot move out of it."
                )


def _moved(node: Node, children: Mapping[str, str]) -> Node:
    if node.kind != "call":
        return node
    first, dot, rest = node.target.partition(".")
    return replace(node, target=children[first] + dot + rest)
