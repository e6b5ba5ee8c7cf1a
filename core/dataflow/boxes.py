"""What a drawing is: boxes, and the points that edges go through. Units are pixels, mostly."""

from collections.abc import Hashable
from dataclasses import dataclass, field

Name = Hashable
Point = tuple[float, float]

GAP = 24.0
LAYER_GAP = 36.0


@dataclass(frozen=True)
class Box:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The horizontal middle."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Layout:
    """Boxes by name, and the points each edge goes through, from box to box.

    ``aside`` are the edges that go far and are drawn beside all boxes. ``width`` and ``height``
    hold everything.
    """

    boxes: dict[Name, Box]
    ways: dict[tuple[Name, Name], tuple[Point, ...]]
    aside: frozenset[tuple[Name, Name]] = field(default_factory=frozenset)
    width: float = 0.0
    height: float = 0.0
