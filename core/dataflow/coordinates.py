"""Horizontal places of points in layers: Brandes and Köpf, Fast and Simple Horizontal Coordinate
Assignment (2001).

Each point is aligned with the median of its neighbours above or below, leaning left or right; the
four drawings that come of it are compacted and averaged. Chains of long edges come out straight.
"""

from collections.abc import Sequence
from itertools import pairwise

from core.dataflow.layering import Layers


def horizontal(layers: Layers, widths: Sequence[float], gap: float) -> list[float]:
    """Return the middle of each point, so that none overlap and all are at least ``gap`` apart."""
    if not layers.rank:
        return []
    crossed = _crossed(layers)
    drawings: list[list[float]] = []
    for down in (True, False):
        near = layers.above if down else layers.below
        lines = layers.order if down else list(reversed(layers.order))
        for left in (True, False):
            ordered = [line if left else line[::-1] for line in lines]
            roots = _aligned(ordered, near, crossed, len(layers.rank))
            places = _compacted(ordered, roots, widths, gap)
            drawings.append(places if left else [-x for x in places])
    return _balanced(drawings, widths)


def _crossed(layers: Layers) -> set[tuple[int, int]]:
    """Return the edges that cross a straight piece of a chain, which is not to be bent for them."""
    found: set[tuple[int, int]] = set()
    place = {point: index for line in layers.order for index, point in enumerate(line)}
    nodes = layers.nodes
    for upper, lower in pairwise(layers.order):
        start, scanned = 0, 0
        for index, point in enumerate(lower):
            inner = None
            if point >= nodes:
                inner = next((u for u in layers.above[point] if u >= nodes), None)
            if inner is None and index != len(lower) - 1:
                continue
            stop = len(upper) - 1 if inner is None else place[inner]
            while scanned <= index:
                each = lower[scanned]
                for above in layers.above[each]:
                    outside = not start <= place[above] <= stop
                    if outside and not (each >= nodes and above >= nodes):
                        found.add((above, each))
                scanned += 1
            start = stop
    return found


def _aligned(
    lines: Sequence[Sequence[int]],
    near: Sequence[Sequence[int]],
    crossed: set[tuple[int, int]],
    count: int,
) -> list[int]:
    """Return for each point the first of the points that stand straight above each other."""
    place = [0] * count
    for line in lines:
        for index, point in enumerate(line):
            place[point] = index
    root, free = list(range(count)), [True] * count
    for line in lines:
        reached = -1
        for point in line:
            neighbours = sorted(near[point], key=place.__getitem__)
            size = len(neighbours)
            for middle in ((size - 1) // 2, size // 2):
                if not size or root[point] != point:
                    break
                other = neighbours[middle]
                edge = (other, point)
                straight = edge not in crossed and (point, other) not in crossed
                if free[other] and straight and place[other] > reached:
                    root[point], free[other] = root[other], False
                    reached = place[other]
    return root


def _compacted(
    lines: Sequence[Sequence[int]], root: Sequence[int], widths: Sequence[float], gap: float
) -> list[float]:
    """Push every block of aligned points as far left as its neighbours let it."""
    count = len(root)
    after: list[dict[int, float]] = [{} for _ in range(count)]
    waits = [0] * count
    for line in lines:
        for one, other in pairwise(line):
            a, b = root[one], root[other]
            apart = (widths[one] + widths[other]) / 2 + gap
            if b not in after[a]:
                waits[b] += 1
            after[a][b] = max(after[a].get(b, 0.0), apart)
    places = [0.0] * count
    ready = [point for point in range(count) if root[point] == point and not waits[point]]
    done: list[int] = []
    while ready:
        block = ready.pop()
        done.append(block)
        for other, apart in after[block].items():
            places[other] = max(places[other], places[block] + apart)
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    for block in reversed(done):  # what has room to its right moves up to its neighbour
        if after[block]:
            limit = min(places[other] - apart for other, apart in after[block].items())
            places[block] = max(places[block], limit)
    return [places[root[point]] for point in range(count)]


def _balanced(drawings: Sequence[list[float]], widths: Sequence[float]) -> list[float]:
    """Return the mean of the two middle places of each point, all moved onto the narrowest."""

    def ends(places: list[float]) -> tuple[float, float]:
        return (
            min(x - w / 2 for x, w in zip(places, widths, strict=True)),
            max(x + w / 2 for x, w in zip(places, widths, strict=True)),
        )

    bounds = [ends(each) for each in drawings]
    least, most = min(bounds, key=lambda pair: pair[1] - pair[0])
    moved = []
    for number, (places, (start, stop)) in enumerate(zip(drawings, bounds, strict=True)):
        shift = least - start if number % 2 == 0 else most - stop
        moved.append([x + shift for x in places])
    middle = []
    for four in zip(*moved, strict=True):
        low, high = sorted(four)[1:3]
        middle.append((low + high) / 2)
    start = min(x - w / 2 for x, w in zip(middle, widths, strict=True))
    return [x - start for x in middle]
