"""Layers of points: each step below all it reads, as near to it and to its readers as can be.

The method is Sugiyama's: longest-path layers, tightened so that edges are short; a chain of small
points for an edge that spans several layers; and an order in each layer (:mod:`ordering`).
Edges of one step that go far share one chain; those that go further than a drawing can follow are
left out here and drawn at the side.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from core.dataflow import ordering
from core.dataflow.ordering import ordered

#: Further than this many layers an edge is drawn as a curve at the side, without a chain.
FAR = 12
_ROUNDS = 8

Name = Hashable


@dataclass
class Layers:
    """The drawing before it has coordinates; points are numbers, the first are the nodes.

    ``rank`` is the layer of a point, ``above`` and ``below`` its neighbours in the next layers,
    ``order`` the points of each layer from left to right. ``ways`` are the points an edge goes
    through, ``far`` the edges that are drawn at the side.
    """

    rank: list[int]
    above: list[list[int]]
    below: list[list[int]]
    order: list[list[int]] = field(default_factory=list)
    ways: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    far: list[tuple[int, int]] = field(default_factory=list)
    nodes: int = 0


def layered(
    names: Sequence[Name],
    edges: Sequence[tuple[Name, Name]],
    before: Mapping[Name, float] | None = None,
) -> Layers:
    """Return layers in order. ``names`` come in an order in which they can run.

    ``before`` are horizontal places of an earlier drawing; where they are known, they decide the
    order to begin with, so that a drawing changes little when the model does.
    """
    number = {name: index for index, name in enumerate(names)}
    pairs = list(dict.fromkeys((number[a], number[b]) for a, b in edges))
    found = Layers(_ranks(len(names), pairs), [], [], nodes=len(names))
    found.above = [[] for _ in names]
    found.below = [[] for _ in names]
    _chains(found, pairs)
    wanted = {number[n]: x for n, x in (before or {}).items() if n in number}
    _begin(found, wanted)
    found.order = ordered(found.order, found.above, found.below)
    return found


def crossings(layers: Layers) -> int:
    """Return how many edges cross between neighbouring layers; a chain that is shared is one."""
    place = ordering.places(layers.order, len(layers.rank))
    return ordering.crossings(layers.order, layers.below, place)


def _ranks(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the layer of each node: the length of the longest way to it, then tightened."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for a, b in pairs:
        above[b].append(a)
        below[a].append(b)
    rank = [0] * count
    for node in range(count):
        rank[node] = 1 + max([rank[each] for each in above[node]], default=-1)
    best, shortest = list(rank), _length(rank, above, below)
    for _ in range(_ROUNDS):
        _tighten(rank, above, below)
        length = _length(rank, above, below)
        if length >= shortest:
            break
        best, shortest = list(rank), length
    return best


def _length(rank: Sequence[int], above: list[list[int]], below: list[list[int]]) -> int:
    """Return how many layers all edges span together."""
    return sum(rank[node] * (len(above[node]) - len(below[node])) for node in range(len(rank)))


def _tighten(rank: list[int], above: list[list[int]], below: list[list[int]]) -> None:
    """Move each node where its edges are shortest: down as far as it can, then up.

    What is as good anywhere moves too, and so makes room for others. The first input stays at the
    top, other sources stand right above a reader.
    """
    for down in (True, False):
        for node in range(len(rank) - 1, -1, -1) if down else range(len(rank)):
            readers, read = below[node], above[node]
            more = len(readers) - len(read)
            if not read:
                if node and readers:
                    rank[node] = max(0, min([rank[each] for each in readers]) - 1)
            elif readers and (more > 0 or (down and not more)):
                rank[node] = min([rank[each] for each in readers]) - 1
            else:
                rank[node] = max([rank[each] for each in read]) + 1


def _chains(layers: Layers, pairs: Sequence[tuple[int, int]]) -> None:
    """Connect what is in neighbouring layers, through points where an edge spans several."""
    trunks: dict[tuple[int, int], int] = {}
    for source, target in pairs:
        span = layers.rank[target] - layers.rank[source]
        if span > FAR:
            layers.far.append((source, target))
            continue
        way, last = [], source
        for rank in range(layers.rank[source] + 1, layers.rank[target]):
            point = trunks.get((source, rank))
            if point is None:
                point = trunks[source, rank] = len(layers.rank)
                layers.rank.append(rank)
                layers.above.append([])
                layers.below.append([])
                _join(layers, last, point)
            way.append(point)
            last = point
        _join(layers, last, target)
        layers.ways[source, target] = way


def _join(layers: Layers, upper: int, lower: int) -> None:
    layers.below[upper].append(lower)
    layers.above[lower].append(upper)


def _begin(layers: Layers, wanted: Mapping[int, float]) -> None:
    """Put points into layers in the order in which a walk down meets them, or as they stood."""
    layers.order = [[] for _ in range(max(layers.rank, default=-1) + 1)]
    seen = [False] * len(layers.rank)
    for start in range(layers.nodes):
        waiting = [start] if not layers.above[start] else []
        while waiting:
            point = waiting.pop()
            if seen[point]:
                continue
            seen[point] = True
            layers.order[layers.rank[point]].append(point)
            waiting += reversed(layers.below[point])
    for line in layers.order:
        known = [point for point in line if point in wanted]
        for place, point in zip(
            [i for i, p in enumerate(line) if p in wanted],
            sorted(known, key=wanted.__getitem__),
            strict=True,
        ):
            line[place] = point
