"""A plan of a load as a table: model on the left, file on the right, what becomes of it between."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import (
    QCoreApplication,
    QMimeData,
    Qt,
    Signal,
)

from app import icons, theme
from app.item_models.row_table import Index, RowTableModel
from app.item_models.stored_tree import shape_text

if TYPE_CHECKING:
    from core.checkpoint import Plan
    from core.checkpoint.plan import Row

Role = Qt.ItemDataRole
Flag = Qt.ItemFlag
HEADERS = ("Outcome", "In the model", "Shape", "In the file", "Shape", "How")
#: The name of one tensor of the file, on its way to one of the model.
STORED = "application/x-modelwright-stored-tensor"

_tr = partial(QCoreApplication.translate, "Plan")

#: Status -> (icon, tone, the word on the row, what it means).
STATUS: Mapping[str, tuple[str, theme.Tone, str, str]] = {
    "loaded": ("ok", "good", "loaded", "as it is in the file, under its name"),
    "renamed": ("moved-mark", "good", "renamed", "as it is in the file, where it has another name"),
    "converted": ("changed-mark", "changed", "converted", "worked out from the file's values"),
    "sliced": ("cut", "changed", "sliced", "what overlaps is taken, the rest stays as it is"),
    "own": ("info", "muted", "the model's own", "the model makes it itself"),
    "new": ("new-mark", "new", "new by an edit", "the file cannot have it: it stays as it is"),
    "left": ("stop", "muted", "left", "you said so: it stays as it is"),
    "missing": ("warning", "problem", "missing", "not in the file: it stays as it is"),
    "shape differs": ("error", "problem", "shape differs", "it stays as it is"),
    "unexpected": ("problem-mark", "changed", "unexpected", "in the file, nowhere in the model"),
    "dropped": ("trash", "muted", "dropped by an edit", "its place was taken out of the model"),
    "ignored": ("info", "muted", "not needed", "the model makes it itself"),
}
_ANSWERED = frozenset(
    {Role.DisplayRole, Role.ToolTipRole, Role.DecorationRole, Role.ForegroundRole}
)
Shown = Literal["everything", "what differs", "what does not fit"]
#: The statuses that are left out where not everything is wanted.
_LEFT_OUT: Mapping[Shown, frozenset[str]] = {
    "everything": frozenset(),
    "what differs": frozenset({"loaded", "own", "ignored"}),
    "what does not fit": frozenset(STATUS)
    - {"missing", "unexpected", "shape differs", "new", "left"},
}


class PlanModel(RowTableModel):
    """The rows of a plan that fit a filter.

    ``paired``: a row of the file was dropped on one of the model (both names).
    """

    paired = Signal(str, str)

    def __init__(self) -> None:
        super().__init__([_tr(each) for each in HEADERS])
        self._all: list[tuple[str, Row]] = []
        self.rows: list[Row] = []
        self._words: list[str] = []
        self._shown: Shown = "everything"
        self._module = ""

    def show_plan(self, plan: "Plan | None") -> None:
        """Show another plan."""
        rows = plan.rows if plan is not None else ()
        self._all = [(f"{row.name or ''} {row.stored or ''}".lower(), row) for row in rows]
        self._choose()

    def show_only(self, text: str, shown: Shown = "everything", module: str = "") -> None:
        """Show rows whose names hold every word, of some statuses, or that stand in a module."""
        self._words, self._shown, self._module = text.lower().split(), shown, module
        self._choose()

    def _choose(self) -> None:
        self.beginResetModel()
        rows = [row for _, row in self._chosen()]
        self.rows = _apart(rows) if self._shown == "what does not fit" else rows
        self.endResetModel()

    def _chosen(self) -> "list[tuple[str, Row]]":
        """Return the rows that fit, sieved once for each thing that is asked of them."""
        found, left_out = self._all, _LEFT_OUT[self._shown]
        if left_out:
            found = [each for each in found if each[1].status not in left_out]
        if self._module:
            start = f"{self._module}."
            found = [e for e in found if (e[1].name or e[1].stored or "").startswith(start)]
        for word in self._words:
            found = [each for each in found if word in each[0]]
        return found

    def row_of(self, name: str) -> int:
        """Return where a tensor of the model, or one of the file, stands; -1 if nowhere."""
        for number, row in enumerate(self.rows):
            if name in (row.name, row.stored):
                return number
        return -1

    # What Qt asks for

    def shown(self) -> "list[Row]":
        return self.rows

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if role not in _ANSWERED or not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        icon, tone, word, meaning = STATUS[row.status]
        if role == Role.DisplayRole:
            return _tr(word) if column == 0 else _text(row, column)
        if role == Role.DecorationRole and column == 0:
            return icons.icon(icon, theme.tone(tone))
        if role == Role.ForegroundRole:
            return theme.tone(tone) if column == 0 else _colour(row, column)
        if role == Role.ToolTipRole:
            return f"{_tr(word)}: {_tr(meaning)}" if column == 0 else _text(row, column)
        return None

    # Dragging a row of the file onto a row of the model

    def flags(self, index: Index) -> Qt.ItemFlag:
        usual = Flag.ItemIsEnabled | Flag.ItemIsSelectable | Flag.ItemNeverHasChildren
        if not index.isValid() or index.row() >= len(self.rows):
            return Flag.NoItemFlags
        row = self.rows[index.row()]
        if row.stored is not None:
            usual |= Flag.ItemIsDragEnabled
        return usual | (Flag.ItemIsDropEnabled if row.name is not None else usual)

    def mimeTypes(self) -> list[str]:
        return [STORED]

    def mimeData(self, indexes: Any) -> QMimeData:
        made = QMimeData()
        for index in indexes:
            stored = self.rows[index.row()].stored
            if stored is not None:
                made.setData(STORED, stored.encode())
                made.setText(stored)
                break
        return made

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.LinkAction | Qt.DropAction.MoveAction | Qt.DropAction.CopyAction

    def canDropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        return data.hasFormat(STORED) and parent.isValid() and self._named(parent) is not None

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        if not self.canDropMimeData(data, action, row, column, parent):
            return False
        self.paired.emit(self._named(parent), bytes(data.data(STORED).data()).decode())
        return False  # the rows are those of the next plan: Qt must not remove any

    def _named(self, index: Index) -> str | None:
        return self.rows[index.row()].name if index.row() < len(self.rows) else None


def _apart(rows: "list[Row]") -> "list[Row]":
    """Return the rows with the smaller side first: what is to be paired then stands together."""
    ours, theirs = [row for row in rows if row.name], [row for row in rows if not row.name]
    return theirs + ours if len(theirs) < len(ours) else ours + theirs


def _text(row: "Row", column: int) -> str:
    if column == 1:
        return row.name or ""
    if column == 2:
        return shape_text(row.shape)
    if column == 3:
        return row.stored or ""
    if column == 4:
        return shape_text(row.stored_shape)
    if row.note:
        return row.note
    if row.dtype and row.stored_dtype and row.dtype != row.stored_dtype:
        return _tr("{} becomes {}").format(row.stored_dtype, row.dtype)
    return _tr(row.how) if row.how else ""


def word_of(status: str) -> str:
    """Return the word for a status, as it stands on its rows."""
    return _tr(STATUS[status][2])


def _colour(row: "Row", column: int) -> Any:
    """Names that are not the same, and sizes, are where the eye has to look."""
    differs = column in (2, 4) and row.stored_shape is not None and row.shape != row.stored_shape
    if differs and row.name is not None:
        return theme.tone("problem" if row.status == "shape differs" else "changed")
    return None
