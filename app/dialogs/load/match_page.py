"""The second step: model and file side by side, what was recognised, and pairing by hand."""

from collections.abc import Iterable
from itertools import takewhile
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QDrag, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app import icons, tables, theme
from app.dialogs.load.case import Case
from app.dialogs.load.conditions import ConditionList
from app.dialogs.load.totals import TotalsBar
from app.drag_pixmap import drag_pixmap
from app.item_models.plan_rows import PlanModel
from app.said import Said

if TYPE_CHECKING:
    from core.checkpoint import Plan
    from core.checkpoint.plan import Row
    from core.files import Contents

_MOST_OFFERED = 20  # partners that a menu can show


class PlanTable(QTableView):
    """Rows of the file are dragged onto rows of the model; the keys are those of the menu."""

    def __init__(self, model: PlanModel) -> None:
        super().__init__()
        self._plan = model
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.LinkAction)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def startDrag(self, actions: Qt.DropAction) -> None:
        indexes = self.selectedIndexes()
        data = self._plan.mimeData(indexes[:1])
        if not data.text():
            return
        drag = QDrag(self)
        drag.setMimeData(data)
        mark = icons.icon("link", theme.tone("accent"))
        drag.setPixmap(drag_pixmap(data.text(), mark, self.palette(), self.devicePixelRatio()))
        drag.setHotSpot(QPoint(-10, -6))
        drag.exec(actions, Qt.DropAction.LinkAction)

    @property
    def current(self) -> "Row | None":
        """The row that is selected."""
        at = self.currentIndex()
        return self._plan.rows[at.row()] if 0 <= at.row() < len(self._plan.rows) else None


class MatchPage(QWidget):
    """``chosen``: a condition's key and an answer. ``paired``: names in model and file.

    ``left``: a tensor of the model that is to keep what it has. ``reset``: no pairs by hand.
    """

    chosen = Signal(str, str)
    paired = Signal(str, str)
    left = Signal(str)
    reset = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.conditions = ConditionList()
        self.conditions.chosen.connect(self.chosen)
        self.model = PlanModel()
        self.model.paired.connect(self.paired)
        self.table = PlanTable(self.model)
        tables.dress(self.table, self.tr("Tensors of model and file"), (19, 32, 15, 32, 15, 26), 5)
        self.table.customContextMenuRequested.connect(self._menu)
        self.totals = TotalsBar()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Filter by name"))
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName(self.tr("Filter the tensors"))
        self.shown = QComboBox()
        self.shown.setAccessibleName(self.tr("Which tensors to show"))
        for title, which in (
            (self.tr("Everything"), "everything"),
            (self.tr("Only what differs"), "what differs"),
            (self.tr("Only what does not fit"), "what does not fit"),
        ):
            self.shown.addItem(title, which)
        self.module = QComboBox()
        self.module.setAccessibleName(self.tr("Only tensors of this part of the model"))
        self.module.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.pair = QPushButton(self.tr("&Pair…"))
        self.pair.setAutoDefault(False)
        self.pair.setToolTip(
            self.tr("Say which tensor of the file this one is (Ctrl+P); or drag its row here, or"
                    " copy it there and paste it here. Del leaves this one alone.")
        )  # fmt: skip
        self.pair.clicked.connect(lambda: self._menu(None))
        self.forget = QPushButton(self.tr("For&get pairs"))
        self.forget.setAutoDefault(False)
        self.forget.clicked.connect(self.reset)
        self.said = Said()
        self._plan: Plan | None = None
        #: The file whose parts are offered as filters; another answer does not undo the filters.
        self._contents: Contents | None = None
        self._lay_out()
        self._add_keys()
        for signal in (self.filter.textChanged, self.shown.activated, self.module.activated):
            signal.connect(self._choose)
        self.table.selectionModel().currentChanged.connect(self._enable)
        self._enable()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        for widget in (self.filter, self.shown, self.module, self.pair, self.forget):
            tools.addWidget(widget, 1 if widget is self.filter else 0)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.totals)
        column.addLayout(tools)
        column.addWidget(self.said)
        column.addWidget(self.table, 1)
        left = QWidget()
        list_ = QVBoxLayout(left)
        list_.setContentsMargins(0, 6, 0, 0)
        title = QLabel(self.tr("What was recognised"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        list_.addWidget(title)
        list_.addWidget(self.conditions, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(right)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(1, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(split)

    def _add_keys(self) -> None:
        """The twins of the drag: choose the partner, or copy one and paste it; leave one alone."""
        for keys, slot in (
            ("Ctrl+P", lambda: self._menu(None)),
            ("Del", self._leave),
            ("Ctrl+C", self._copy),
            ("Ctrl+V", self._paste),
        ):
            action = QAction(self.table)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(slot)
            self.table.addAction(action)

    # Showing

    def show_case(self, case: Case) -> None:
        """Show the plan as it is now; selection and scroll position stay."""
        self._plan = case.plan
        current, row = self.table.current, self.table.currentIndex().row()
        self.conditions.show_conditions(case.conditions, case.answers, case.offered)
        scrolled = self.table.verticalScrollBar().value()
        self.model.show_plan(case.plan)
        self.totals.show_plan(case.plan)
        self.forget.setVisible(bool(case.pairs))
        if case.document is None:
            self.said.say(self.tr("Open the model that the file belongs to; then it is shown here"
                                  " tensor by tensor what of it fits."))  # fmt: skip
        elif case.plan is not None and case.problem:
            self.said.say(self.tr("Nothing fits by itself. Drag a row of the file onto one of the"
                                  " model, or choose a row and press Ctrl+P: what is the same"
                                  " counts from then on."), "changed")  # fmt: skip
        else:
            self.said.say(case.problem, "problem")
        self.said.setVisible(bool(self.said.text()))
        if case.plan is not None and case.contents is not self._contents:
            self._contents = case.contents
            self._fill_modules()
            wanted = "everything" if case.plan.fits else "what does not fit"
            self.shown.setCurrentIndex(self.shown.findData(wanted))
            self._choose()
        elif current is not None:
            self._select(current, row)
        self.table.verticalScrollBar().setValue(scrolled)
        self._enable()

    def _select(self, current: "Row", row: int) -> None:
        """Select a row again; where it fits now and is not shown any more, the one after it."""
        found = self.model.row_of(current.name or current.stored or "")
        found = found if found >= 0 else min(row, self.model.rowCount() - 1)
        if found >= 0:
            self.table.selectRow(found)

    def _fill_modules(self) -> None:
        rows = self._plan.rows if self._plan is not None else ()
        parts: dict[str, None] = {}
        for row in rows:
            first, dot, _ = (row.name or row.stored or "").partition(".")
            if dot:
                parts[first] = None
        self.module.clear()
        self.module.addItem(self.tr("All modules"), "")
        for part in parts:
            self.module.addItem(part, part)

    def _choose(self) -> None:
        current = self.table.current
        self.model.show_only(
            self.filter.text(), self.shown.currentData(), self.module.currentData() or ""
        )
        found = self.model.row_of(current.name or current.stored or "") if current else -1
        if found >= 0:
            self.table.selectRow(found)
        self._enable()

    def _enable(self) -> None:
        self.pair.setEnabled(self.table.current is not None)

    # Pairing

    def _menu(self, at: QPoint | None) -> None:
        """Offer the partners of the current row: those of its shape first."""
        row, plan = self.table.current, self._plan
        if row is None or plan is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ours = row.name is not None
        menu.addSection(
            self.tr("{} is in the file…").format(row.name) if row.name is not None
            else self.tr("{} is in the model…").format(row.stored)
        )  # fmt: skip
        for name in partners(row, plan)[:_MOST_OFFERED]:
            action = menu.addAction(name)
            one, other = (row.name, name) if ours else (name, row.stored)
            action.triggered.connect(lambda _=False, a=one, b=other: self.paired.emit(a, b))
        if menu.actions()[-1].isSeparator():
            menu.addAction(self.tr("Nothing else that is free has its shape")).setEnabled(False)
        menu.addSeparator()
        leave = self.tr("Leave {} as it is") if ours else self.tr("Leave {} out")
        menu.addAction(leave.format(row.name or row.stored)).triggered.connect(self._leave)
        place = at if at is not None else self.table.visualRect(self.table.currentIndex()).center()
        menu.popup(self.table.viewport().mapToGlobal(place))

    def _leave(self) -> None:
        """Keep the model's own values, or take nothing from this tensor of the file."""
        row = self.table.current
        if row is not None:
            self.left.emit(row.name or row.stored)

    def _copy(self) -> None:
        data = self.model.mimeData([self.table.currentIndex()])
        if data.text():
            QGuiApplication.clipboard().setMimeData(data)

    def _paste(self) -> None:
        link, at = Qt.DropAction.LinkAction, self.table.currentIndex()
        self.model.dropMimeData(QGuiApplication.clipboard().mimeData(), link, -1, -1, at)


def partners(row: "Row", plan: "Plan") -> list[str]:
    """Return the tensors of the other side that could be this one, the likeliest first.

    Those of its shape come before those of as many sizes, and names are alike as far as they begin
    and end alike: that is told of ten thousand while a menu opens.
    """
    ours = row.name is not None
    shape, own = (row.shape if ours else row.stored_shape), row.name or row.stored or ""
    found = []
    for each in plan.rows:
        name, other = (each.stored, each.stored_shape) if ours else (each.name, each.shape)
        if each is row or name is None or (each.name is not None and each.stored is not None):
            continue
        if other == shape or (other is not None and shape is not None and len(other) == len(shape)):
            alike = _alike(name, own) + _alike(reversed(name), reversed(own))
            found.append((other != shape, -alike, len(name), name))
    return [name for *_, name in sorted(found)]


def _alike(one: Iterable[str], other: Iterable[str]) -> int:
    """Return how many letters two names have in common before they part."""
    same = takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False))
    return sum(1 for _ in same)
