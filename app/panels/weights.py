"""The ledger: what became of every weight, and how much of what was trained is still there."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

import core
from app import numbers, theme
from app.item_models.ledger import STATUS, LedgerModel
from app.jobs import Job, Jobs
from app.state import State
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.document import Document, Ledger


class WeightsPanel(QWidget):
    """Shows the ledger from the origin to the current document; worked out when looked at."""

    selected = Signal(tuple)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job: Job | None = None
        self._state = State()
        self._of: Document | None = None
        self._behind = False
        self.ledger: Ledger | None = None
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.bar = ShareBar()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Filter by name or status"))
        self.filter.setAccessibleName(self.tr("Filter tensors"))
        self.filter.setClearButtonEnabled(True)
        self.changed_only = QCheckBox(self.tr("Only what changed"))
        self.changed_only.setChecked(True)
        self.copy = QPushButton(self.tr("Copy as text"))
        self.model = LedgerModel()
        self.table = QTableView()
        self._lay_out()
        self.filter.textChanged.connect(self._choose)
        self.changed_only.toggled.connect(self._choose)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.model.as_text()))
        self.table.doubleClicked.connect(self._select)
        self._choose()
        self._show(None)

    def _lay_out(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Tensors"))
        table.setSortingEnabled(True)
        table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(round(table.fontMetrics().height() * 1.45))
        letter = table.fontMetrics().averageCharWidth()
        for section, letters in enumerate((14, 34, 18, 14)):
            table.horizontalHeader().resizeSection(section, letters * letter)
        table.horizontalHeader().setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        self.filter.setMaximumWidth(32 * letter)
        tools = QHBoxLayout()
        tools.addWidget(self.summary, 1)
        tools.addWidget(self.changed_only)
        tools.addWidget(self.filter)
        tools.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(5)
        column.addLayout(tools)
        column.addWidget(self.bar)
        column.addWidget(table, 1)

    def show_state(self, state: State) -> None:
        """Follow the document; the ledger is worked out behind the window."""
        self._state = state
        seen = self.isVisible() and not self._behind
        if state.document is not self._of and (seen or state.document is None):
            self._work_out()

    def look(self, seen: bool) -> None:
        """Take note whether the panel can be seen: Qt calls a tab behind another one visible."""
        self._behind = not seen
        if seen and self._state.document is not self._of:
            self._work_out()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._state.document is not self._of:
            self._work_out()

    def _work_out(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._of = document = self._state.document
        origin = self._state.origin
        if document is None or origin is None:
            self._show(None)
            return
        self._job = self._jobs.start(
            lambda _: core.ledger(origin, document), partial(self._found, document), wait=0.0
        )

    def _found(self, document: "Document", found: "Ledger") -> None:
        if document is self._state.document:
            self._show(found)

    def _show(self, found: "Ledger | None") -> None:
        self.ledger = found
        self.model.show_ledger(found)
        self.bar.show_ledger(found)
        self.summary.setText(self._said(found))
        self.copy.setEnabled(found is not None)

    def _said(self, found: "Ledger | None") -> str:
        if found is None:
            return self.tr("What becomes of every weight is told here.")
        if self._state.document is self._state.origin:
            return self.tr("Nothing changed yet: all {} tensors are as they were opened.").format(
                len(found.entries)
            )
        text = self.tr("{} of the trained values kept, {} new, {} dropped.")
        share = numbers.percent(found.share_kept)
        new, dropped = found.values("new"), found.values("dropped")
        return text.format(share, numbers.exact(new), numbers.exact(dropped))

    def _choose(self) -> None:
        self.model.show_only(self.filter.text(), self.changed_only.isChecked())

    def _select(self, index: QModelIndex) -> None:
        path = self.model.entries[index.row()].name.rpartition(".")[0]
        document = self._state.document
        try:
            if document is not None:
                document.module(path)
                self.selected.emit((path,))
        except ModelwrightError:
            return  # what was dropped stands nowhere any more


class ShareBar(QWidget):
    """The values by status, as a bar with its legend."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: list[tuple[str, int]] = []
        self.setAccessibleName(self.tr("Values by status"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(round(self.fontMetrics().height() * 1.9))

    def show_ledger(self, found: "Ledger | None") -> None:
        """Show another ledger."""
        counts = [] if found is None else [(s, found.values(s)) for s in STATUS]  # type: ignore[arg-type]
        self._parts = [(status, count) for status, count in counts if count]
        self.setAccessibleDescription(", ".join(self._legend()))
        self.update()

    def _legend(self) -> list[str]:
        return [f"{status} {numbers.count(count)}" for status, count in self._parts]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        total = sum(count for _, count in self._parts)
        height, left = self.fontMetrics().height() * 0.45, 0.0
        for status, count in self._parts:
            width = self.width() * count / total
            painter.fillRect(QRectF(left, 1, max(1.0, width - 1), height), _colour(status))
            left += width
        self._write(painter, height)
        painter.end()

    def _write(self, painter: QPainter, top: float) -> None:
        line = self.fontMetrics().height()
        left = 0.0
        for (status, _), text in zip(self._parts, self._legend(), strict=True):
            mark = QRectF(left, top + line * 0.55, line * 0.6, line * 0.6)
            painter.fillRect(mark, _colour(status))
            painter.setPen(self.palette().color(self.foregroundRole()))
            width = self.fontMetrics().horizontalAdvance(text)
            room = QRectF(mark.right() + 4, top + line * 0.3, width + 2, line * 1.1)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
            left = room.right() + line


def _colour(status: str) -> QColor:
    colour = theme.tone("accent" if status == "kept" else STATUS[status][1])
    if status in ("moved", "copied", "converted"):  # told from 'sliced' by shade, and by the word
        colour.setAlphaF(0.6)
    return colour
