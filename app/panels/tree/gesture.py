"""One drag over the tree, from entering it to its end: where it points and what that would do."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject

import core
from app import mime
from app.consequence import Consequence
from app.jobs import Job, Jobs
from app.spots import Spot, consequence, edit_for_layer, edit_for_modules, spec_for
from app.ways import edit_on_way, is_wired, spec_on_way, takes_several, ways_at
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.analysis import Report
    from core.edits import Edit


class Gesture(QObject):
    """What is dragged, over which snapshot. Consequences are worked out once a spot, on a thread.

    ``say`` is called with what to tell about the spot that is pointed at, as soon as it is known.
    """

    def __init__(
        self, data: QMimeData, report: "Report", jobs: Jobs, say: Callable[[Consequence], None]
    ) -> None:
        super().__init__()
        self.layer = mime.layer_in(data)
        self.paths = mime.modules_in(data)
        self._report = report
        self._jobs = jobs
        self._say = say
        self._known: dict[tuple[Spot, bool], Consequence] = {}
        self._at: tuple[Spot, bool] | None = None
        self._job: Job | None = None

    @staticmethod
    def takes(data: QMimeData) -> bool:
        """Whether the tree knows what to do with what is dragged."""
        return data.hasFormat(mime.LAYER) or data.hasFormat(mime.MODULES)

    def point(self, spot: Spot | None, copy: bool) -> None:
        """Point somewhere; ``None`` is where nothing can be put."""
        at = None if spot is None else (spot, copy)
        if at == self._at:
            return
        self._at = at
        self._stop()
        if spot is None or at is None:
            return
        known = self._known.get(at)
        if known is not None:
            self._say(known)
            return
        work = partial(_tried, self._report, self.layer, self.paths, spot, copy)
        self._job = self._jobs.start(work, partial(self._found, at))

    def refused(self) -> bool:
        """Whether it is known that nothing would come of letting go here."""
        known = self._known.get(self._at) if self._at is not None else None
        return self._at is None or (known is not None and known.refused)

    def end(self) -> None:
        """Let go of the jobs; the drag is over or has left."""
        self._at = None
        self._stop()

    def _found(self, at: tuple[Spot, bool], found: Consequence) -> None:
        self._known[at] = found
        if at == self._at:
            self._say(found)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None


def edit_of(
    report: "Report", layer: str | None, paths: list[str], spot: Spot, copy: bool
) -> "tuple[Edit | None, str]":
    """Return the edit that letting go makes; for a layer that lacks arguments, its spec to ask for.

    Between the children of a module with a forward of its own it is wired in where one way leads
    from the one to the other; where several might be meant, the layer is to be asked for as well.
    Raises what the core refuses.
    """
    if layer is None:
        return edit_for_modules(report.document, paths, spot, copy), ""
    if spot.path is None and is_wired(report.document, spot.parent, layer):
        ways = ways_at(report, spot)
        typed = spec_on_way(layer, ways[0])
        if len(ways) > 1 or _missing(typed) or takes_several(typed):
            return None, typed
        return edit_on_way(report, ways[0], typed), typed
    spec = spec_for(layer, report, spot)
    if _missing(spec):
        return None, str(spec)
    return edit_for_layer(str(spec), spot), str(spec)


def _missing(spec: object) -> list[str]:
    try:
        return core.missing(core.parse_spec(spec) if isinstance(spec, str) else spec)  # type: ignore[arg-type]
    except ModelwrightError:
        return []


def _tried(
    report: "Report", layer: str | None, paths: list[str], spot: Spot, copy: bool, _: Job
) -> Consequence:
    try:
        edit, spec = edit_of(report, layer, paths, spot, copy)
    except ModelwrightError as error:
        return Consequence(str(error), refused=True)
    if edit is not None:
        return consequence(report, edit)
    asked = ", ".join(_missing(spec)) or "the steps it is to stand between"
    where = spot.path if spot.path is not None else spot.parent or "the model"
    return Consequence(f"{where}: {spec.partition('(')[0]} — you will be asked for {asked}")
