"""What stands in a cell of the module tree while it is edited, and how high rows are.

Rows are drawn by :mod:`app.panels.tree.rows`, not cell by cell.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from app.item_models.columns import Column

if TYPE_CHECKING:
    from app.panels.tree.outline import Outline


def row_height(metrics: QFontMetrics) -> int:
    """Return how high a row is: its text, with some air."""
    return round(metrics.height() * 1.55)


class TreeDelegate(QStyledItemDelegate):
    """Qt's own, which knows that names stand further in the deeper they are."""

    def __init__(self, view: "Outline") -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        hint = super().sizeHint(option, index)
        width = hint.width()
        if index.column() == Column.NAME:
            left = self._view.columnViewportPosition(Column.NAME)
            width += self._view.arrow_rect(index.row()).right() + 1 - left
        return QSize(width, row_height(option.fontMetrics))
