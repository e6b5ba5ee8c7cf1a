"""Where a layer may be put between the steps of a forward, and the edit that puts it there."""

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

import core
from app.flow.modules import caller_of
from app.spots import PRESET, Spot, spec_at
from core.errors import EditRefused, ModelwrightError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.analysis import Report, Value
    from core.dataflow import Graph
    from core.document import Document
    from core.edits import Edit

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
#: A step, and the steps that read it with the place among what each reads.
Ends = tuple[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True)
class Way:
    """The connections from one step of the module at ``parent`` to those that read it.

    ``targets`` are the steps and, for each, which of the tensors it reads; ``shape`` is what
    travels here, where that is one tensor.
    """

    parent: str
    source: str
    targets: tuple[tuple[str, int], ...]
    text: str
    shape: tuple[int, ...] | None = None


def ways_beside(report: "Report", path: str, offset: int) -> list[Way]:
    """Return the ways that lead into the module at ``path`` (0) or out of it (1).

    Where several steps read what it gives, the first is all of them. Raises EditRefused where
    nothing calls it, or its caller cannot be re-wired.
    """
    parent = caller_of(report.document, path)
    graph = core.graph_of(report.document, parent)
    name = path[len(parent) + 1 :] if parent else path
    calls = {each.name for each in graph.calls_of(name)}
    if not calls:
        raise EditRefused(
            f"The forward of {parent or 'the model'} does not call {name}, so there is no way to"
            " it or from it."
        )
    known = core.flow(report, parent, picture=False).tensors
    found: list[Way] = []
    for call in graph.nodes:
        if call.name not in calls:
            continue
        if offset:
            edges = [each for each in graph.edges if each.source == call.name]
        else:
            edges = [each for each in graph.edges if each.target == call.name]
        ends: list[Ends] = [(each.source, ((each.target, each.port),)) for each in edges]
        if offset and len(edges) > 1:
            ends.insert(0, (call.name, tuple((each.target, each.port) for each in edges)))
        found += [_way(parent, each, known) for each in ends]
    if not found:
        raise EditRefused(f"Nothing reads what {name} gives, so there is no way out of it.")
    return found


def ways_in(report: "Report", path: str, source: str = "", target: str = "") -> list[Way]:
    """Return the ways in the forward of the module at ``path``; or those from one step to another.

    Raises EditRefused where it cannot be re-wired, or has no such way.
    """
    graph = core.graph_of(report.document, path)
    known = core.flow(report, path, picture=False).tensors
    edges = [
        each for each in graph.edges if source in ("", each.source) and target in ("", each.target)
    ]
    if not edges:
        what = f"{target} does not read {source}" if source else "no step reads another"
        raise EditRefused(f"In the forward of {path or 'the model'} {what}.")
    return [_way(path, (each.source, ((each.target, each.port),)), known) for each in edges]


def ways_at(report: "Report", spot: Spot) -> list[Way]:
    """Return the ways that a gap between two rows may mean: the first is the likeliest.

    Where exactly one leads from the child above straight to the one below it is that. Else it is
    all that lead out of the one or into the other, and somebody has to choose. Raises EditRefused
    where there is none, or the forward cannot be re-wired.
    """
    parent = spot.parent
    graph = core.graph_of(report.document, parent)
    names = [n for n, child in report.document.module(parent)._modules.items() if child is not None]
    at = len(names) if spot.index is None else spot.index
    above = _ends(graph, names[at - 1] if at else None, "input")
    below = _ends(graph, names[at] if at < len(names) else None, "output")
    edges = [each for each in graph.edges if each.source in above and each.target in below]
    if not edges:
        edges = [each for each in graph.edges if each.source in above]
        edges += [each for each in graph.edges if each.target in below]
    if not edges:
        raise EditRefused(
            f"The forward of {parent or 'the model'} calls neither of the two modules here, so no"
            " tensor passes between them."
        )
    known = core.flow(report, parent, picture=False).tensors
    return [_way(parent, (each.source, ((each.target, each.port),)), known) for each in edges]


def tensors_of(report: "Report", path: str) -> list[tuple[str, str]]:
    """Return the steps of a forward that give something, each with the text that tells of it."""
    found = core.flow(report, path, picture=False)
    nodes = found.graph.nodes if found.graph is not None else ()
    return [(n.name, f"{n.name}{_told(found.tensors.get(n.name))}") for n in nodes
            if n.kind != "output"]  # fmt: skip


def is_wired(document: "Document", parent: str, text: str = "") -> bool:
    """Whether what is put into a module has to be led to and from: its forward is its own.

    In a Sequential that is so for what reads more than the module before it.
    """
    from torch import nn

    module = document.module(parent)
    if not core.is_container(module):
        return True
    return isinstance(module, nn.Sequential) and takes_several(text)


def takes_several(text: str) -> bool:
    """Whether a text names what reads more than one tensor: ``add``, or a block such as ``Up``."""
    from core.dataflow.operations import OPERATIONS

    name = text.partition("(")[0].strip()
    found = OPERATIONS.get(name)
    if found is not None:
        return found.most != 1
    layer = core.layers().get(name)
    if layer is None:
        return False
    needed = list(inspect.signature(layer.cls.forward).parameters.values())[1:]
    return sum(each.default is each.empty and each.kind in _BY_PLACE for each in needed) > 1


def edit_on_way(report: "Report", way: Way, text: str, name: str = "", beside: str = "") -> "Edit":
    """Return the edit that puts a layer or an operation there; a layer's name alone is enough.

    What takes several tensors gets what ``beside`` gives as well: a step, or several behind commas.
    Raises
    :class:`~core.errors.SpecError` and :class:`~core.errors.EditRefused`.
    """
    spec = spec_on_way(text.strip(), way)
    if takes_several(spec) and not beside:
        raise EditRefused(
            f"{spec.partition('(')[0]} takes another tensor too; choose it under Together with."
        )
    called = name.strip() or None
    others = tuple(each.strip() for each in beside.split(",") if each.strip())
    if len(way.targets) == 1:
        ((target, port),) = way.targets
        return core.InsertOnEdge(way.parent, way.source, target, spec, called, others, port)
    inputs = (way.source, *others)
    add = core.AddNode(way.parent, spec, inputs, called)
    before = core.graph_of(report.document, way.parent).by_name
    added = core.graph_of(add.apply(report.document), way.parent)
    (new,) = [each for each in added.nodes if each.name not in before]
    own = str(new.target) if new.kind == "call" else new.name
    edits = [core.AddNode(way.parent, spec, inputs, own)]
    edits += [core.Connect(way.parent, new.name, *each) for each in way.targets]  # type: ignore[misc]
    return core.Together(tuple(edits), f"Insert {spec} behind {way.source}")


def _way(parent: str, ends: Ends, known: "Mapping[str, Value]") -> Way:
    source, targets = ends
    value = known.get(source)
    shape = value.shape if value is not None and value.kind == "tensor" else None
    names = " and ".join(dict.fromkeys(target for target, _ in targets))
    return Way(parent, source, targets, f"{source} → {names}{_told(value)}", shape)


def _told(value: "Value | None") -> str:
    return f", {value}" if value is not None and value.tensors() else ""


def _ends(graph: "Graph", child: str | None, kind: str) -> set[str]:
    """Return the steps that call a child or anything in it; of no child, those of a kind."""
    if child is None:
        return {each.name for each in graph.nodes if each.kind == kind}
    return {
        each.name
        for each in graph.nodes
        if each.kind == "call" and f"{each.target}.".startswith(f"{child}.")
    }


def spec_on_way(text: str, way: Way) -> str:
    """Return a layer as one writes it: of its name alone, with the arguments that fit there."""
    if "(" in text or (text[:1].islower() and not text.startswith(PRESET)):
        return text
    try:
        return str(spec_at(text, core.Place(way.shape, way.shape)))
    except ModelwrightError:
        if text.startswith(PRESET):
            raise
        return f"{text}()"  # the edit says what is missing
