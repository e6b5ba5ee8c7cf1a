"""Where, in a module with a forward of its own, a layer is to go: a part of the sheet for it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from app.dialogs.rewire.step_box import StepBox
from app.ways import Way, takes_several


class WayForm(QWidget):
    """``changed``: another way between two steps is meant, another name, or another tensor beside.

    ``tensors`` are the steps whose results may come beside the one on the way, each with a text.
    """

    changed = Signal()

    def __init__(
        self, ways: list[Way], tensors: list[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ways = ways
        self.box = QComboBox()
        self.box.setAccessibleName(self.tr("Between"))
        self.box.addItems([each.text for each in ways])
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.setMinimumContentsLength(36)
        self.beside = StepBox(self.tr("Together with"))
        self.beside.offer([("", self.tr("nothing else")), *tensors])
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("after its class"))
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.addRow(self.tr("&Between"), self.box)
        self.form.addRow(self.tr("&Together with"), self.beside)
        self.form.addRow(self.tr("&Name"), self.name)
        self.form.setRowVisible(self.beside, False)
        self.box.currentIndexChanged.connect(self.changed)
        self.name.textChanged.connect(self.changed)
        self.beside.stepped.connect(self.changed)

    @property
    def way(self) -> Way:
        """The way that is chosen."""
        return self._ways[self.box.currentIndex()]

    @property
    def other(self) -> str:
        """The step that is read as well, where what is typed takes several tensors."""
        return self.beside.step if self.form.isRowVisible(self.beside) else ""

    def suit(self, text: str) -> None:
        """Ask for another tensor where what is typed takes several."""
        self.form.setRowVisible(self.beside, takes_several(text))
