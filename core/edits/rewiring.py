"""Edits of how tensors travel through one module: steps come, go, and read something else.

``path`` is the module whose own forward is changed; steps are named as its graph names them, or by
the path of the child they call. The module becomes an instance of a subclass of its class; its
children keep their names.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
from torch import nn

from core.catalog import LayerSpec
from core.dataflow import changing, operations
from core.dataflow.graph import Graph, Node, Ref
from core.dataflow.hazards import overwritten
from core.dataflow.lists import runs_children
from core.dataflow.trace import graph_of
from core.dataflow.writing import rewired
from core.document import Document, join
from core.edits import containers
from core.edits.arguments import SetArguments
from core.edits.base import Edit
from core.edits.fresh import built
from core.errors import EditRefused

Children = dict[str, nn.Module | None]


class InsertOnEdge(Edit, frozen=True):
    """Put a layer or an operation between two steps.

    ``spec`` is a layer (``Dropout(0.5)``) or an operation (``flatten(1)``); one that takes several
    tensors gets those ``beside`` after the one on the edge. ``port`` says which of the inputs of
    ``target`` is meant, where it reads ``source`` more than once.
    """

    path: str
    source: str
    target: str
    spec: str
    name: str | None = None
    beside: tuple[str, ...] = ()
    port: int | None = None

    def __post_init__(self) -> None:
        _as_text(self)

    @property
    def label(self) -> str:
        """Name the edge and what comes there."""
        return f"Insert {self.spec} between {self.source} and {self.target}"

    def apply(self, document: Document) -> Document:
        """Insert it; raises SpecError or EditRefused."""
        graph, children = opened(document, self.path)
        graph, source = item(graph, self.source)
        beside: list[Ref] = []
        for each in self.beside:
            graph, other = item(graph, each)
            beside.append(other)
        tensors = (source, *beside)
        node, children = step(document, self.path, graph, children, self.spec, self.name, tensors)
        graph = changing.insert_on_edge(graph, node, source.name, self.target, self.port)
        return settled(document, self.path, graph, children)


class AddNode(Edit, frozen=True):
    """Add a layer or an operation that reads ``inputs``; nothing reads it yet."""

    path: str
    spec: str
    inputs: tuple[str, ...]
    name: str | None = None

    def __post_init__(self) -> None:
        _as_text(self)

    @property
    def label(self) -> str:
        """Name what comes and what it reads."""
        return f"Add {self.spec} after {', '.join(self.inputs)}"

    def apply(self, document: Document) -> Document:
        """Add it; raises SpecError or EditRefused."""
        graph, children = opened(document, self.path)
        tensors: list[Ref] = []
        for each in self.inputs:
            graph, found = item(graph, each)
            tensors.append(found)
        node, children = step(
            document, self.path, graph, children, self.spec, self.name, tuple(tensors)
        )
        modes = {graph.by_name[each.name].when for each in tensors} - {""}
        if len(modes) > 1:
            raise EditRefused("It would read one step of training and one of eval mode.")
        node = replace(node, when=next(iter(modes), ""))
        return settled(document, self.path, changing.insert(graph, node), children)


class RemoveNode(Edit, frozen=True):
    """Take a step out; what read it reads what it read. A child nobody calls then goes too."""

    path: str
    node: str

    @property
    def label(self) -> str:
        """Name the step."""
        return f"Remove the step {self.node}"

    def apply(self, document: Document) -> Document:
        """Take it out; raises EditRefused."""
        graph, children = opened(document, self.path)
        gone = changing.find(graph, self.node)
        graph = changing.remove(graph, gone.name)
        if gone.kind == "call" and not _touches(graph, gone.target):
            children.pop(gone.target, None)  # a grandchild stays: its container counts by position
        return settled(document, self.path, graph, children)


class Bypass(Edit, frozen=True):
    """Lead tensors past a step; the child it calls stays where it is, with its weights."""

    path: str
    node: str

    @property
    def label(self) -> str:
        """Name the step."""
        return f"Bypass {self.node}"

    def apply(self, document: Document) -> Document:
        """Lead past it; raises EditRefused."""
        graph, children = opened(document, self.path)
        gone = changing.find(graph, self.node)
        if gone.kind != "call":
            raise EditRefused(f"{self.node} calls no child; remove it instead.")
        return settled(document, self.path, changing.remove(graph, gone.name), children)


class Connect(Edit, frozen=True):
    """Let ``target`` read ``source``: at a place among what it reads, or as an argument by name.

    Without a port its only input is meant; what is laid side by side gets one more.
    """

    path: str
    source: str
    target: str
    port: int | str | None = None

    @property
    def label(self) -> str:
        """Name both steps."""
        where = "" if self.port is None else f" at {self.port}"
        return f"Connect {self.source} to {self.target}{where}"

    def apply(self, document: Document) -> Document:
        """Connect them; raises EditRefused, for circles among others."""
        graph, children = opened(document, self.path)
        graph, source = item(graph, self.source)
        graph = changing.connect(graph, source.name, self.target, self.port)
        return settled(document, self.path, graph, children)


class Disconnect(Edit, frozen=True):
    """Let ``target`` no longer read ``source``, where it can do without."""

    path: str
    source: str
    target: str
    port: int | None = None

    @property
    def label(self) -> str:
        """Name both steps."""
        return f"Disconnect {self.source} from {self.target}"

    def apply(self, document: Document) -> Document:
        """Disconnect them; raises EditRefused where the target would lack an input."""
        graph, children = opened(document, self.path)
        graph = changing.disconnect(graph, self.source, self.target, self.port)
        return settled(document, self.path, graph, children)


class Reroute(Edit, frozen=True):
    """Let ``target`` read ``to`` in the place of ``source``: an edge's end moves to another tensor.

    ``port`` says which of the inputs of ``target`` is meant, where it reads ``source`` more than
    once; else all of them.
    """

    path: str
    source: str
    target: str
    to: str
    port: int | None = None

    @property
    def label(self) -> str:
        """Name the three steps."""
        return f"Let {self.target} read {self.to} instead of {self.source}"

    def apply(self, document: Document) -> Document:
        """Move it; raises EditRefused, for circles among others."""
        graph, children = opened(document, self.path)
        graph, source = item(graph, self.source)
        graph, to = item(graph, self.to)
        graph = changing.reroute(graph, source.name, self.target, to.name, self.port)
        return settled(document, self.path, graph, children)


class OutOfPlace(Edit, frozen=True):
    """Let a step make a tensor of its own instead of writing over the one it reads.

    A layer is rebuilt with ``inplace=False``; ``relu_``, ``+=`` and ``inplace=True`` become their
    twins that write over nothing.
    """

    path: str
    node: str

    @property
    def label(self) -> str:
        """Name the step."""
        return f"Let {self.node} make a tensor of its own"

    def apply(self, document: Document) -> Document:
        """Change it; raises EditRefused where nothing is written over, or it has no such twin."""
        graph, children = opened(document, self.path)
        node = changing.find(graph, self.node)
        if node.kind == "call":
            path = join(self.path, node.target)
            if getattr(document.module(path), "inplace", False) is not True:
                raise EditRefused(f"{path} writes over nothing.")
            return SetArguments(path, {"inplace": False}).apply(document)
        graph = changing.out_of_place(graph, node.name)
        return settled(document, self.path, graph, children)


class RenameNode(Edit, frozen=True):
    """Call a step otherwise in the code that is written; children keep their names."""

    path: str
    node: str
    name: str

    @property
    def label(self) -> str:
        """Name both names."""
        return f"Call the step {self.node} {self.name}"

    def apply(self, document: Document) -> Document:
        """Rename it; raises EditRefused where the name is taken, or is no name."""
        graph, children = opened(document, self.path)
        if changing.find(graph, self.node).kind == "input":
            raise EditRefused(
                f"{self.node} is an input, whose name callers use; remove it and add another."
            )
        graph = changing.renamed(graph, self.node, self.name)
        return settled(document, self.path, graph, children)


def opened(document: Document, path: str) -> tuple[Graph, Children]:
    """Return the graph and the children of the module whose forward is to be changed."""
    module = document.module(path)
    if runs_children(module):
        raise EditRefused(
            f"{containers.called(path, module)} runs whatever modules it holds, so there are no"
            " steps to change; insert into it as into any list, or wrap it and add steps around it."
        )
    return graph_of(document, path), dict(module._modules)


def settled(
    document: Document, path: str, graph: Graph, children: Mapping[str, nn.Module | None]
) -> Document:
    """Write the graph back; what it does not hold, and what it overwrites, is said."""
    before = {text for _, text in overwritten(document.module(path), graph_of(document, path))}
    after = rewired(document, path, graph, children)
    found = (text for _, text in overwritten(after.module(path), graph))
    fresh = [text for text in found if text not in before]
    return after.saying(*graph.notes, *fresh)


def step(
    document: Document,
    path: str,
    graph: Graph,
    children: Children,
    spec: str,
    name: str | None,
    tensors: tuple[Ref, ...],
) -> tuple[Node, Children]:
    """Return the node for a layer or operation, and the children with the layer among them."""
    if operations.is_operation(spec):
        operation, given = operations.read_operation(spec)
        called = changing.checked_name(graph, name) if name else ""
        called = called or changing.free_name(graph, operation.name)
        args, kwargs = operations.arguments(operation, given, tensors)
        return Node(called, "function", operation.function, args, kwargs), children
    parent = document.module(path)
    layer = built(spec, document, path)
    child = name or _free_child(parent, layer, graph)
    containers.checked_name(parent, path, child)
    node = Node(changing.free_name(graph, child), "call", child, tensors)
    return node, {**children, child: layer}


def item(graph: Graph, text: str) -> tuple[Graph, Ref]:
    """Return the step that ``text`` names; ``split[0]`` is one of several results."""
    name, bracket, rest = text.partition("[")
    number = rest.rstrip("]").strip()
    if not bracket or not number.isdigit():
        return graph, Ref(changing.giver(graph, text).name)
    operation, given = operations.read_operation(f"item({number})")
    giver = changing.giver(graph, name.strip())
    args, kwargs = operations.arguments(operation, given, (Ref(giver.name),))
    for each in graph.nodes:
        if each.kind == "function" and each.target is operation.function and each.args == args:
            return graph, Ref(each.name)
    new = changing.free_name(graph, f"{giver.name}_{number}")
    node = Node(new, "function", operation.function, args, kwargs, giver.when)
    return changing.insert(graph, node), Ref(new)


def _free_child(parent: nn.Module, layer: nn.Module, graph: Graph) -> str:
    taken: list[str] = []
    while True:
        name = containers.free_name(parent, layer, taken)
        if name not in graph.by_name:
            return name
        taken.append(name)


def _touches(graph: Graph, child: str) -> bool:
    return any(each == child or each.startswith(f"{child}.") for each in graph.called)


def _as_text(edit: Any) -> None:
    if isinstance(edit.spec, LayerSpec):
        msgspec.structs.force_setattr(edit, "spec", str(edit.spec))
