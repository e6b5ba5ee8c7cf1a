"""Files waiting to be converted, as a table: from, to, and how far each is."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import (
    QCoreApplication,
    Qt,
)

from app import icons, theme
from app.item_models.row_table import NOWHERE, Index, RowTableModel

Role = Qt.ItemDataRole
Where = Literal["waiting", "at work", "done", "failed", "stopped"]
_tr = partial(QCoreApplication.translate, "Conversions")
HEADERS = ("File", "Becomes", "How far")
_MARKS: dict[Where, tuple[str, theme.Tone]] = {
    "waiting": ("recent", "muted"),
    "at work": ("next", "accent"),
    "done": ("ok", "good"),
    "failed": ("error", "problem"),
    "stopped": ("stop", "muted"),
}


def word_of(where: str) -> str:
    """Return the word for how far a file is."""
    return _tr(where)


@dataclass
class Conversion:
    """One file of the queue."""

    source: Path
    target: Path
    where: Where = "waiting"
    said: str = ""


class ConversionModel(RowTableModel):
    """The queue, in the order in which it is worked through."""

    def __init__(self) -> None:
        super().__init__([_tr(each) for each in HEADERS])
        self.items: list[Conversion] = []

    def add(self, items: list[Conversion]) -> None:
        """Put files at the end of the queue."""
        if items:
            first = len(self.items)
            self.beginInsertRows(NOWHERE, first, first + len(items) - 1)
            self.items += items
            self.endInsertRows()

    def remove(self, rows: list[int]) -> None:
        """Take rows out of the queue."""
        for row in sorted(set(rows), reverse=True):
            self.beginRemoveRows(NOWHERE, row, row)
            del self.items[row]
            self.endRemoveRows()

    def tell(self, item: Conversion) -> None:
        """Say that an item is another."""
        row = next((n for n, each in enumerate(self.items) if each is item), None)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(HEADERS) - 1))

    def shown(self) -> "list[Conversion]":
        return self.items

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.items):
            return None
        item, column = self.items[index.row()], index.column()
        icon, tone = _MARKS[item.where]
        if role == Role.DisplayRole:
            return (item.source.name, item.target.name, item.said or word_of(item.where))[column]
        if role == Role.ToolTipRole:
            return (str(item.source), str(item.target), item.said)[column]
        if column == 2 and role == Role.DecorationRole:
            return icons.icon(icon, theme.tone(tone))
        if column == 2 and role == Role.ForegroundRole:
            return theme.tone(tone)
        return None
