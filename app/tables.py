"""How tables look here: no grid, rows with some air, widths in letters."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QTreeView


def dress(table: QTableView, title: str, letters: Sequence[int], stretched: int) -> None:
    """Dress a table; ``letters`` are the widths of its columns, one of which takes what is left."""
    table.setAccessibleName(title)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setAlternatingRowColors(True)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(round(table.fontMetrics().height() * 1.45))
    _widths(table, table.horizontalHeader(), letters, stretched)


def dress_tree(tree: QTreeView, title: str, letters: Sequence[int], stretched: int) -> None:
    """Dress a tree in the same way."""
    tree.setAccessibleName(title)
    tree.setUniformRowHeights(True)
    tree.setAlternatingRowColors(True)
    tree.setAllColumnsShowFocus(True)
    tree.setFrameShape(QFrame.Shape.NoFrame)
    tree.header().setStretchLastSection(False)
    _widths(tree, tree.header(), letters, stretched)


def _widths(
    view: QAbstractItemView, header: QHeaderView, letters: Sequence[int], stretched: int
) -> None:
    letter = view.fontMetrics().averageCharWidth()
    for section, width in enumerate(letters):
        header.resizeSection(section, width * letter)
    header.setMinimumSectionSize(letter * 4)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
