"""The page of the sheet that opens a model by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

import core
from app.item_models.zoo import ZooModel
from app.jobs import Jobs
from app.request import OpenRequest
from core.errors import SourceError

if TYPE_CHECKING:
    from core.document import InputSpec
    from core.source import ModelEntry

    Inputs = tuple[InputSpec, ...] | None

#: Widths of the columns behind the name, in letters.
_LETTERS = (15, 15, 11, 9, 14, 12)
_MOST_CLASSES = 1_000_000


class ZooPage(QWidget):
    """torchvision's models as a table; the weights and how to build it below."""

    activated = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.model = ZooModel()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search: resnet, segmentation, video …"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search models"))
        self.search.textChanged.connect(self._look)
        self.search.returnPressed.connect(self.activated)
        self.waiting = QLabel(self.tr("The models are listed as soon as PyTorch is loaded…"))
        self.table = self._table()
        self.weights = QComboBox()
        self.weights.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.note = QLabel()
        self.classes = QSpinBox()
        self.classes.setRange(0, _MOST_CLASSES)
        self.classes.setSpecialValueText(self.tr("as published"))
        self.structure = QCheckBox(self.tr("&Structure only, without memory for weights"))
        column = QVBoxLayout(self)
        column.addWidget(self.search)
        column.addWidget(self.waiting)
        column.addWidget(self.table, 1)
        column.addLayout(self._options())
        self.table.selectionModel().currentRowChanged.connect(self._show_weights)
        self.weights.currentIndexChanged.connect(self._follow)
        self.structure.toggled.connect(self._follow)
        self._show_weights()
        self.reading = jobs.start(
            lambda _: core.models(), self.show_models, title=self.tr("Reading the zoo")
        )

    def _options(self) -> QFormLayout:
        form = QFormLayout()
        for text, field, beside in (
            (self.tr("&Weights"), self.weights, self.note),
            (self.tr("&Classes"), self.classes, self.structure),
        ):
            row = QHBoxLayout()
            row.addWidget(field)
            row.addWidget(beside)
            row.addStretch(1)
            label = QLabel(text)
            label.setBuddy(field)
            form.addRow(label, row)
            field.setAccessibleName(text.replace("&", ""))
        return form

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Models"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSortingEnabled(True)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(round(table.fontMetrics().height() * 1.5))
        header, letter = table.horizontalHeader(), table.fontMetrics().averageCharWidth()
        header.setHighlightSections(False)
        for column, letters in enumerate(_LETTERS, start=1):
            header.resizeSection(column, letters * letter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.doubleClicked.connect(self.activated)
        return table

    def show_models(self, entries: "list[ModelEntry]") -> None:
        """Show the models that there are."""
        self.waiting.hide()
        self.model.show_models(entries)
        self._look(self.search.text())

    def _look(self, text: str) -> None:
        self.model.show_only(text)
        if self.model.rowCount():
            self.table.selectRow(self.model.best_row(text))
        self._show_weights()

    @property
    def entry(self) -> "ModelEntry | None":
        """The model that is chosen."""
        row = self.table.currentIndex().row()
        return self.model.entries[row] if 0 <= row < len(self.model.entries) else None

    def _show_weights(self, *_: QModelIndex) -> None:
        self.weights.clear()
        self.weights.addItem(self.tr("Random"), False)
        for name in self.entry.weights if self.entry is not None else ():
            self.weights.addItem(name, name)

    def _follow(self) -> None:
        """Weights fix the number of classes, and a bare structure has none."""
        pretrained = bool(self.weights.currentData())
        self.note.setText(self.tr("downloaded once, then kept") if pretrained else "")
        self.weights.setDisabled(self.structure.isChecked())
        self.classes.setDisabled(pretrained and not self.structure.isChecked())

    def request(self) -> "Callable[[Inputs], OpenRequest]":
        """Return what asks for the chosen model; raises SourceError where none is chosen."""
        entry = self.entry
        if entry is None:
            if self.reading.running:
                raise SourceError("The models are still being read; choose one in a moment.")
            raise SourceError("Choose a model in the table first.")
        structure = True if self.structure.isChecked() else None
        pretrained = False if structure else self.weights.currentData() or False
        classes = 0 if pretrained else self.classes.value()
        text = f"{entry.source}(num_classes={classes})" if classes else entry.source
        return lambda inputs: OpenRequest(text, pretrained, structure, inputs)
