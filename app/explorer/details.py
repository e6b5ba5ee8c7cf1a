"""One tensor of a file: its facts, its numbers, a histogram and a heat map, read when looked at."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

import core
from app import numbers
from app.explorer.heat_map import HeatMapView
from app.histogram import Histogram
from app.item_models.stored_tree import StoredNode, shape_text
from app.jobs import Job, Jobs
from app.parts import ElidedLabel, Facts
from app.said import Said
from core.files.code import tensor_code

if TYPE_CHECKING:
    from core.errors import ModelwrightError
    from core.files import Contents, StoredTensor
    from core.statistics import HeatMap, Statistics


class Details(QWidget):
    """``told``: a sentence about what was done."""

    told = Signal(str)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._job: Job | None = None
        self._contents: Contents | None = None
        self._node: StoredNode | None = None
        self.title = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.facts = Facts()
        self.said = Said()
        self.histogram = Histogram()
        self.picture = HeatMapView()
        self.copy_name = self._button(self.tr("Copy &name"), self._copy_name)
        self.copy_code = self._button(self.tr("Copy as &code"), self._copy_code)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_name)
        buttons.addWidget(self.copy_code)
        buttons.addStretch(1)
        numbers_ = QVBoxLayout()
        numbers_.addWidget(self.facts)
        numbers_.addWidget(self.said)
        numbers_.addWidget(self.histogram)
        numbers_.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(14)
        both.addLayout(numbers_, 2)
        both.addWidget(self.picture, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.title)
        column.addLayout(buttons)
        column.addLayout(both, 1)
        self.show_node(None, None)

    def _button(self, text: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(slot)
        return button

    def show_node(self, contents: "Contents | None", node: StoredNode | None) -> None:
        """Show a tensor, or how much stands under a part of a name."""
        self._contents, self._node = contents, node
        tensor = node.tensor if node is not None else None
        self.title.set_text(node.path if node is not None else self.tr("Choose a tensor"))
        self.copy_name.setEnabled(node is not None)
        self.copy_code.setEnabled(tensor is not None)
        self.said.say("")
        self.histogram.setVisible(tensor is not None)
        self.picture.setVisible(tensor is not None)
        self.picture.show_map(None)
        self.histogram.show_counts((), 0.0, 0.0)
        if node is None:
            self.facts.show_facts({})
        elif tensor is None:
            many = self.tr("{} tensors").format(numbers.exact(node.count))
            count = self.tr("one tensor") if node.count == 1 else many
            self.facts.show_facts({"Holds": count, "Size": numbers.size(node.bytes)})
        else:
            self.facts.show_facts(_facts(tensor))
            self.said.say(self.tr("Reading…"))
            self._look()

    def _look(self) -> None:
        """Read what is chosen, one at a time: who goes down the tree reads where they stop."""
        tensor = self._node.tensor if self._node is not None else None
        if tensor is not None and self._job is None:
            self._job = self._jobs.start(
                lambda _: _looked_at(tensor),
                partial(self._found, tensor),
                partial(self._not_readable, tensor),
            )

    def _is_chosen(self, tensor: "StoredTensor") -> bool:
        """Whether an answer is still wanted; if not, what is chosen now is read next."""
        self._job = None
        if self._node is not None and self._node.tensor is tensor:
            return True
        self._look()
        return False

    def _found(self, tensor: "StoredTensor", found: "tuple[Statistics, HeatMap | None]") -> None:
        if not self._is_chosen(tensor):
            return
        statistics, picture = found
        self.said.say("")
        self.facts.show_facts({**_facts(tensor), **_numbers(statistics)})
        self.histogram.show_counts(statistics.counts, statistics.minimum, statistics.maximum)
        self.histogram.setVisible(bool(statistics.counts))
        self.picture.show_map(picture)
        self.picture.setVisible(picture is not None)
        if statistics.nans or statistics.infinities:
            told = self.tr("NaN: {}, infinite: {}.")
            self.said.say(told.format(statistics.nans, statistics.infinities), "problem")

    def _not_readable(self, tensor: "StoredTensor", error: "ModelwrightError") -> None:
        if self._is_chosen(tensor):
            self.histogram.hide()
            self.picture.hide()
            self.said.say(str(error), "problem")

    def _copy_name(self) -> None:
        if self._node is not None:
            QGuiApplication.clipboard().setText(self._node.path)
            self.told.emit(self.tr("Copied {}").format(self._node.path))

    def _copy_code(self) -> None:
        if self._node is not None and self._contents is not None:
            QGuiApplication.clipboard().setText(tensor_code(self._contents, self._node.path))
            self.told.emit(self.tr("Copied the code that reads {}").format(self._node.path))


def _tr(text: str) -> str:
    return QCoreApplication.translate("Details", text)


def _looked_at(tensor: "StoredTensor") -> "tuple[Statistics, HeatMap | None]":
    values = core.tensor_of(tensor)
    return core.statistics_of(values), core.heat_map(values)


def _facts(tensor: "StoredTensor") -> dict[str, str]:
    return {
        _tr("Shape"): shape_text(tensor.shape),
        _tr("Type"): tensor.dtype,
        _tr("Values"): numbers.exact(tensor.numel),
        _tr("Size"): numbers.size(tensor.bytes),
        _tr("Saved from"): tensor.device,
        _tr("Kind"): tensor.special,
    }


def _numbers(found: "Statistics") -> dict[str, str]:
    if not found.finite:
        return {}
    return {
        _tr("Range"): _tr("{} to {}").format(
            numbers.real(found.minimum), numbers.real(found.maximum)
        ),
        _tr("Mean, std"): f"{numbers.real(found.mean)}, {numbers.real(found.std)}",
        _tr("Zeros"): numbers.percent(found.zeros),
    }
