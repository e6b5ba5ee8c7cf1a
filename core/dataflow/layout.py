"""Where the steps of a graph stand in a drawing, and the ways of its edges: a pure function.

Units are those of the sizes that are given, pixels mostly; y goes down, as tensors do.
"""

from collections.abc import Mapping, Sequence

from core.dataflow.boxes import GAP, LAYER_GAP, Box, Layout, Name, Point
from core.dataflow.coordinates import horizontal
from core.dataflow.gathering import gathered
from core.dataflow.layering import Layers, layered
from core.dataflow.u_shape import u_shaped

_CHAIN = 2.0  # the width of a point that an edge goes through
_LANE = 14.0  # between two curves at the side


def lay_out(
    sizes: Mapping[Name, tuple[float, float]],
    edges: Sequence[tuple[Name, Name]],
    before: Layout | None = None,
) -> Layout:
    """Place boxes of these sizes, each below those it is connected from.

    ``sizes`` come in an order in which the steps can run. ``before`` is an earlier drawing, whose
    order from left to right is kept where the model still has it. A U-Net becomes a U.
    """
    shaped = u_shaped(sizes, edges)
    if shaped is not None:
        return shaped
    names = list(sizes)
    was = {name: box.middle for name, box in before.boxes.items()} if before else None
    layers = layered(names, edges, was)
    count = len(layers.rank)
    widths = [sizes[names[p]][0] if p < layers.nodes else _CHAIN for p in range(count)]
    middles = gathered(layers, horizontal(layers, widths, GAP), widths, GAP)
    tops, heights = _rows(layers, names, sizes)
    boxes: dict[Name, Box] = {}
    for point, name in enumerate(names):
        width, height = sizes[name]
        row = layers.rank[point]
        top = tops[row] + (heights[row] - height) / 2
        boxes[name] = Box(middles[point] - width / 2, top, width, height)
    # Edges go beside boxes, too: what holds everything is as wide as the outermost of them.
    outermost = (middle + width / 2 for middle, width in zip(middles, widths, strict=True))
    right = max(outermost, default=0.0)
    ways = {
        (names[a], names[b]): _way(boxes[names[a]], boxes[names[b]], through, layers, middles, tops,
                                   heights)
        for (a, b), through in layers.ways.items()
    }  # fmt: skip
    lanes = _lanes(layers)
    for (a, b), lane in lanes.items():
        ways[names[a], names[b]] = _aside(
            boxes[names[a]], boxes[names[b]], right + GAP + lane * _LANE
        )
    width = right + (GAP + _LANE * (1 + max(lanes.values())) if lanes else 0.0)
    height = tops[-1] + heights[-1] if tops else 0.0
    aside = frozenset((names[a], names[b]) for a, b in lanes)
    return Layout(boxes, ways, aside, width, height)


def _rows(
    layers: Layers, names: Sequence[Name], sizes: Mapping[Name, tuple[float, float]]
) -> tuple[list[float], list[float]]:
    """Return the top and the height of each layer."""
    heights = [0.0] * len(layers.order)
    for point, name in enumerate(names):
        row = layers.rank[point]
        heights[row] = max(heights[row], sizes[name][1])
    tops, top = [], 0.0
    for height in heights:
        tops.append(top)
        top += height + LAYER_GAP
    return tops, heights


def _way(
    source: Box,
    target: Box,
    through: Sequence[int],
    layers: Layers,
    middles: Sequence[float],
    tops: Sequence[float],
    heights: Sequence[float],
) -> tuple[Point, ...]:
    """Go from the foot of one box to the head of another, straight past the layers between."""
    points: list[Point] = [(source.middle, source.y + source.height)]
    for point in through:
        row = layers.rank[point]
        points.append((middles[point], tops[row]))
        points.append((middles[point], tops[row] + heights[row]))
    points.append((target.middle, target.y))
    return tuple(points)


def _lanes(layers: Layers) -> dict[tuple[int, int], int]:
    """Give each far edge a lane beside the drawing, the same one only where they do not overlap."""
    lanes: dict[tuple[int, int], int] = {}
    ends: list[int] = []
    for a, b in sorted(layers.far, key=lambda e: (layers.rank[e[0]], layers.rank[e[1]])):
        start = layers.rank[a]
        lane = next((n for n, end in enumerate(ends) if end <= start), len(ends))
        if lane == len(ends):
            ends.append(0)
        ends[lane] = layers.rank[b]
        lanes[a, b] = lane
    return lanes


def _aside(source: Box, target: Box, lane: float) -> tuple[Point, ...]:
    """Go out of one box to the right, down a lane, and into another from the right."""
    start = source.y + source.height / 2
    stop = target.y + target.height / 2
    return (
        (source.x + source.width, start),
        (lane, start),
        (lane, stop),
        (target.x + target.width, stop),
    )
