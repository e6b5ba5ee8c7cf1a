"""The order of points in their layers: medians first, then neighbours that change places.

Sorting by medians gets the large features right and stops at a local best, since a long edge would
have to move in all its layers at once. So neighbours also change places where that costs nothing:
in a pass from layer to layer such a change travels on along the edge, until it meets another that
it undoes, or the crossing goes out at an end.
"""

from bisect import bisect_right
from collections.abc import Sequence

#: How often medians and exchanges take turns, in graphs of few points and of many.
_PHASES, _PHASES_OF_MANY, _MANY = 6, 3, 800

Lines = list[list[int]]
Near = Sequence[Sequence[int]]


def ordered(lines: Lines, above: Near, below: Near) -> Lines:
    """Return the layers in an order with few crossings, starting from the one they are in."""
    lines = [list(line) for line in lines]
    place = places(lines, len(above))
    best, fewest = [list(line) for line in lines], crossings(lines, below, place)
    turn, few = 0, len(above) <= _MANY
    for phase in range(_PHASES if few else _PHASES_OF_MANY):
        if not fewest:
            break
        for _ in range(1 if phase else 2):
            down = turn % 2 == 0
            _sort(lines, above if down else below, place, down=down, turned=few and turn % 4 > 1)
            turn += 1
        found = crossings(lines, below, place)
        if found < fewest:
            best, fewest = [list(line) for line in lines], found
        for down in (phase % 2 == 0, phase % 2 == 1):
            for free in (True, False):
                found -= _exchange(lines, above, below, place, down=down, free=free)
            if found < fewest:
                best, fewest = [list(line) for line in lines], found
    return best


def places(lines: Lines, count: int) -> list[int]:
    """Return the place of each point in its layer."""
    place = [0] * count
    for line in lines:
        for index, point in enumerate(line):
            place[point] = index
    return place


def crossings(lines: Lines, below: Near, place: Sequence[int]) -> int:
    """Return how many edges cross between neighbouring layers."""
    return sum(_inversions(line, below, place) for line in lines[:-1])


def _sort(lines: Lines, near: Near, place: list[int], *, down: bool, turned: bool) -> None:
    """Order each layer by the medians of the one before; ``turned``: equal ones the other way."""
    for line in lines[1:] if down else lines[-2::-1]:
        if len(line) > 1:
            if turned:
                line.reverse()
            line.sort(key=lambda point: _median(point, near, place))
            for index, point in enumerate(line):
                place[point] = index


def _median(point: int, near: Near, place: Sequence[int]) -> float:
    """Return the weighted median of the places of a point's neighbours; its own without any."""
    if len(near[point]) == 1:
        return place[near[point][0]]
    places = sorted([place[each] for each in near[point]])
    count = len(places)
    if not count:
        return place[point]
    middle = count // 2
    if count % 2:
        return places[middle]
    if count == 2:
        return (places[0] + places[1]) / 2
    left = places[middle - 1] - places[0]
    right = places[-1] - places[middle]
    if left + right == 0:
        return (places[middle - 1] + places[middle]) / 2
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _exchange(
    lines: Lines, above: Near, below: Near, place: list[int], *, down: bool, free: bool
) -> int:
    """Let neighbours change places where fewer edges cross then; return how many fewer.

    ``free``: also where as many cross as before, if any do.
    """
    gain = now = then = more = less = 0
    for line in lines if down else reversed(lines):
        count = len(line)
        if count < 2:
            continue
        uppers = [_ends(above[point], place) for point in line]
        lowers = [_ends(below[point], place) for point in line]
        moved = False
        up, low = uppers[0], lowers[0]
        for right in range(1, count):
            other_up, other_low = uppers[right], lowers[right]
            # Most points have one neighbour above and one below, so this is written out here.
            if type(up) is int and type(other_up) is int:
                now, then = up > other_up, up < other_up
            else:
                now, then = _both(up, other_up)
            if type(low) is int and type(other_low) is int:
                more, less = low > other_low, low < other_low
            else:
                more, less = _both(low, other_low)
            now, then = now + more, then + less
            if then < now or (free and now and then == now):
                gain += now - then
                moved = True
                line[right - 1], line[right] = line[right], line[right - 1]
            else:
                up, low = other_up, other_low
        if moved:
            for index, point in enumerate(line):
                place[point] = index
    return gain


def _ends(near: Sequence[int], place: Sequence[int]) -> int | list[int]:
    """Return the places of a point's neighbours in order; the place itself where it is one."""
    if len(near) == 1:
        return place[near[0]]
    return sorted([place[each] for each in near])


def _both(left: int | list[int], right: int | list[int]) -> tuple[int, int]:
    """Return how many edges of two neighbours cross as they stand, and when they change places."""
    left = [left] if isinstance(left, int) else left
    right = [right] if isinstance(right, int) else right
    now = then = 0
    if not left or not right:
        return now, then
    if left[-1] > right[0]:
        size = len(left)
        for each in right:
            now += size - bisect_right(left, each)
    if right[-1] > left[0]:
        size = len(right)
        for each in left:
            then += size - bisect_right(right, each)
    return now, then


def _inversions(upper: list[int], near: Near, place: Sequence[int]) -> int:
    """Count the pairs of edges below a layer that cross: inversions of their lower ends."""
    ends: list[int] = []
    count = 0
    for point in upper:
        below = near[point]
        if not below:
            continue
        targets = [place[each] for each in below]
        if len(targets) > 1:
            targets.sort()
        size = len(ends)
        if size and ends[-1] > targets[0]:
            for target in targets:
                count += size - bisect_right(ends, target, 0, size)
            ends += targets
            ends.sort()
        else:
            ends += targets
    return count
