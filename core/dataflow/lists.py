"""Lists and dictionaries of modules that have a forward: all in order, or one of them by its key.

Such a forward names no child, so children come and go as in any list. In a graph it is one step.
"""

from typing import Any

from torch import nn

from core.dataflow.classes import own_class, written_graph
from core.dataflow.graph import OUTPUT, Graph, Node, Ref


def in_order(x: Any, *, layers: nn.Module) -> Any:
    """Run the children one after the other, each on what the one before gives."""
    for layer in layers.children():
        x = layer(x)
    return x


def by_key(x: Any, key: str | None, *, layers: nn.Module) -> Any:
    """Run the child called ``key``; the first one where no key is given."""
    chosen = next(iter(layers._modules)) if key is None else key
    child = layers._modules[chosen]
    assert child is not None
    return child(x)


#: The steps that run the children of the module whose forward they stand in.
RUNNING = (in_order, by_key)


def is_list(module: nn.Module) -> bool:
    """Say whether a module is a list or dictionary of others, which has no forward by itself."""
    return own_class(module) in (nn.ModuleList, nn.ModuleDict)


def runs_children(module: nn.Module) -> bool:
    """Say whether the forward of a module runs its children, whichever they are."""
    graph = written_graph(module)
    return graph is not None and any(node.target in RUNNING for node in graph.nodes)


def graph_in_order() -> Graph:
    """Return the graph of a list that runs its children in order."""
    step = Node("layers", "function", in_order, (Ref("x"),))
    return Graph((Node("x", "input", "x"), step, _returning("layers")))


def graph_by_key(name: str) -> Graph:
    """Return the graph of a dictionary that runs the child that the input ``name`` says."""
    inputs = (Node("x", "input", "x"), Node(name, "input", name, default=None))
    step = Node("chosen", "function", by_key, (Ref("x"), Ref(name)))
    return Graph((*inputs, step, _returning("chosen")))


def _returning(name: str) -> Node:
    return Node(OUTPUT, "output", OUTPUT, (Ref(name),))
