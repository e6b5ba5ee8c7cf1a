"""What a re-wired forward computes that its picture does not show, with what repairs it.

A step that writes over a tensor which another one reads after it gives that one other numbers.
Where the class was written so, it is meant so; where re-wiring made it so, it is a problem.
"""

from torch import nn

from core.analysis.problems import Problem
from core.dataflow.classes import own_class, written_graph
from core.dataflow.graph import Graph
from core.dataflow.hazards import idle, overwritten
from core.dataflow.trace import trace
from core.document import Document, IdentityCache, join
from core.document.surgery import reclassed
from core.edits import Edit, OutOfPlace, RemoveInput, RemoveNode
from core.errors import Untraceable

#: Where below a module re-wired ones stand: after an edit only the changed path is walked again.
_below: IdentityCache[tuple[str, ...]] = IdentityCache()


def hazards_of(document: Document) -> tuple[Problem, ...]:
    """Return what re-wiring made read other numbers than it would seem to."""
    found: dict[tuple[str, str], Problem] = {}
    for path in _rewired(document.root, frozenset()):
        module = document.module(path)
        graph = written_graph(module)
        assert graph is not None
        for problem in _overwriting(document, path, module, graph):
            found.setdefault((problem.path, problem.message), problem)
    return tuple(found.values())


def doubts_of(document: Document, path: str, graph: Graph) -> tuple[Problem, ...]:
    """Return what is odd in one graph: tensors written over, and what nobody reads or calls."""
    module = document.module(path)
    found = [
        _problem(document, path, graph, name, text, OutOfPlace(path, name))
        for name, text in overwritten(module, graph)
    ]
    for name, text in idle(module, graph):
        node = graph.by_name.get(name)
        repair: Edit | None = None
        if node is not None and node.kind == "input":
            repair = RemoveInput(path, name)
        elif node is not None and name not in module._modules:
            repair = RemoveNode(path, name)
        found.append(_problem(document, path, graph, name, text, repair))
    return tuple(found)


def _overwriting(document: Document, path: str, module: nn.Module, graph: Graph) -> list[Problem]:
    fresh = dict(overwritten(module, graph))
    if not fresh:
        return []
    try:
        plain = reclassed(module, own_class(module), dict(module._modules))
        meant = {text for _, text in overwritten(plain, trace(plain))}
    except Untraceable:
        meant = set()
    return [
        _problem(document, path, graph, name, text, OutOfPlace(path, name))
        for name, text in fresh.items()
        if text not in meant
    ]


def _problem(
    document: Document, path: str, graph: Graph, name: str, text: str, repair: Edit | None
) -> Problem:
    node = graph.by_name.get(name)
    calls = node is not None and node.kind == "call"
    place = join(path, str(node.target)) if node is not None and calls else path
    if node is None:
        place = join(path, name)  # a child that is never called
    repairs = () if repair is None else (repair,)
    return Problem(place, text, "", document, _offered=repairs)


def _rewired(module: nn.Module, above: frozenset[int]) -> tuple[str, ...]:
    known = _below.get(module)
    if known is not None:
        return known
    if id(module) in above:
        return ()
    found = [] if written_graph(module) is None else [""]
    above = above | {id(module)}
    for name, child in module._modules.items():
        if child is not None:
            found += [join(name, each) if each else name for each in _rewired(child, above)]
    _below.set(module, tuple(found))
    return tuple(found)
