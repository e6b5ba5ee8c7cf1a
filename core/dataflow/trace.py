"""What one module's own forward does, as a graph: read in train and in eval mode, and compared."""

import inspect
import operator
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, fx, nn

from core.dataflow.classes import own_class, written_graph
from core.dataflow.graph import OUTPUT, REQUIRED, Graph, Items, Node, Ref
from core.dataflow.merging import equal, merge
from core.dataflow.symbolic import traced
from core.dataflow.symbols import MARK, Keyed, answered
from core.document import Document, IdentityCache, InputSpec, split
from core.document.shell import Shell
from core.errors import Untraceable

_KINDS = {
    "placeholder": "input", "call_module": "call", "call_function": "function",
    "call_method": "method", "get_attr": "attribute", "output": "output",
}  # fmt: skip

#: What is given to a forward beside what must be, and which of it is no tensor.
Given = Mapping[str, type | Keyed]

_graphs: IdentityCache[dict[frozenset[tuple[str, type | Keyed]], Graph | Untraceable]] = (
    IdentityCache()
)
_KIND = {"list": list, "tuple": tuple}


def graph_of(document: Document, path: str) -> Graph:
    """Return the graph of the module at ``path``, as the model around it calls it.

    Raises :class:`~core.errors.Untraceable` with the reason, and EditRefused for unknown paths.
    """
    return trace(document.module(path), given(document, path))


def trace(module: nn.Module, given: Given | None = None) -> Graph:
    """Return the graph of a module's own forward.

    ``given`` names the parameters that are given, with what they are: a Tensor, a list, a dict.
    Others must be tensors, or stay at their default, and are then not inputs of the graph. A module
    object never changes, so its graph is kept for as long as it lives. Raises
    :class:`~core.errors.Untraceable`.
    """
    written = written_graph(module)
    if written is not None:
        return written
    given = given or {}
    wanted = frozenset(given.items())
    known = _graphs.get(module)
    if known is None:
        known = {}
        _graphs.set(module, known)
    if wanted not in known:
        try:
            known[wanted] = _traced(module, given)
        except Untraceable as reason:
            # Without its frames, which would keep the module alive that the entry waits for.
            known[wanted] = Untraceable(str(reason))
    found = known[wanted]
    if isinstance(found, Untraceable):
        raise Untraceable(str(found))
    return found


def given(document: Document, path: str) -> Given:
    """Return which parameters of the module's forward are given where it is called, and as what.

    The root is given the document's inputs; what a child is given stands in its parent's graph.
    """
    names = list(parameters_of(document.module(path)))
    if not path:
        positional = [each for each in document.inputs if not each.keyword]
        named = {each.name: each for each in document.inputs if each.keyword}
        fed = {**dict(zip(names, positional, strict=False)), **named}
        return {name: _fed(each) for name, each in fed.items()}
    parent = path
    while parent:
        parent = split(parent)[0]
        try:
            graph = graph_of(document, parent)
        except Untraceable:
            continue
        around = given(document, parent)
        found: dict[str, type | Keyed] = {}
        for call in graph.calls_of(path[len(parent) + 1 if parent else 0 :]):
            for name, value in (*zip(names, call.args, strict=False), *call.kwargs):
                found[name] = _handed(value, around)
        if found:
            return found
    return {}


def _fed(spec: InputSpec) -> type | Keyed:
    if spec.kind == "dict":
        return Keyed(tuple(each.name for each in spec.items))
    return _KIND.get(spec.kind, Tensor)


def _handed(value: Any, around: Given) -> type | Keyed:
    """Return what an argument of a call is, of which the caller was given ``around``."""
    if isinstance(value, Ref):  # one of the caller's own inputs, or what it has computed
        return around.get(value.name, Tensor)
    if isinstance(value, Items) and value.kind is dict and all(type(k) is str for k in value.keys):
        return Keyed(value.keys)
    return value.kind if isinstance(value, Items) else Tensor


def parameters_of(module: nn.Module) -> dict[str, inspect.Parameter]:
    """Return the parameters of a module's forward by name; none where they cannot be told."""
    try:
        return dict(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):
        return {}


def _traced(module: nn.Module, given: Given) -> Graph:
    fixed = {
        name: each.default
        for name, each in parameters_of(module).items()
        if each.default is not each.empty and name not in given
    }
    train = _once(module, fixed, training=True, given=given)
    evaluation = _once(module, fixed, training=False, given=given)
    again = _once(module, fixed, training=False, given=given)
    _check_same(module, evaluation, again)
    graph = merge(train, evaluation)
    if fixed:
        stay = "stays" if len(fixed) == 1 else "stay"
        note = f"{', '.join(fixed)} of its forward {stay} at the default."
        graph = replace(graph, notes=(*graph.notes, note))
    return graph


def _once(
    module: nn.Module, fixed: dict[str, Any], *, training: bool, given: Given | None = None
) -> Graph:
    shell = Shell(module, training=training)
    graph = traced(shell, fixed, given or {})
    written = [name for name in shell.written() if name != "training"]
    asked = [
        f"Its forward asks {what}: answered by the inputs of now, and a re-wired one asks no more."
        for what in answered(graph)
    ]
    found = _collapsed(Graph(tuple(_Reading(graph, module).nodes), tuple(asked)))
    if not written:
        return found
    try:  # once more, with what it has written: it may go by that
        graph = traced(shell, fixed, given or {})
        again = _collapsed(Graph(tuple(_Reading(graph, module).nodes)))
    except Untraceable:  # it kept what it saw, which means nothing in another reading
        again = found
    _check_same(module, found, again)
    note = f"Its forward also sets {', '.join(written)}, which a re-wired one does not."
    return replace(found, notes=(*found.notes, note))


def _check_same(module: nn.Module, one: Graph, other: Graph) -> None:
    alike = len(one.nodes) == len(other.nodes)
    if not (alike and all(map(equal, one.nodes, other.nodes))):
        raise Untraceable(
            f"The forward of {type(module).__name__} is not the same each time it is read: it uses"
            " chance, the clock, or something that it counts."
        )


class _Reading:
    """Turns fx's nodes into ours; inputs are called as the forward calls them."""

    def __init__(self, graph: fx.Graph, module: nn.Module) -> None:
        for node in reversed(graph.nodes):
            if node.target in (getattr, operator.getitem) and not node.users:
                graph.erase_node(node)  # looked at, and not needed: B, C, H, W = x.shape
        self._names = {node: node.name for node in graph.nodes}
        inputs = [node for node in graph.nodes if node.op == "placeholder"]
        taken = {node.name for node in graph.nodes if node.op != "placeholder"}
        for node in inputs:
            bare = str(node.target).lstrip("*")
            self._names[node] = bare if bare not in taken else node.name
        taken.update(self._names.values())
        for node in graph.nodes:
            child = module._modules.get(str(node.target)) if node.op == "call_module" else None
            if child is not None and str(node.target).isdigit():  # relu_1 instead of fx's _1
                name = f"{_spelled(own_class(child).__name__)}{node.name}"
                self._names[node] = name if name not in taken else node.name
        self.nodes = [self._node(node) for node in graph.nodes]

    def _node(self, node: fx.Node) -> Node:
        kind: Any = _KINDS[node.op]
        if kind == "input":
            default = node.args[0] if node.args else REQUIRED
            return Node(self._names[node], kind, str(node.target), default=default)
        args = tuple(self._value(each) for each in node.args)
        kwargs = tuple((name, self._value(each)) for name, each in node.kwargs.items())
        name = OUTPUT if kind == "output" else self._names[node]
        target = OUTPUT if kind == "output" else node.target
        return Node(name, kind, target, args, kwargs, source=node.meta.get("source", ""))

    def _value(self, value: Any) -> Any:
        if isinstance(value, fx.Node):
            return Ref(self._names[value])
        if isinstance(value, str) and MARK in value:
            names = {node.name: name for node, name in self._names.items()}
            texts = value.split(MARK)  # text, name, text, name, ..., text
            told = (Ref(names[t]) if n % 2 else t for n, t in enumerate(texts) if n % 2 or t)
            return Items(str, tuple(told))
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            return Items(slice, tuple(self._value(each) for each in parts))
        if isinstance(value, dict):
            values = tuple(self._value(each) for each in value.values())
            return Items(dict, values, tuple(value))
        if isinstance(value, list):
            return Items(list, tuple(self._value(each) for each in value))
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return Items(tuple, tuple(self._value(each) for each in value))
        return value


def _spelled(name: str) -> str:
    """Write a class name as a variable: ``BatchNorm2d`` becomes ``batch_norm2d``, ReLU relu."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()


def _collapsed(graph: Graph) -> Graph:
    """Put a named tuple or an ordered dictionary that is only returned into the output itself."""
    value = graph.output.args[0]
    if not isinstance(value, Ref) or graph.readers[value.name] != (OUTPUT,):
        return graph
    made = graph.by_name[value.name]
    collected = collection(made)
    if collected is None:
        return graph
    nodes = [node for node in graph.nodes if node is not made]
    nodes[-1] = replace(graph.output, args=(collected,))
    return replace(graph, nodes=tuple(nodes))


def collection(node: Node) -> Items | None:
    """Return the collection a node makes, where it makes one that can be added to."""
    if node.kind != "function" or not isinstance(node.target, type) or node.kwargs:
        return None
    if issubclass(node.target, tuple) and hasattr(node.target, "_fields"):
        return Items(node.target, node.args)
    if issubclass(node.target, dict) and len(node.args) == 1 and isinstance(node.args[0], Items):
        pairs = [each.values for each in node.args[0].values]
        return Items(node.target, tuple(b for _, b in pairs), tuple(a for a, _ in pairs))
    return None
