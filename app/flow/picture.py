"""What is drawn of a graph: steps with their boxes, ways with their arrows. Made on any thread."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import atan2, degrees
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainterPath

import core
from app.flow.letters import Letters

if TYPE_CHECKING:
    from core.dataflow import Layout

PAD = 10.0
ICON = 16.0
BESIDE = 7.0  # between the icon and the texts
_LONGEST = 34  # letters of a name, a type or a shape; the whole of it is in the tooltip
_LEVEL = 0.05  # what differs by less is at one height
_ROUND = 16.0  # the corners of what goes beside the drawing


@dataclass(frozen=True)
class Step:
    """One box: ``title`` above ``about``, with the icon and the colour of ``kind``.

    ``path`` is the module that it calls, ``None`` for anything but a call; ``opens`` says that the
    module has children to look at. ``gives`` is the shape of what comes out, as text; ``only`` is
    the mode, ``train`` or ``eval``, that it belongs to alone. ``role`` is ``input`` or ``output``
    at the ends, where tensors come in and leave.
    """

    name: str
    title: str
    about: str
    kind: str
    path: str | None = None
    opens: bool = False
    gives: str = ""
    only: str = ""
    problem: str = ""
    role: str = ""
    box: QRectF = field(default_factory=QRectF)

    @property
    def sentence(self) -> str:
        """What assistive technology and the tooltip say of it."""
        facts = [self.title, self.about]
        if self.gives:
            facts.append(f"gives {self.gives}")
        if self.only:
            facts.append("in training only" if self.only == "train" else "in eval mode only")
        return ", ".join(facts)


@dataclass(frozen=True)
class Way:
    """One edge: its curve, the arrow at its end, and what is written beside it, and where."""

    source: str
    target: str
    curve: QPainterPath
    bounds: QRectF
    tip: QPointF
    angle: float
    label: str = ""
    plate: QRectF = field(default_factory=QRectF)
    only: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawing. ``layout`` is kept, so that the next one of the same module looks alike."""

    title: str
    steps: tuple[Step, ...]
    ways: tuple[Way, ...]
    bounds: QRectF
    layout: "Layout"

    @cached_property
    def by_path(self) -> Mapping[str, tuple[Step, ...]]:
        """The steps that call each module; one that is called twice has two."""
        found: dict[str, tuple[Step, ...]] = {}
        for step in self.steps:
            if step.path is not None:
                found[step.path] = (*found.get(step.path, ()), step)
        return found

    def at(self, point: QPointF) -> Step | None:
        """Return the step whose box holds a point."""
        return next((each for each in self.steps if each.box.contains(point)), None)


def picture(
    title: str,
    steps: Iterable[Step],
    edges: Iterable[tuple[str, str]],
    letters: Letters,
    before: "Layout | None" = None,
) -> Picture:
    """Lay steps out; ``edges`` are pairs of their names. They come in an order that can run."""
    found = {each.name: _shortened(each) for each in steps}
    pairs = list(dict.fromkeys(edges))
    sizes: dict[Hashable, tuple[float, float]] = {
        name: _size(each, letters) for name, each in found.items()
    }
    layout = core.lay_out(sizes, pairs, before)
    placed = {
        name: replace(
            each,
            box=QRectF(
                layout.boxes[name].x, layout.boxes[name].y,
                layout.boxes[name].width, layout.boxes[name].height,
            ),
        )
        for name, each in found.items()
    }  # fmt: skip
    ways = _ways(placed, pairs, layout, letters)
    bounds = QRectF(0, 0, layout.width, layout.height)
    for way in ways:
        bounds = bounds.united(way.bounds).united(way.plate)
    return Picture(title, tuple(placed.values()), tuple(ways), bounds, layout)


def _shortened(step: Step) -> Step:
    return replace(step, title=short(step.title), about=short(step.about))


def short(text: str) -> str:
    """Return a text with its middle left out where it is long."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half + 1 :]}"


def _size(step: Step, letters: Letters) -> tuple[float, float]:
    """Return the size of a box; the shape below it is never wider than the box."""
    texts = max(letters.title_width(step.title), letters.small_width(step.about))
    inside = 2 * PAD + ICON + BESIDE + texts + 2
    below = letters.small_width(short(step.gives)) + 2 * PAD
    return max(inside, below), letters.title_height + letters.small_height + 1.1 * PAD


def _ways(
    steps: Mapping[str, Step],
    pairs: list[tuple[str, str]],
    layout: "Layout",
    letters: Letters,
) -> list[Way]:
    """Return the edges; the shape of a tensor stands at the first that leaves a step."""
    ways: list[Way] = []
    told: set[str] = set()
    leftmost: dict[str, float] = {}
    for source, target in pairs:
        middle = steps[target].box.center().x()
        leftmost[source] = min(middle, leftmost.get(source, middle))
    for source, target in pairs:
        points = [QPointF(x, y) for x, y in layout.ways[source, target]]
        aside = (source, target) in layout.aside
        curve, angle = _curve(points, aside)
        across = not aside and points[0].y() == points[-1].y()
        label = short(steps[source].gives) if across or source not in told else ""
        plate = QRectF()
        if label:
            room = QSizeF(letters.small_width(label), letters.small_height)
            plate = _plate(steps[source], points, leftmost[source] > points[0].x() + 1, room)
        if not across:
            told.add(source)
        only = steps[source].only or steps[target].only
        bounds = curve.controlPointRect()
        ways.append(Way(source, target, curve, bounds, points[-1], angle, label, plate, only))
    return ways


def _plate(source: Step, points: list[QPointF], rightward: bool, room: QSizeF) -> QRectF:
    """Return where the shape is written: above a way across, else beside where the way begins.

    ``rightward`` says that all ways from there go to the right: then it is written on the left, and
    below the box at the bottom of a U, which is left at its head.
    """
    start, width, height = points[0], room.width(), room.height()
    if abs(points[1].y() - start.y()) < _LEVEL:  # out of the side of a box
        across = abs(points[-1].y() - start.y()) < _LEVEL
        left = (start.x() + points[-1].x() - width) / 2 if across else start.x() + 4
        return QRectF(QPointF(left, start.y() - height - 1), room)
    down = points[1].y() > start.y()
    if rightward and not down:
        return QRectF(QPointF(start.x() - width / 2, source.box.bottom() + 2), room)
    left = start.x() - width - 5 if rightward else start.x() + 5
    return QRectF(QPointF(left, start.y() + 2 if down else start.y() - height - 2), room)


def _curve(points: list[QPointF], aside: bool) -> tuple[QPainterPath, float]:
    """Return the curve through the points of a way, and the direction in degrees it arrives in."""
    path = QPainterPath(points[0])
    if aside:
        _, top, bottom, end = points
        path.quadTo(top, QPointF(top.x(), top.y() + _ROUND))
        path.lineTo(bottom.x(), bottom.y() - _ROUND)
        path.quadTo(bottom, end)
        return path, 180.0
    at = points[0]
    for following in points[1:]:
        half = (following.y() - at.y()) / 2
        if abs(following.x() - at.x()) < _LEVEL or abs(half) < _LEVEL:
            path.lineTo(following)
        else:
            path.cubicTo(
                QPointF(at.x(), at.y() + half),
                QPointF(following.x(), following.y() - half),
                following,
            )
        at = following
    last = points[-1] - points[-2]
    if abs(last.y()) < _LEVEL:
        return path, degrees(atan2(0.0, last.x()))
    return path, 90.0 if last.y() > 0 else -90.0
