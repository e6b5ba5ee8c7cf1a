"""Rows of texts as a table: for what is only read, such as the values beside the weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt

from app import icons, theme
from app.item_models.row_table import Index, RowTableModel

Role = Qt.ItemDataRole


@dataclass(frozen=True)
class TextRow:
    """The texts of a row; the first cell may have an icon and a tone."""

    texts: tuple[str, ...]
    icon: str = ""
    tone: theme.Tone | None = None


class TextTable(RowTableModel):
    """Columns under ``headers``; the whole of a text is in its tooltip."""

    def __init__(self, headers: Sequence[str]) -> None:
        super().__init__(headers)
        self.rows: tuple[TextRow, ...] = ()

    def show_rows(self, rows: Sequence[TextRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def shown(self) -> "tuple[TextRow, ...]":
        return self.rows

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return row.texts[index.column()]
        if index.column() == 0 and row.tone is not None:
            if role == Role.ForegroundRole:
                return theme.tone(row.tone)
            if role == Role.DecorationRole and row.icon:
                return icons.icon(row.icon, theme.tone(row.tone))
        return None
