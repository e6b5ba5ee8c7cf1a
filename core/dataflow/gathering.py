"""Drawing together what alignment alone leaves far apart: a long graph that drifts to the side.

Layer by layer each point goes to where its neighbours are; those of one layer keep their order and
their distances. That is a least-squares problem for each layer, solved exactly by pooling points
that push each other (Ayer and others, An Empirical Distribution Function for Sampling with
Incomplete Information, 1955).
"""

from collections.abc import Sequence

from core.dataflow.layering import Layers

_SWEEPS = 4
_STIFF = 6.0  # how much more than a box the point of a long edge holds to a straight line
#: A drawing with lines that are shorter by so much is the better one; else straight ones are.
_WORTH = 0.7


def gathered(
    layers: Layers, middles: Sequence[float], widths: Sequence[float], gap: float
) -> list[float]:
    """Return the middle of each point, drawn together where edges become much shorter by it."""
    before = list(middles)
    if _across(layers, before) == 0.0:
        return before
    found = list(before)
    for turn in range(_SWEEPS):
        down = turn % 2 == 0
        near = layers.above if down else layers.below
        for line in layers.order if down else reversed(layers.order):
            _settle(line, near, found, widths, gap, layers.nodes)
    if _across(layers, found) > _WORTH * _across(layers, before):
        return before
    start = min(x - width / 2 for x, width in zip(found, widths, strict=True))
    return [x - start for x in found]


def _across(layers: Layers, middles: Sequence[float]) -> float:
    """Return how far all edges go to the side together."""
    return sum(
        abs(middles[upper] - middles[lower])
        for lower, above in enumerate(layers.above)
        for upper in above
    )


def _settle(
    line: Sequence[int],
    near: Sequence[Sequence[int]],
    middles: list[float],
    widths: Sequence[float],
    gap: float,
    nodes: int,
) -> None:
    """Put the points of one layer as near to their neighbours as they can be without touching."""
    offset, last = 0.0, 0.0
    offsets: list[float] = []
    pools: list[tuple[float, float, int]] = []  # where, how heavy, how many points
    for index, point in enumerate(line):
        half = widths[point] / 2
        offset += last + gap + half if index else 0.0
        last = half
        offsets.append(offset)
        neighbours = near[point]
        if neighbours:
            wanted = sum([middles[each] for each in neighbours]) / len(neighbours)
            weight = float(len(neighbours)) if point < nodes else _STIFF
        else:
            wanted, weight = middles[point], 0.1
        where, count = wanted - offset, 1
        while pools and pools[-1][0] > where:
            other, heavy, more = pools.pop()
            where = (where * weight + other * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + more
        pools.append((where, weight, count))
    at = 0
    for where, _, count in pools:
        for index in range(at, at + count):
            middles[line[index]] = where + offsets[index]
        at += count
