"""What was recognised about a file, one line each, with the check box of its repair."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.parts import Mark, ToneLabel, WrappedLabel

if TYPE_CHECKING:
    from core.checkpoint import Choice, Condition

#: Standing -> (icon, tone, word).
STANDING: Mapping[str, tuple[str, theme.Tone, str]] = {
    "repaired": ("ok", "good", "Repaired"),
    "asks": ("help", "problem", "To be answered"),
    "offers": ("repair", "changed", "Can be repaired"),
    "warns": ("warning", "changed", "Look at this"),
    "notes": ("info", "muted", "Good to know"),
}


class ConditionList(QScrollArea):
    """``chosen``: the key of a condition and the answer to it, ``""`` to take it back."""

    chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("What was recognised"))
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 46)
        self.rows: list[ConditionRow] = []
        self._show([])

    def show_conditions(
        self,
        conditions: "tuple[Condition, ...]",
        answers: Mapping[str, str],
        offered: "Mapping[str, tuple[Choice, ...]]",
    ) -> None:
        """Show these, with what was answered and what could have been."""
        order = ("asks", "offers", "warns", "repaired", "notes")
        rows = []
        for each in sorted(conditions, key=lambda each: order.index(each.standing)):
            key = each.choices[0].text.partition("=")[0] if each.choices else each.kind
            choices = each.choices or (offered.get(key, ()) if key in answers else ())
            said = each.switch if each.switch in answers else answers.get(key, "")
            rows.append(ConditionRow(each, key, choices, said))
            rows[-1].chosen.connect(self.chosen)
        self._show(rows)

    def _show(self, rows: "list[ConditionRow]") -> None:
        at, focus = self.verticalScrollBar().value(), self._focused()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 4, 10, 4)
        column.setSpacing(10)
        for row in rows:
            column.addWidget(row)
        column.addStretch(1)
        self.rows = rows
        self.setWidget(inside)
        self.verticalScrollBar().setValue(at)
        for row in rows:
            if row.key == focus and row.answer is not None:
                row.answer.setFocus()

    def _focused(self) -> str:
        """The condition whose answer has the keys: it is to have them in the next list, too."""
        focused = next((r for r in self.rows if r.answer and r.answer.hasFocus()), None)
        return focused.key if focused is not None else ""


class ConditionRow(QWidget):
    """One condition: icon, word, sentence, and how it can be answered."""

    chosen = Signal(str, str)

    def __init__(
        self, condition: "Condition", key: str, choices: "tuple[Choice, ...]", answer: str
    ) -> None:
        super().__init__()
        self.condition, self.key = condition, key
        icon, tone, word = STANDING[condition.standing]
        mark, head, text = Mark(icon, tone), ToneLabel(tone), WrappedLabel(condition.sentence)
        head.setText(self.tr(word))
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.answer = self._answer(choices, answer)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(mark, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(head, 0, 1)
        grid.addWidget(text, 1, 1)
        if self.answer is not None:
            grid.addWidget(self.answer, 2, 1)
        self.setAccessibleName(f"{self.tr(word)}: {condition.sentence}")

    def _answer(
        self, choices: "tuple[Choice, ...]", answer: str
    ) -> "WrappedCheck | QComboBox | None":
        if len(choices) == 1 and self.condition.standing != "asks":
            return self._box(choices[0], answer)
        if choices:
            return self._list(choices, answer)
        if self.condition.switch:
            return self._switch(self.condition.switch, answer)
        if self.condition.standing != "repaired":
            return None
        box = WrappedCheck(self.tr("Always done"), self.condition.sentence)
        box.box.setChecked(True)
        box.setEnabled(False)
        box.setToolTip(self.tr("Without this nothing of it would load."))
        return box

    def _switch(self, text: str, answer: str) -> "WrappedCheck":
        """A repair that is made unasked and can be left undone."""
        box = WrappedCheck(self.tr("Repair it"), self.condition.sentence)
        box.box.setChecked(answer != text)
        box.box.clicked.connect(lambda on: self.chosen.emit(text, "" if on else text))
        return box

    def _box(self, choice: "Choice", answer: str) -> "WrappedCheck":
        box = WrappedCheck(_sentence(choice), f"{self.condition.sentence} {choice.label}")
        box.box.setChecked(answer == choice.text)
        box.box.clicked.connect(lambda on: self.chosen.emit(self.key, choice.text if on else ""))
        return box

    def _list(self, choices: "tuple[Choice, ...]", answer: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(self.condition.sentence)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        asked = self.condition.standing == "asks"
        box.addItem(self.tr("Choose…") if asked else self.tr("Leave it as it is"), "")
        for choice in choices:
            box.addItem(_sentence(choice), choice.text)
            box.setItemData(box.count() - 1, choice.label, Qt.ItemDataRole.ToolTipRole)
        box.setCurrentIndex(max(0, box.findData(answer)))
        box.activated.connect(lambda: self.chosen.emit(self.key, box.currentData()))
        return box


class WrappedCheck(QWidget):
    """A check box whose text breaks over lines; a click on the text is one on the box."""

    def __init__(self, text: str, accessible: str) -> None:
        super().__init__()
        self.box = QCheckBox()
        self.box.setAccessibleName(accessible)
        self.setFocusProxy(self.box)
        self.text = WrappedLabel(text)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.isEnabled():
            self.box.click()


def _sentence(choice: "Choice") -> str:
    return choice.label[:1].upper() + choice.label[1:]
