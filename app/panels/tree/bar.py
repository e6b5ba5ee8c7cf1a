"""What stands above the tree: totals, the input, the filter, how deep to expand, the trash."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

import core
from app import icons, mime, numbers, theme
from app.state import State
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.analysis import Report


class TotalsBar(QWidget):
    """Totals of the model, and its input, which can be changed here.

    ``asked`` carries a ``SetInputs``; a text that is no input is answered in place.
    """

    asked = Signal(object)
    complained = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = State()
        self.totals = ElidedLabel()
        self.totals.setAccessibleName(self.tr("Totals"))
        self.input = QLineEdit()
        self.input.setPlaceholderText("1,3,224,224")
        self.input.setAccessibleName(self.tr("Input shape"))
        self.input.setToolTip(
            self.tr(
                "What the model is fed: 1,3,224,224 — other dtypes as 1,16:int64,"
                " several inputs separated by ;"
            )
        )
        self.input.setFixedWidth(self.input.fontMetrics().averageCharWidth() * 24)
        self.input.editingFinished.connect(self._ask)
        label = QLabel(self.tr("&Input"))
        label.setBuddy(self.input)
        self.output = QLabel()
        self.output.setAccessibleName(self.tr("Output shape"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.totals, 1)
        row.addWidget(label)
        row.addWidget(self.input)
        row.addWidget(self.output)

    def show_state(self, state: State) -> None:
        """Show the totals of this state; the input as the document has it."""
        before, self._state = self._state, state
        if state.report is not before.report or state.document is not before.document:
            self.totals.setText(self._sum(state.report))
            self.totals.setToolTip(self._exactly(state.report))
            given = self._given(state.report)
            room = self.fontMetrics().averageCharWidth() * 40
            elide = Qt.TextElideMode.ElideRight
            self.output.setText(self.fontMetrics().elidedText(given, elide, room))
            self.output.setToolTip(given)
        if state.document is not before.document:
            self._reset()
        self.setEnabled(state.document is not None)

    def _reset(self) -> None:
        self._mark(False)
        document = self._state.document
        if document is not None:
            self.input.setText("; ".join(str(each) for each in document.inputs))
            self.input.setCursorPosition(0)

    def _ask(self) -> None:
        document, text = self._state.document, self.input.text().strip()
        if document is None or text == "; ".join(str(each) for each in document.inputs):
            self._mark(False)
            return
        try:
            inputs = core.parse_inputs(text)
        except ModelwrightError as error:
            self._mark(True)
            self.complained.emit(str(error))
            return
        self._mark(False)
        self.asked.emit(core.SetInputs(inputs))

    def _mark(self, wrong: bool) -> None:
        palette = self.palette()
        if wrong:
            palette.setColor(palette.ColorRole.Text, theme.tone("problem"))
        self.input.setPalette(palette)

    def _sum(self, report: "Report | None") -> str:
        if self._state.document is None:
            return ""
        if report is None:
            return self.tr("Working out shapes…")
        parts = [self.tr("{} parameters").format(numbers.count(report.parameters))]
        if report.trainable != report.parameters:
            parts.append(self.tr("{} trained").format(numbers.count(report.trainable)))
        if report.macs:
            parts.append(self.tr("{} MACs").format(numbers.macs(report.macs)))
        return "  ·  ".join([*parts, numbers.size(report.bytes)])

    def _exactly(self, report: "Report | None") -> str:
        if report is None:
            return ""
        text = self.tr("{} parameters, {} of them trained, {} bytes of weights")
        counts = (report.parameters, report.trainable, report.bytes)
        return text.format(*map(numbers.exact, counts))

    def _given(self, report: "Report | None") -> str:
        if report is None:
            return ""
        fails = report.output is None or bool(report.problems)
        return "→ " + (self.tr("fails") if fails else str(report.output))


class ElidedLabel(QLabel):
    """A label that ends in dots where it has no room, instead of pushing others away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.end()


class FindBar(QWidget):
    """The filter, how deep to expand, and the trash, which also takes what is dropped on it."""

    filtered = Signal(str)
    expanded = Signal(int)
    removal_wanted = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Filter by name or type"))
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName(self.tr("Filter modules"))
        self._search = self.field.addAction(
            icons.icon("filter"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.levels = QComboBox()
        self.levels.setAccessibleName(self.tr("Expand to depth"))
        self.levels.setToolTip(self.tr("How many levels of the tree to show"))
        for title, levels in ((self.tr("1 level"), 1), (self.tr("2 levels"), 2),
                              (self.tr("3 levels"), 3), (self.tr("All levels"), -1)):  # fmt: skip
            self.levels.addItem(title, levels)
        self.trash = TrashButton()
        self.trash.dropped.connect(self.removal_wanted)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(120)
        self._timer.timeout.connect(lambda: self.filtered.emit(self.field.text().strip()))
        self.field.textChanged.connect(lambda: self._timer.start())
        self.levels.activated.connect(lambda: self.expanded.emit(self.levels.currentData()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.field, 1)
        row.addWidget(self.levels)
        row.addWidget(self.trash)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._search.setIcon(icons.icon("filter"))


class TrashButton(QToolButton):
    """Removes what is selected when clicked, and what is dropped on it."""

    dropped = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.setAutoRaise(True)
        self.setIcon(icons.icon("trash"))
        self.setAccessibleName(self.tr("Remove"))
        self.setToolTip(self.tr("Remove the selected modules; rows can be dropped here too"))
        self.clicked.connect(lambda: self.dropped.emit([]))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(mime.MODULES):
            event.setDropAction(Qt.DropAction.MoveAction)
            event.accept()
            self.setDown(True)

    def dragLeaveEvent(self, event: object) -> None:
        self.setDown(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.setDown(False)
        event.acceptProposedAction()
        self.dropped.emit(mime.modules_in(event.mimeData()))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.setIcon(icons.icon("trash"))
