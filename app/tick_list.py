"""A list whose rows are ticked, with boxes that can be seen in the dark, too."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QApplication,
    QListWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)


class TickList(QListWidget):
    """Rows with a box each, drawn in the colours of check boxes that stand alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(_Ticks(self))


class _Ticks(QStyledItemDelegate):
    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        boxes = QApplication.palette("QCheckBox")  # type: ignore[call-overload]
        option.palette.setColor(QPalette.ColorRole.Base, boxes.color(QPalette.ColorRole.Base))
        option.palette.setColor(QPalette.ColorRole.Window, boxes.color(QPalette.ColorRole.Window))
