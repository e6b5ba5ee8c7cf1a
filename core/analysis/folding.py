"""Blocks that follow each other and are alike, to be shown as one: "x 6"."""

from torch import nn

from core.analysis.flow import Flow
from core.analysis.structure import facts_of
from core.dataflow.graph import Graph, Node
from core.document.surgery import find


def repeats(found: Flow, module: nn.Module) -> tuple[tuple[str, ...], ...]:
    """Return the runs of steps of ``module``, two or more each, that do the same to one tensor.

    Each calls a child of the same structure, gives what the one before gives, reads nothing but
    that one, and is read by the next alone.
    """
    if found.graph is None or not found.can_be_rewired:
        return ()
    runs: list[list[str]] = []
    before: Node | None = None
    for node in found.graph.nodes:
        if before is not None and _goes_on(found, found.graph, module, before, node):
            if not runs or runs[-1][-1] != before.name:
                runs.append([before.name])
            runs[-1].append(node.name)
        before = node
    return tuple(map(tuple, runs))


def _goes_on(found: Flow, graph: Graph, module: nn.Module, before: Node, node: Node) -> bool:
    if not (node.kind == before.kind == "call" and node.when == before.when):
        return False
    if node.reads != (before.name,) or graph.readers[before.name] != (node.name,):
        return False
    if len(before.reads) != 1 or node.target == before.target:
        return False
    told = found.tensors.get(before.name), found.tensors.get(node.name)
    alike = [facts_of(find(module, each.target)).structure for each in (before, node)]
    return told[0] is not None and told[0] == told[1] and alike[0] is alike[1]
