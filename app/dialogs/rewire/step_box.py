"""A list of the steps of a forward to choose from, which can be searched by typing."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QWidget


class StepBox(QComboBox):
    """``stepped``: another step is chosen, or its name was typed."""

    stepped = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        line = QLineEdit()
        line.setAccessibleName(name)
        self.setEditable(True)
        self.setLineEdit(line)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(18)
        self.setAccessibleName(name)
        self.setMinimumContentsLength(30)
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        self.editTextChanged.connect(lambda _: self.stepped.emit())

    def offer(self, steps: list[tuple[str, str]], chosen: str = "") -> None:
        """Offer steps: the name of each, and the text that is shown of it."""
        self.blockSignals(True)
        self.clear()
        for name, text in steps:
            self.addItem(text, name)
        at = self.findData(chosen)
        self.setCurrentIndex(at if at >= 0 else 0 if steps else -1)
        self.blockSignals(False)
        self.stepped.emit()

    @property
    def step(self) -> str:
        """The name of the step that is chosen, or what was typed."""
        text = self.currentText().strip()
        at = self.findText(text, Qt.MatchFlag.MatchFixedString)
        return str(self.itemData(at)) if at >= 0 else text

    def choose(self, step: str) -> None:
        """Choose a step by its name."""
        at = self.findData(step)
        if at >= 0:
            self.setCurrentIndex(at)
        else:
            self.setEditText(step)
