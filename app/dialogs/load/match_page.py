"""The second step: model and file side by side, what was recognised, and pairing by hand."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QDrag, QKeySequence
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
            self.tr("Say which tensor of the file this one is (Ctrl+P), or drag one row onto"
                    " another")
        )  # fmt: skip
        self.pair.clicked.connect(lambda: self._menu(None))
        self.forget = QPushButton(self.tr("Forget &pairs"))
        self.forget.setAutoDefault(False)
        self.forget.clicked.connect(self.reset)
        self.said = Said()
        self._plan: Plan | None = None
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
        """The twins of the drag: choose the partner, or leave the tensor alone."""
        for keys, slot in (("Ctrl+P", lambda: self._menu(None)), ("Del", self._leave)):
            action = QAction(self.table)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(slot)
            self.table.addAction(action)

    # Showing

    def show_case(self, case: Case) -> None:
        """Show the plan as it is now; selection and scroll position stay."""
        before, self._plan = self._plan, case.plan
        current = self.table.current
        self.conditions.show_conditions(case.conditions, case.answers, case.offered)
        scrolled = self.table.verticalScrollBar().value()
        self.model.show_plan(case.plan)
        self.totals.show_plan(case.plan)
        self.forget.setVisible(bool(case.pairs))
        if case.document is None:
            self.said.say(self.tr("Open the model that the file belongs to; then it is shown here"
                                  " tensor by tensor what of it fits."))  # fmt: skip
        else:
            self.said.say(case.problem, "problem")
        self.said.setVisible(bool(self.said.text()))
        if before is None:
            self._fill_modules()
            if case.plan is not None:
                wanted = "everything" if case.plan.fits else "what does not fit"
                self.shown.setCurrentIndex(self.shown.findData(wanted))
                self._choose()
        elif current is not None:
            self.table.selectRow(self.model.row_of(current.name or current.stored or ""))
        self.table.verticalScrollBar().setValue(scrolled)
        self._enable()

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
        self.model.show_only(
            self.filter.text(), self.shown.currentData(), self.module.currentData() or ""
        )
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
        for name in _partners(row, plan)[:_MOST_OFFERED]:
            action = menu.addAction(name)
            one, other = (row.name, name) if ours else (name, row.stored)
            action.triggered.connect(lambda _=False, a=one, b=other: self.paired.emit(a, b))
        if menu.actions()[-1].isSeparator():
            menu.addAction(self.tr("Nothing else that is free has its shape")).setEnabled(False)
        if ours:
            menu.addSeparator()
            menu.addAction(self.tr("Leave {} as it is").format(row.name)).triggered.connect(
                self._leave
            )
        place = at if at is not None else self.table.visualRect(self.table.currentIndex()).center()
        menu.popup(self.table.viewport().mapToGlobal(place))

    def _leave(self) -> None:
        row = self.table.current
        if row is not None and row.name is not None and row.stored is not None:
            self.left.emit(row.name)


def _partners(row: "Row", plan: "Plan") -> list[str]:
    """Return the tensors of the other side that could be this one, the likeliest first."""
    from difflib import SequenceMatcher

    ours = row.name is not None
    shape = row.shape if ours else row.stored_shape
    found = []
    for each in plan.rows:
        name, other = (each.stored, each.stored_shape) if ours else (each.name, each.shape)
        if each is row or name is None or (each.name is not None and each.stored is not None):
            continue
        fits = other == shape
        if fits or (other is not None and shape is not None and len(other) == len(shape)):
            likeness = SequenceMatcher(None, name, row.name or row.stored or "").ratio()
            found.append((not fits, -likeness, name))
    return [name for _, _, name in sorted(found)]
