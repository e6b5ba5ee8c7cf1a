"""The ledger as a table: one row a tensor."""

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QCoreApplication,
    Qt,
)

from app import icons, numbers, theme
from app.item_models.row_table import Index, RowTableModel

if TYPE_CHECKING:
    from core.document import Ledger
    from core.document.ledger import Entry

Role = Qt.ItemDataRole
_tr = partial(QCoreApplication.translate, "Ledger")
HEADERS = ("Status", "Tensor", "Shape", "Values", "Came from")
#: Status -> (icon, tone).
STATUS: dict[str, tuple[str, theme.Tone]] = {
    "kept": ("ok", "muted"),
    "moved": ("moved-mark", "changed"),
    "sliced": ("cut", "changed"),
    "copied": ("copy", "changed"),
    "converted": ("changed-mark", "changed"),
    "loaded": ("weights-mark", "good"),
    "new": ("new-mark", "new"),
    "dropped": ("trash", "problem"),
}


class LedgerModel(RowTableModel):
    """Entries of a ledger that fit a filter."""

    def __init__(self) -> None:
        super().__init__([_tr(each) for each in HEADERS])
        self._all: tuple[Entry, ...] = ()
        self.entries: list[Entry] = []
        self._words: list[str] = []
        self._changed_only = False
        self._order: tuple[int, bool] | None = None

    def show_ledger(self, found: "Ledger | None") -> None:
        """Show another ledger."""
        self._all = found.entries if found is not None else ()
        self._choose()

    def show_only(self, text: str, changed_only: bool) -> None:
        """Show entries whose names hold every word; and only what was not simply kept."""
        self._words, self._changed_only = text.lower().split(), changed_only
        self._choose()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (column, order == Qt.SortOrder.DescendingOrder) if column >= 0 else None
        self._choose()

    def _choose(self) -> None:
        self.beginResetModel()
        self.entries = [each for each in self._all if self._fits(each)]
        if self._order is not None:
            column, reverse = self._order
            self.entries.sort(key=lambda each: _key(each, column), reverse=reverse)
        self.endResetModel()

    def _fits(self, entry: "Entry") -> bool:
        if self._changed_only and entry.status == "kept":
            return False
        names = f"{entry.name} {entry.before or ''} {entry.status}".lower()
        return all(word in names for word in self._words)

    def shown(self) -> "list[Entry]":
        return self.entries

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.entries):
            return None
        entry, column = self.entries[index.row()], index.column()
        icon, tone = STATUS[entry.status]
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return _texts(entry)[column]
        if role == Role.DecorationRole and column == 0:
            return icons.icon(icon, theme.tone(tone))
        if role == Role.ForegroundRole and column == 0:
            return theme.tone(tone)
        if role == Role.TextAlignmentRole and column == 3:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def as_text(self) -> str:
        """Return the rows, columns separated by tabs."""
        return "\n".join("\t".join(row) for row in [self.headers, *map(_texts, self.entries)])


def _texts(entry: "Entry") -> tuple[str, ...]:
    shape = "×".join(map(str, entry.shape)) or _tr("scalar")
    before = entry.before if entry.before not in (None, entry.name) else ""
    if entry.status == "sliced":
        before = _tr("{}, {} values kept").format(entry.before, numbers.exact(entry.kept))
    return _tr(entry.status), entry.name, shape, numbers.exact(entry.values), before or ""


def _key(entry: "Entry", column: int) -> Any:
    return (list(STATUS).index(entry.status), entry.name, entry.shape, entry.values,
            entry.before or "")[column]  # fmt: skip
