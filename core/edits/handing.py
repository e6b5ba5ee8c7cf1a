"""Handing inputs down from the model's own, and outputs up to it, through the modules between."""

import operator
from dataclasses import replace
from typing import Any

from torch import nn

from core.dataflow import changing
from core.dataflow.graph import REQUIRED, Choice, Graph, Items, Node, Ref
from core.dataflow.trace import graph_of
from core.document import Document, join, split
from core.edits.rewiring import opened, settled
from core.errors import EditRefused, Untraceable


def returning(graph: Graph, ref: Ref, name: str) -> Graph:
    """Return the graph that returns one thing more; ``None`` in the mode without such a step."""
    when = graph.by_name[ref.name].when
    value: Any = ref
    if when:
        value = Choice(ref, None) if when == "train" else Choice(None, ref)
    output = replace(graph.output, args=(changing.with_output(graph.output.args[0], value, name),))
    return changing.checked(replace(graph, nodes=(*graph.nodes[:-1], output)))


def _caller(document: Document, path: str) -> tuple[str, Node]:
    """Return the module that calls the one at ``path``, and the call; or refuse."""
    if len(document.paths_of(document.module(path))) > 1:
        raise EditRefused(f"{path} stands at several places, so what it is given there differs.")
    parent = path
    while parent:
        parent = split(parent)[0]
        if isinstance(document.module(parent), (nn.ModuleList, nn.ModuleDict)):
            continue  # which nobody calls: what is in it is called from above
        try:
            graph = graph_of(document, parent)
        except Untraceable as error:
            raise EditRefused(
                f"{path} cannot be reached from the model's own forward. {error}"
            ) from error
        calls = graph.calls_of(path[len(parent) + 1 if parent else 0 :])
        if len(calls) == 1:
            return parent, calls[0]
        if calls:
            raise EditRefused(
                f"{path} is called {len(calls)} times, so it is not clear which is meant."
            )
        if any(path.startswith(f"{join(parent, each)}.") for each in graph.called):
            break  # something between is called, and does not call it
    raise EditRefused(f"Nothing calls {path}, so nothing can be handed to it or from it.")


def handed_down(document: Document, path: str, called: str, default: Any = REQUIRED) -> Document:
    """Give every module above the one at ``path`` the same input, and let it hand it on."""
    while path:
        parent, call = _caller(document, path)
        graph, children = opened(document, parent)
        name = changing.checked_name(graph, called)
        inputs = graph.inputs
        changed = replace(call, kwargs=(*call.kwargs, (called, Ref(name))))
        nodes = [changed if each.name == call.name else each for each in graph.nodes]
        nodes.insert(len(inputs), Node(name, "input", name, default=default))
        document = settled(document, parent, replace(graph, nodes=tuple(nodes)), children)
        path = parent
    return document


def handed_up(document: Document, path: str, before: Any, name: str) -> Document:
    """Let every module above return the last thing that the one at ``path`` now returns."""
    while path:
        parent, call = _caller(document, path)
        graph, children = opened(document, parent)
        graph, extra = _unpacked(graph, call, before, name)
        path, before = parent, graph.output.args[0]
        document = settled(document, parent, returning(graph, extra, name), children)
    return document


def _unpacked(graph: Graph, call: Node, before: Any, name: str) -> tuple[Graph, Ref]:
    """Take what a call gives apart: readers get what they did, and one step gets what is new."""

    def taken(key: Any, wanted: str) -> Node:
        called = changing.free_name(graph, wanted)
        args = (Ref(call.name), key)
        return Node(called, "function", operator.getitem, args, (), call.when)

    if isinstance(before, Items) and issubclass(before.kind, dict):
        extra = taken(name, name)
        return changing.insert(graph, extra), Ref(extra.name)
    if isinstance(before, Items) and before.kind in (tuple, list):
        count = len(before.values)
        extra = taken(count, name)
        kept, fresh = taken(Items(slice, (None, count, None)), f"{call.name}_kept"), [extra]
        whole = [
            reader
            for reader in graph.readers[call.name]
            if graph.by_name[reader].target is not operator.getitem
        ]
        if whole:
            fresh = [kept, extra]
    else:
        kept, extra = taken(0, f"{call.name}_0"), taken(1, name)
        fresh, whole = [kept, extra], list(graph.readers[call.name])
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.name in whole:
            node = node.mapped(lambda v: Ref(kept.name) if v == Ref(call.name) else v)
        nodes.append(node)
        if node.name == call.name:
            nodes += fresh
    return replace(graph, nodes=tuple(nodes)), Ref(extra.name)


def not_handed(document: Document, path: str, name: str) -> Document:
    """Let the caller of the module no longer hand over an argument of that name."""
    try:
        parent, call = _caller(document, path)
    except EditRefused:
        return document
    if name not in dict(call.kwargs):
        if call.args:
            return document.saying(f"{path} is still called with as many tensors as before.")
        return document
    graph, children = opened(document, parent)
    kept = tuple((k, v) for k, v in call.kwargs if k != name)
    changed = replace(call, kwargs=kept)
    nodes = tuple(changed if each.name == call.name else each for each in graph.nodes)
    return settled(document, parent, replace(graph, nodes=nodes), children)
