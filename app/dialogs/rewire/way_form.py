"""Where, in a module with a forward of its own, a layer is to go: a part of the sheet for it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from app.ways import Way


class WayForm(QWidget):
    """``changed``: another way between two steps is meant, or another name."""

    changed = Signal()

    def __init__(self, ways: list[Way], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ways = ways
        self.box = QComboBox()
        self.box.setAccessibleName(self.tr("Between"))
        self.box.addItems([each.text for each in ways])
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.setMinimumContentsLength(36)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("after its class"))
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(self.tr("&Between"), self.box)
        form.addRow(self.tr("&Name"), self.name)
        self.box.currentIndexChanged.connect(self.changed)
        self.name.textChanged.connect(self.changed)

    @property
    def way(self) -> Way:
        """The way that is chosen."""
        return self._ways[self.box.currentIndex()]
