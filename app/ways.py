"""Where a layer may be put between the steps of a forward, and the edit that puts it there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import core
from app.flow.modules import caller_of
from app.spots import PRESET, spec_at
from core.errors import EditRefused, ModelwrightError

if TYPE_CHECKING:
    from core.analysis import Report
    from core.edits import Edit


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
        ends: list[tuple[str, tuple[tuple[str, int], ...]]] = [
            (each.source, ((each.target, each.port),)) for each in edges
        ]
        if offset and len(edges) > 1:
            ends.insert(0, (call.name, tuple((each.target, each.port) for each in edges)))
        for source, targets in ends:
            value = known.get(source)
            shape = value.shape if value is not None and value.kind == "tensor" else None
            told = f", {value}" if value is not None and value.tensors() else ""
            names = " and ".join(dict.fromkeys(target for target, _ in targets))
            found.append(Way(parent, source, targets, f"{source} → {names}{told}", shape))
    if not found:
        raise EditRefused(f"Nothing reads what {name} gives, so there is no way out of it.")
    return found


def edit_on_way(report: "Report", way: Way, text: str, name: str = "") -> "Edit":
    """Return the edit that puts a layer or an operation there; a layer's name alone is enough.

    Raises :class:`~core.errors.SpecError` and :class:`~core.errors.EditRefused`.
    """
    spec = _spec(text.strip(), way)
    called = name.strip() or None
    if len(way.targets) == 1:
        ((target, port),) = way.targets
        return core.InsertOnEdge(way.parent, way.source, target, spec, called, port=port)
    add = core.AddNode(way.parent, spec, (way.source,), called)
    before = core.graph_of(report.document, way.parent).by_name
    added = core.graph_of(add.apply(report.document), way.parent)
    (new,) = [each for each in added.nodes if each.name not in before]
    own = str(new.target) if new.kind == "call" else new.name
    edits = [core.AddNode(way.parent, spec, (way.source,), own)]
    edits += [core.Connect(way.parent, new.name, *each) for each in way.targets]  # type: ignore[misc]
    return core.Together(tuple(edits), f"Insert {spec} behind {way.source}")


def _spec(text: str, way: Way) -> str:
    if "(" in text or (text[:1].islower() and not text.startswith(PRESET)):
        return text
    try:
        return str(spec_at(text, core.Place(way.shape, way.shape)))
    except ModelwrightError:
        if text.startswith(PRESET):
            raise
        return f"{text}()"  # the edit says what is missing
