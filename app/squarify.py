"""A treemap's rectangles: areas as sizes are, sides as equal as can be.

Bruls, Huizing, van Wijk: Squarified Treemaps (2000). Rows are filled along the shorter side as long
as that makes the worst of them squarer.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle, in the units of whoever asks."""

    x: float
    y: float
    width: float
    height: float

    def shrunk(self, by: float, top: float = 0.0) -> "Box":
        """Return what is left inside a margin, and below a title ``top`` high."""
        return Box(
            self.x + by, self.y + by + top,
            max(0.0, self.width - 2 * by), max(0.0, self.height - 2 * by - top),
        )  # fmt: skip


def squarify(sizes: Sequence[float], box: Box) -> list[Box]:
    """Return a box for each size, largest first; they fill ``box`` if any size is above zero."""
    total = sum(sizes)
    if total <= 0 or box.width <= 0 or box.height <= 0:
        return [Box(box.x, box.y, 0.0, 0.0) for _ in sizes]
    scale = box.width * box.height / total
    areas = [size * scale for size in sizes]
    placed: list[Box] = []
    row: list[float] = []
    for area in areas:
        side = min(box.width, box.height)
        if row and _worst([*row, area], side) > _worst(row, side):
            box = _lay(row, box, placed)
            row = []
        row.append(area)
    if row:
        _lay(row, box, placed)
    return placed


def _worst(row: Sequence[float], side: float) -> float:
    """Return the largest ratio of two sides in a row along ``side``."""
    total, least, most = sum(row), min(row), max(row)
    if not total or not least or not side:
        return float("inf")
    return max(side * side * most / total**2, total**2 / (side * side * least))


def _lay(row: Sequence[float], box: Box, placed: list[Box]) -> Box:
    """Place a row along the shorter side and return what is left of the box."""
    total = sum(row)
    if box.width >= box.height:
        width = total / box.height if box.height else 0.0
        at = box.y
        for area in row:
            height = area / width if width else 0.0
            placed.append(Box(box.x, at, width, height))
            at += height
        return Box(box.x + width, box.y, max(0.0, box.width - width), box.height)
    height = total / box.width if box.width else 0.0
    at = box.x
    for area in row:
        width = area / height if height else 0.0
        placed.append(Box(at, box.y, width, height))
        at += width
    return Box(box.x, box.y + height, box.width, max(0.0, box.height - height))
