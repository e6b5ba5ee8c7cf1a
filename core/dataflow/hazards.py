"""What a graph does that its reader may not expect: tensors written over, inputs never read."""

from collections.abc import Iterator

from torch import nn

from core.dataflow.expressions import AUGMENTED
from core.dataflow.graph import Graph, Node
from core.dataflow.lists import RUNNING


def overwritten(module: nn.Module, graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield (name, sentence) for each step that writes over a tensor somebody reads later."""
    position = {node.name: number for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        changed = _written_over(module, node)
        if changed is None:
            continue
        later = [
            name
            for name in graph.readers[changed]
            if position[name] > position[node.name] and name != node.name
        ]
        if later:
            text = (
                f"{node.name} writes over {changed}, which {', '.join(later)} reads after it: what"
                f" comes there is what {node.name} leaves."
            )
            yield node.name, text


def idle(module: nn.Module, graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield (name, sentence) for inputs nobody reads, steps for nothing, children never called."""
    for node in graph.nodes:
        if graph.readers[node.name] or node.kind == "output":
            continue
        if node.kind == "input":
            yield node.name, f"The input {node.name} is not read."
        elif _written_over(module, node) is None and not _asserts(node):
            yield node.name, f"{node.name} is computed, and nobody reads it."
    used = graph.called
    if any(node.target in RUNNING for node in graph.nodes):
        return  # whichever children there are
    for name, child in module._modules.items():
        touched = any(each == name or each.startswith(f"{name}.") for each in used)
        if child is not None and not touched:
            yield name, f"{name} ({type(child).__name__}) is never called."


def _written_over(module: nn.Module, node: Node) -> str | None:
    """Return what a step writes over, or ``None``."""
    if not node.reads:
        return None
    if node.kind == "call":
        child: nn.Module | None = module
        for name in node.target.split("."):
            child = child._modules.get(name) if child is not None else None
        return node.reads[0] if getattr(child, "inplace", False) is True else None
    if node.kind == "method":
        ends = node.target.endswith("_") and not node.target.endswith("__")
        return node.reads[0] if ends else None
    if node.kind != "function":
        return None
    if node.target in AUGMENTED or node.target.__name__ == "setitem":
        return node.reads[0]
    ends = node.target.__name__.endswith("_") and not node.target.__name__.endswith("__")
    if ends and node.target.__module__ != "_operator":  # relu_, and not and_
        return node.reads[0]
    inplace = dict(node.kwargs).get("inplace", False)
    return node.reads[0] if inplace is True else None


def _asserts(node: Node) -> bool:
    return node.kind == "function" and "assert" in getattr(node.target, "__name__", "")
