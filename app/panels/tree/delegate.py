"""What stands in a cell of the module tree while it is edited, and how high rows are.

Rows are drawn by :mod:`app.panels.tree.rows`, not cell by cell.
"""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem


class TreeDelegate(QStyledItemDelegate):
    """Qt's own, with rows that have some air."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), round(option.fontMetrics.height() * 1.55))
