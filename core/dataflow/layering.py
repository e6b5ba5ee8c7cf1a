"""Layers and their order: each step below all it reads, and as few crossings as sweeps can find.

The method is Sugiyama's: longest-path layers, a chain of small points for an edge that spans
several layers, and the order in each layer by the median of its neighbours, swept down and up.
Edges of one step that go far share one chain; those that go further than a drawing can follow are
left out here and drawn at the side.
"""

from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

#: Further than this many layers an edge is drawn as a curve at the side, without a chain.
FAR = 12
_SWEEPS = 12

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
    _sweep(found)
    return found


def crossings(layers: Layers) -> int:
    """Return how many edges cross between neighbouring layers."""
    place = _places(layers)
    return sum(_crossings(layers, upper, place) for upper in layers.order[:-1])


def _ranks(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the length of the longest way to each node; a source stands right above its reader."""
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for a, b in pairs:
        above[b].append(a)
        below[a].append(b)
    rank = [0] * count
    for node in range(count):
        rank[node] = 1 + max((rank[each] for each in above[node]), default=-1)
    for node in range(1, count):  # the first input stays at the top
        if not above[node] and below[node]:
            rank[node] = max(0, min(rank[each] for each in below[node]) - 1)
    return rank


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


def _sweep(layers: Layers) -> None:
    """Order each layer by the medians of the one before, down and up; keep the best order."""
    place = _places(layers)
    best, fewest = [list(line) for line in layers.order], _all(layers, place)
    idle = 0
    for turn in range(_SWEEPS):
        down = turn % 2 == 0
        lines = layers.order if down else list(reversed(layers.order))
        near = layers.above if down else layers.below
        for line in lines[1:]:
            line.sort(key=lambda p, near=near: _median(p, near, place))  # type: ignore[misc]
            for index, point in enumerate(line):
                place[point] = index
        found = _all(layers, place)
        if found < fewest:
            best, fewest, idle = [list(line) for line in layers.order], found, 0
        else:
            idle += 1
        if not fewest or idle > 3:
            break
    layers.order = best


def _median(point: int, near: list[list[int]], place: list[int]) -> float:
    """Return the weighted median of the places of a point's neighbours; its own without any."""
    places = sorted([place[each] for each in near[point]])
    count = len(places)
    if not count:
        return float(place[point])
    middle = count // 2
    if count % 2:
        return float(places[middle])
    if count == 2:
        return (places[0] + places[1]) / 2
    left = places[middle - 1] - places[0]
    right = places[-1] - places[middle]
    if left + right == 0:
        return (places[middle - 1] + places[middle]) / 2
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _places(layers: Layers) -> list[int]:
    place = [0] * len(layers.rank)
    for line in layers.order:
        for index, point in enumerate(line):
            place[point] = index
    return place


def _all(layers: Layers, place: list[int]) -> int:
    return sum(_crossings(layers, upper, place) for upper in layers.order[:-1])


def _crossings(layers: Layers, upper: list[int], place: list[int]) -> int:
    """Count the pairs of edges below a layer that cross: inversions of their lower ends."""
    ends: list[int] = []
    count = 0
    for point in upper:
        below = layers.below[point]
        if len(below) == 1:
            targets = [place[below[0]]]
        else:
            targets = sorted([place[each] for each in below])
        size = len(ends)
        if size and ends[-1] > targets[0] if targets else False:
            for target in targets:
                count += size - bisect_right(ends, target, 0, size)
        if targets:
            ends += targets
            ends.sort()
    return count
