"""The weights a module holds itself, and the numbers of the one that is selected."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

import core
from app import numbers
from app.histogram import Histogram
from app.jobs import Job, Jobs
from app.panels.inspector.training import TrainingRow
from app.parts import Facts, ToneLabel

if TYPE_CHECKING:
    from core.document import Document
    from core.statistics import Statistics, Weight

_MOST_ROWS = 8


class Weights(QWidget):
    """``asked``: to freeze, to start anew."""

    asked = Signal(object)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._job: Job | None = None
        self._weights: tuple[Weight, ...] = ()
        self._document: Document | None = None
        self._paths: tuple[str, ...] = ()
        self.training = TrainingRow()
        self.training.asked.connect(self.asked)
        self.table = self._table()
        self.facts = Facts()
        self.histogram = Histogram()
        self.note = ToneLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for each in (self.training, self.table, self.histogram, self.facts, self.note):
            column.addWidget(each)

    def show_modules(self, document: "Document", paths: tuple[str, ...]) -> None:
        """Show what these modules hold; the table is of one module only."""
        if document is self._document and paths == self._paths:
            return
        self._document, self._paths = document, paths
        self.training.show_modules(document, paths)
        name = self.current.name if self.current is not None else ""
        self._weights = core.weights_of(document, paths[0]) if len(paths) == 1 else ()
        self._fill(name)
        if not self._weights:
            self._show_nothing(self._why_empty(document, paths))

    @property
    def current(self) -> "Weight | None":
        """The weight whose numbers are shown."""
        at = self.table.currentIndex().row()
        return self._weights[at] if 0 <= at < len(self._weights) else None

    def _fill(self, name: str) -> None:
        self.table.blockSignals(True)  # while it is filled, nothing is chosen
        self.table.clear()
        for weight in self._weights:
            self.table.addTopLevelItem(self._item(weight))
        names = [weight.name for weight in self._weights]
        if names:
            at = names.index(name) if name in names else 0
            self.table.setCurrentIndex(self.table.model().index(at, 0))
        self.table.blockSignals(False)
        self._fit()
        self.table.setVisible(bool(names))
        self._show_current()

    def _item(self, weight: "Weight") -> QTreeWidgetItem:
        shape = self.tr("not known") if weight.shape is None else shape_text(weight.shape)
        name = f"{weight.name} ⚭" if weight.tied else weight.name
        item = QTreeWidgetItem([name, shape, weight.dtype])
        hint = f"{weight.name}: {self._kind(weight)}, {weight.dtype}, {weight.device}"
        for column in range(3):
            item.setToolTip(column, hint)
        return item

    def _show_current(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        weight = self.current
        if weight is None:
            return
        known = core.known_statistics(weight.tensor)
        if known is not None:
            self._show_statistics(weight, known)
            return
        self._show_facts(weight, {self.tr("Range"): "…", self.tr("Mean"): "…"})
        tensor = weight.tensor

        def done(found: "Statistics") -> None:
            if isValid(self) and self.current is weight:  # the window may be gone by now
                self._show_statistics(weight, found)

        self._job = self._jobs.start(lambda _: core.statistics_of(tensor), done, wait=0.01)

    def _show_statistics(self, weight: "Weight", found: "Statistics") -> None:
        self._show_facts(weight, self._numbers(found) if found.finite else {})
        self.histogram.show_counts(found.counts, found.minimum, found.maximum)
        self.histogram.setVisible(bool(found.counts))
        self.note.say(self._said(found))

    def _show_facts(self, weight: "Weight", more: dict[str, str]) -> None:
        facts = {
            self.tr("Kind"): self._kind(weight),
            self.tr("Device"): weight.device,
            self.tr("Tied to"): "\n".join(weight.tied),
        }
        self.facts.show_facts({**facts, **more})
        self.facts.show()

    def _show_nothing(self, why: str) -> None:
        self.facts.hide()
        self.histogram.hide()
        self.note.say(why)

    def _numbers(self, found: "Statistics") -> dict[str, str]:
        low, high = numbers.real(found.minimum), numbers.real(found.maximum)
        return {
            self.tr("Range"): low if low == high else self.tr("{} to {}").format(low, high),
            self.tr("Mean"): numbers.real(found.mean),
            self.tr("Std"): numbers.real(found.std),
            self.tr("Zeros"): f"{_share(found)} %",
        }

    def _said(self, found: "Statistics") -> str:
        why = {
            "": "",
            "structure only": self.tr("No values: only the structure was opened."),
            "not initialised": self.tr("No values yet: it takes its shape from the first input."),
            "empty": self.tr("It is empty."),
            "layout": self.tr("Its layout has no plain values to count."),
        }[found.why]
        said = [why] if why else []
        if found.nans or found.infinities:
            bad = self.tr("Not finite: {} NaN, {} infinite.")
            said.append(bad.format(numbers.exact(found.nans), numbers.exact(found.infinities)))
        if found.magnitudes:
            said.append(self.tr("Complex: these are the magnitudes."))
        if found.sampled is not None:
            sampled = self.tr("Mean, std, zeros and histogram are of {} of {} values.")
            total = numbers.count(found.count)
            said.append(sampled.format(numbers.count(found.sampled), total))
        self.note.set_tone("problem" if found.nans or found.infinities else "muted")
        return " ".join(said)

    def _kind(self, weight: "Weight") -> str:
        if weight.kind == "buffer":
            return self.tr("buffer") if weight.saved else self.tr("buffer, not saved")
        if weight.trainable:
            return self.tr("parameter, trainable")
        return self.tr("parameter, frozen")

    def _why_empty(self, document: "Document", paths: tuple[str, ...]) -> str:
        if len(paths) > 1:
            return self.tr("Select one module to see its weights.")
        module = document.module(paths[0])
        below = sum(1 for _ in module.parameters())
        if below:
            return self.tr("None of its own; {} in its parts.").format(below)
        return self.tr("It has no weights.")

    def _table(self) -> QTreeWidget:
        table = QTreeWidget()
        table.setAccessibleName(self.tr("Weights"))
        table.setHeaderLabels([self.tr("Name"), self.tr("Shape"), self.tr("Type")])
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setAlternatingRowColors(True)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = table.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(table.fontMetrics().averageCharWidth() * 4)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        table.currentItemChanged.connect(lambda *_: self._show_current())
        return table

    def _fit(self) -> None:
        """Be as high as its rows, so that the panel scrolls and not the table in it."""
        shown = min(len(self._weights), _MOST_ROWS)
        row = self.table.sizeHintForRow(0) if shown else 0
        frame = 2 * self.table.frameWidth()
        self.table.setFixedHeight(self.table.header().sizeHint().height() + shown * row + frame)


def shape_text(shape: tuple[int, ...]) -> str:
    """Return ``64×3×7×7``, as shapes are written everywhere."""
    return "×".join(map(str, shape)) or "scalar"


def _share(found: "Statistics") -> str:
    """Return the share of zeros in percent; a few among millions are not none."""
    percent = found.zeros * 100
    return "< 0.1" if 0 < percent < 0.1 else f"{percent:.1f}"
