"""The drawing of a U-Net as a U: down on the left, up on the right, skips straight across."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

from core.dataflow.boxes import GAP, LAYER_GAP, Box, Layout, Name, Point

_LEAST = 2  # nested skips; one alone is a residual block


def u_shaped(
    sizes: Mapping[Name, tuple[float, float]], edges: Sequence[tuple[Name, Name]]
) -> Layout | None:
    """Return the drawing of a chain with nested skips over it, or ``None`` for any other graph."""
    names = list(sizes)
    place = {name: number for number, name in enumerate(names)}
    pairs = {(place[a], place[b]) for a, b in edges}
    chain = {(number, number + 1) for number in range(len(names) - 1)}
    skips = sorted(pairs - chain)
    if len(skips) < _LEAST or not chain <= pairs or not _nested(skips):
        return None
    rows = _rows(skips, len(names))
    starts, stops = skips[-1]
    columns = [0 if n <= starts else 2 if n >= stops else 1 for n in range(len(names))]
    boxes = _boxes(names, sizes, rows, columns)
    ways: dict[tuple[Hashable, Hashable], tuple[Point, ...]] = {}
    for a, b in [*sorted(chain), *skips]:
        one, other = boxes[names[a]], boxes[names[b]]
        ways[names[a], names[b]] = _way(one, other, columns[a], columns[b], (a, b) in chain)
    width = max(box.x + box.width for box in boxes.values())
    height = max(box.y + box.height for box in boxes.values())
    return Layout(boxes, ways, frozenset(), width, height)


def _nested(skips: Sequence[tuple[int, int]]) -> bool:
    return all(a < c and d < b for (a, b), (c, d) in pairwise(skips))


def _rows(skips: Sequence[tuple[int, int]], count: int) -> list[int]:
    """Return the row of each step; the ends of a skip share one, and what is between fits."""
    rows = [0] * count
    first, last = skips[0]
    row = max(first, count - 1 - last)
    for number in range(first + 1):
        rows[number] = row - (first - number)
    for number in range(last, count):
        rows[number] = row - (number - last)
    for (a, b), (c, d) in pairwise(skips):
        below = row + max(c - a, b - d)
        for number in range(a + 1, c + 1):
            rows[number] = below - (c - number)
        for number in range(d, b):
            rows[number] = below - (number - d)
        row = below
    start, stop = skips[-1]
    for number in range(start + 1, stop):  # the bottom of the U
        rows[number] = row + (number - start)
    return rows


def _boxes(
    names: Sequence[Name],
    sizes: Mapping[Name, tuple[float, float]],
    rows: Sequence[int],
    columns: Sequence[int],
) -> dict[Hashable, Box]:
    height = max(each for _, each in sizes.values())
    widths = [
        max((sizes[n][0] for n, c in zip(names, columns, strict=True) if c == column), default=0.0)
        for column in range(3)
    ]
    apart = 2 * GAP
    middles = [
        widths[0] / 2,
        widths[0] + apart + widths[1] / 2,
        widths[0] + apart + widths[1] + (apart if widths[1] else 0.0) + widths[2] / 2,
    ]
    boxes: dict[Hashable, Box] = {}
    for name, row, column in zip(names, rows, columns, strict=True):
        width, own = sizes[name]
        top = row * (height + LAYER_GAP) + (height - own) / 2
        boxes[name] = Box(middles[column] - width / 2, top, width, own)
    return boxes


def _way(one: Box, other: Box, here: int, there: int, along: bool) -> tuple[Point, ...]:
    """Go across for a skip, down on the left, up on the right."""
    if not along:
        level = one.y + one.height / 2
        return ((one.x + one.width, level), (other.x, level))
    if there == 2 and other.y < one.y:
        return ((one.middle, one.y), (other.middle, other.y + other.height))
    if here == 0 and there == 2:
        level = one.y + one.height / 2
        return ((one.x + one.width, level), (other.x, level))
    return ((one.middle, one.y + one.height), (other.middle, other.y))
