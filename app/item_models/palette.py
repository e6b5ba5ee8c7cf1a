"""The palette as a Qt item model: groups with layers, or what a search found as a flat list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from app import icons, mime
from app.item_models.palette_entries import (
    FAVOURITES,
    RECENT,
    Entry,
    entries,
    found,
    grouped,
    title_of,
)

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
#: A layer's name or ``preset:NAME``; for a group ``None``.
NAME = Role.UserRole + 1
#: What is said in muted letters behind the name.
ASIDE = Role.UserRole + 2
#: Whether a layer is one of the favourites; for a group ``None``.
FAVOURITE = Role.UserRole + 3
#: The key of a group; for a layer ``None``.
GROUP = Role.UserRole + 4

_NOWHERE = QModelIndex()
_LAYER_FLAGS = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)
_GROUP_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


@dataclass
class _Group:
    """``id`` stays when groups before it come and go; its layers carry it in their indexes."""

    id: int
    key: str
    rows: list[Entry] = field(default_factory=list)


class PaletteModel(QAbstractItemModel):
    """Groups that hold layers; while :meth:`search` has a text, only the layers that fit it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: dict[str, Entry] = {}
        self._favourites: tuple[str, ...] = ()
        self._recent: tuple[str, ...] = ()
        self._groups: list[_Group] = []
        self._text = ""
        self._hits: list[Entry] = []

    # What is shown

    @property
    def known(self) -> dict[str, Entry]:
        """Everything that can be placed, by name; nothing before :meth:`fill`."""
        return self._known

    @property
    def is_searching(self) -> bool:
        """Whether a flat list of hits is shown, and not the groups."""
        return bool(self._text)

    @property
    def favourites(self) -> tuple[str, ...]:
        """The names of the favourites, those that are not in this catalog included."""
        return self._favourites

    @property
    def recent(self) -> tuple[str, ...]:
        """The names of the layers that were used, the last one first."""
        return self._recent

    def fill(self) -> None:
        """Ask the catalog. Imports torch."""
        self.beginResetModel()
        self._known = entries()
        own = {FAVOURITES: self._those(self._favourites), RECENT: self._those(self._recent)}
        groups = {**own, **grouped(self._known.values())}
        numbered = [
            _Group(place, key, list(rows)) for place, (key, rows) in enumerate(groups.items())
        ]
        self._groups = [group for group in numbered if group.rows]
        self._hits = found(self._text, self._known) if self._text else []
        self.endResetModel()

    def search(self, text: str) -> None:
        """Show what fits ``text``, or the groups again for ``""``."""
        self.beginResetModel()
        self._text = text.strip()
        self._hits = found(self._text, self._known) if self._text and self._known else []
        self.endResetModel()

    def set_favourites(self, names: Iterable[str]) -> None:
        """Show these names in the first group."""
        self._favourites = tuple(dict.fromkeys(names))
        self._set_rows(0, FAVOURITES, self._those(self._favourites))
        self._stars_changed(_NOWHERE)
        for row in range(self.rowCount()):
            self._stars_changed(self.index(row, 0))

    def set_recent(self, names: Iterable[str]) -> None:
        """Show these names in the second group."""
        self._recent = tuple(dict.fromkeys(names))
        self._set_rows(1, RECENT, self._those(self._recent))

    # What Qt asks

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, column, 0)
        return self.createIndex(row, column, self._groups[parent.row()].id + 1)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        number = index.internalId() if index.isValid() else 0
        if not number:
            return QModelIndex()
        return self.createIndex(self._place_of(number - 1), 0, 0)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if not parent.isValid():
            return len(self._hits) if self.is_searching else len(self._groups)
        group = self._group_at(parent)
        return len(group.rows) if group else 0

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _LAYER_FLAGS if self.entry_at(index) else _GROUP_FLAGS

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry, group = self.entry_at(index), self._group_at(index)
        if entry is not None:
            return self._of_entry(entry, role)
        return _of_group(group, role) if group is not None else None

    def mimeTypes(self) -> list[str]:
        return [mime.LAYER, "text/plain"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        names = [entry.name for entry in map(self.entry_at, indexes) if entry is not None]
        return mime.of_layer(names[0]) if names else QMimeData()

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction

    # Rows

    def entry_at(self, index: Index) -> Entry | None:
        """Return the layer or head in a row, or ``None`` for a group."""
        if not index.isValid():
            return None
        number = index.internalId()
        if number:
            return self._groups[self._place_of(number - 1)].rows[index.row()]
        return self._hits[index.row()] if self.is_searching else None

    def _group_at(self, index: Index) -> _Group | None:
        if self.is_searching or not index.isValid() or index.internalId() or index.column():
            return None
        return self._groups[index.row()]

    def _place_of(self, number: int) -> int:
        return next(place for place, each in enumerate(self._groups) if each.id == number)

    def _those(self, names: Iterable[str]) -> list[Entry]:
        return [self._known[name] for name in names if name in self._known]

    def _of_entry(self, entry: Entry, role: int) -> Any:
        match role:
            case Role.DisplayRole | Role.AccessibleTextRole:
                return entry.title
            case Role.DecorationRole:
                return icons.kind_icon(entry.kind)
            case Role.ToolTipRole:
                return f"<p><b>{escape(entry.signature)}</b></p><p>{escape(entry.summary)}</p>"
            case Role.AccessibleDescriptionRole:
                return f"{entry.signature}. {entry.summary}"
            case _ if role == NAME:
                return entry.name
            case _ if role == ASIDE:
                return title_of(entry.group) if self.is_searching else entry.brief
            case _ if role == FAVOURITE:
                return entry.name in self._favourites
        return None

    # Changing single rows, so that the view keeps its place

    def _set_rows(self, number: int, key: str, wanted: list[Entry]) -> None:
        if self.is_searching or not self._known:
            self._keep_rows(number, key, wanted)  # no row of it is shown
            return
        shown = [each.id for each in self._groups]
        if number in shown and not wanted:
            place = self._place_of(number)
            self.beginRemoveRows(_NOWHERE, place, place)
            self._keep_rows(number, key, wanted)
            self.endRemoveRows()
        elif number not in shown and wanted:
            place = sum(each < number for each in shown)
            self.beginInsertRows(_NOWHERE, place, place)
            self._keep_rows(number, key, wanted)
            self.endInsertRows()
        elif wanted:
            self._become(self.index(self._place_of(number), 0), wanted)

    def _keep_rows(self, number: int, key: str, wanted: list[Entry]) -> None:
        others = [each for each in self._groups if each.id != number]
        made = [_Group(number, key, wanted)] if wanted else []
        self._groups = sorted([*others, *made], key=lambda each: each.id)

    def _become(self, parent: QModelIndex, wanted: list[Entry]) -> None:
        """Turn a group's rows into others by the few moves, insertions and removals it takes."""
        rows = self._groups[parent.row()].rows
        for place, entry in enumerate(wanted):
            if place < len(rows) and rows[place] == entry:
                continue
            if entry in rows[place:]:
                before = rows.index(entry, place)
                self.beginMoveRows(parent, before, before, parent, place)
                rows.insert(place, rows.pop(before))
                self.endMoveRows()
            else:
                self.beginInsertRows(parent, place, place)
                rows.insert(place, entry)
                self.endInsertRows()
        if len(rows) > len(wanted):
            self.beginRemoveRows(parent, len(wanted), len(rows) - 1)
            del rows[len(wanted) :]
            self.endRemoveRows()
        self.dataChanged.emit(parent, parent)  # it tells how many there are

    def _stars_changed(self, parent: QModelIndex) -> None:
        count = self.rowCount(parent)
        if count:
            last = self.index(count - 1, 0, parent)
            self.dataChanged.emit(self.index(0, 0, parent), last, [FAVOURITE])


def _of_group(group: _Group, role: int) -> Any:
    match role:
        case Role.DisplayRole | Role.AccessibleTextRole:
            return title_of(group.key)
        case Role.DecorationRole:
            own = {FAVOURITES: "star", RECENT: "recent"}
            if group.key in own:
                return icons.icon(own[group.key])
            return icons.kind_icon(icons.kind_of_group(group.key))
        case _ if role == ASIDE:
            return str(len(group.rows))
        case _ if role == GROUP:
            return group.key
    return None
