"""The model zoo as a table: what can be opened by name, with what its metadata says."""

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from app import numbers

if TYPE_CHECKING:
    from core.source import ModelEntry

Role = Qt.ItemDataRole
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_tr = partial(QCoreApplication.translate, "Zoo")
HEADERS = ("Model", "Task", "Parameters", "GFLOPs", "Score", "Metric", "Download")
_NUMBERS = (2, 3, 4, 6)
METRICS = {
    "acc@1": "top-1 %", "box_map": "box mAP", "miou": "mean IoU", "kp_map": "keypoint mAP",
}  # fmt: skip


class ZooModel(QAbstractTableModel):
    """The models whose name or task holds every word that is looked for."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[ModelEntry] = []
        self.entries: list[ModelEntry] = []
        self._words: list[str] = []
        self._order = (0, False)

    def show_models(self, entries: "list[ModelEntry]") -> None:
        """Show other models."""
        self._all = entries
        self._choose()

    def show_only(self, text: str) -> None:
        """Show only what fits ``text``."""
        self._words = text.lower().split()
        self._choose()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column. What is selected stays selected: the rows move, no model goes."""
        self._order = (max(0, column), order == Qt.SortOrder.DescendingOrder)
        self.layoutAboutToBeChanged.emit()
        before, kept = self.entries, self.persistentIndexList()
        self.entries = self._chosen()
        rows = {entry.name: row for row, entry in enumerate(self.entries)}
        moved = [self.index(rows[before[each.row()].name], each.column()) for each in kept]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def best_row(self, text: str) -> int:
        """Return the row that is most likely meant: the name itself, or one that begins so."""
        wanted = text.strip().lower()
        names = [entry.name for entry in self.entries]
        begun = next((row for row, name in enumerate(names) if name.startswith(wanted)), 0)
        return names.index(wanted) if wanted in names else begun

    def _choose(self) -> None:
        self.beginResetModel()
        self.entries = self._chosen()
        self.endResetModel()

    def _chosen(self) -> "list[ModelEntry]":
        found = [e for e in self._all if all(w in f"{e.name} {e.task}" for w in self._words)]
        column, reverse = self._order
        known = [e for e in found if _value(e, column) is not None]
        unknown = [e for e in found if _value(e, column) is None]  # last in either order
        return sorted(known, key=lambda e: _value(e, column), reverse=reverse) + unknown

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return _tr(HEADERS[section])
        return _RIGHT if role == Role.TextAlignmentRole and section in _NUMBERS else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.entries):
            return None
        entry, column = self.entries[index.row()], index.column()
        if role == Role.DisplayRole:
            return _text(entry, column)
        if role == Role.TextAlignmentRole and column in _NUMBERS:
            return _RIGHT
        if role == Role.ToolTipRole:
            return ", ".join(entry.weights) or _tr("No weights")
        return None


def _value(entry: "ModelEntry", column: int) -> Any:
    return (entry.name, entry.task, entry.parameters, entry.gflops, entry.score, entry.metric,
            entry.size_mb)[column]  # fmt: skip


def _text(entry: "ModelEntry", column: int) -> str:
    value = _value(entry, column)
    if value is None:
        return ""
    if column == 2:
        return numbers.count(value)
    if column in (3, 4):
        return f"{value:.2f}"
    if column == 5:
        return _tr(METRICS.get(value, str(value)))
    if column == 6:
        return _tr("{} MB").format(f"{value:.0f}")
    return _tr(str(value).replace("_", " ")) if column == 1 else str(value)
