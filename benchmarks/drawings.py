"""Drawings of graphs, ours and graphviz's, measured alike: crossings of the curves, overlaps."""

import resource
import shutil
import subprocess
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from core.dataflow import Layout

Point = tuple[float, float]
Edge = tuple[Hashable, Hashable]
Curves = list[tuple[Edge, list[Point]]]
_PIECES = 8  # straight pieces that a curve is taken for


def curves_of(layout: Layout) -> Curves:
    """Return our edges as they are drawn: upright curves from point to point."""
    found: Curves = []
    for edge, way in layout.ways.items():
        line = [way[0]]
        for (x, y), (nx, ny) in pairwise(way):
            if abs(nx - x) < 0.05 or edge in layout.aside:
                line.append((nx, ny))
            else:
                half = (ny - y) / 2
                line += _curve((x, y), (x, y + half), (nx, ny - half), (nx, ny))
        found.append((edge, line))
    return found


def dot(
    sizes: Mapping[Hashable, Point], edges: Sequence[Edge], limit: float = 600.0
) -> tuple[float, Curves] | None:
    """Return the seconds that graphviz computes and its curves; ``None`` where it is not there.

    After ``limit`` seconds by the clock it is stopped, and there are no curves.
    """
    if shutil.which("dot") is None:
        return None
    number = {name: f"n{index}" for index, name in enumerate(sizes)}
    name = {text: each for each, text in number.items()}
    boxes = [
        f"{number[each]}[width={width / 72:.3f},height={height / 72:.3f}]"
        for each, (width, height) in sizes.items()
    ]
    lines = [f"{number[a]}->{number[b]}" for a, b in edges]
    head = 'node[shape=box,fixedsize=true,label=""]'
    graph = "digraph{" + ";".join([head, *boxes, *lines]) + "}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    try:
        done = subprocess.run(["dot", "-Tplain"], input=graph.encode(), capture_output=True,
                              check=True, timeout=limit)  # fmt: skip
    except subprocess.TimeoutExpired:
        return limit, []
    took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    found: Curves = []
    for line in done.stdout.decode().replace("\\\n", "").splitlines():
        kind, *words = line.split()
        if kind == "edge":
            a, b, count = words[0], words[1], int(words[2])
            numbers = [float(each) * 72 for each in words[3 : 3 + 2 * count]]
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            whole = [points[0]]
            for at in range(0, count - 1, 3):
                whole += _curve(*points[at : at + 4])
            found.append(((name[a], name[b]), whole))
    return took, found


def crossings(curves: Curves) -> int:
    """Count where curves of edges without a common end cross."""
    ends: dict[Hashable, int] = {}
    rows: list[list[float]] = []
    for number, ((a, b), line) in enumerate(curves):
        one, other = ends.setdefault(a, len(ends)), ends.setdefault(b, len(ends))
        rows += [[x, y, u, v, number, one, other] for (x, y), (u, v) in pairwise(line)]
    if not rows:
        return 0
    pieces = torch.tensor(rows, dtype=torch.float64)
    pieces = pieces[pieces[:, [1, 3]].amin(1).argsort()]
    low = pieces[:, [1, 3]].amin(1).contiguous()
    high = pieces[:, [1, 3]].amax(1)
    count = 0
    # Of pieces in the order of their upper ends, those meet that begin before the other is over.
    for at in range(len(pieces) - 1):
        stop = int(torch.searchsorted(low, high[at], right=True))
        if stop > at + 1:
            count += _meeting(pieces[at], pieces[at + 1 : stop])
    return count


def overlaps(layout: Layout) -> int:
    """Count the pairs of boxes that share a place."""
    boxes = torch.tensor(
        [[b.x, b.y, b.x + b.width, b.y + b.height] for b in layout.boxes.values()],
        dtype=torch.float64,
    )
    count = 0
    for at in range(len(boxes) - 1):
        one, rest = boxes[at], boxes[at + 1 :]
        apart = (rest[:, 0] >= one[2]) | (rest[:, 2] <= one[0])
        apart |= (rest[:, 1] >= one[3]) | (rest[:, 3] <= one[1])
        count += int((~apart).sum())
    return count


def _meeting(one: Tensor, rest: Tensor) -> int:
    """Count which of ``rest`` a piece properly crosses, of edges that share no end with its own."""
    stranger = (rest[:, 5, None] != one[5:]).all(1) & (rest[:, 6, None] != one[5:]).all(1)
    rest = rest[stranger]
    a, b, c, d = one[:2], one[2:4], rest[:, :2], rest[:, 2:4]
    first = _side(a, b, c) * _side(a, b, d)
    second = _side(c, d, a) * _side(c, d, b)
    return int(((first < 0) & (second < 0)).sum())


def _side(a: Tensor, b: Tensor, point: Tensor) -> Tensor:
    """Say on which side of the line from ``a`` to ``b`` a point is."""
    along, to = b - a, point - a
    return along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]


def _curve(a: Point, b: Point, c: Point, d: Point) -> list[Point]:
    found = []
    for step in range(1, _PIECES + 1):
        t = step / _PIECES
        u = 1 - t
        weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
        pairs = list(zip(weights, (a, b, c, d), strict=True))
        found.append((sum(w * p[0] for w, p in pairs), sum(w * p[1] for w, p in pairs)))
    return found
