"""The editor of one number for every dimension, or of one for each of them.

With the link closed there is one field, and what it says is an int (or a word such as *same*).
With the link open there is a field for each dimension, and what they say is a tuple.
"""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout
from shiboken6 import isValid

import core
from app import icons
from app.panels.inspector.editors import StepEditor, wrong_palette
from app.panels.inspector.steps import StepBox

if TYPE_CHECKING:
    from core.catalog import Parameter


class DimensionsEditor(StepEditor):
    """A number to step, and a link; opening it asks for nothing, since nothing changes by it."""

    grows = True

    def __init__(self, parameter: "Parameter", words: tuple[str, ...] = ()) -> None:
        self.boxes: list[StepBox] = []
        self.link = QToolButton()
        super().__init__(parameter, words)
        self._opened: str | None = None
        self._turning = False
        self.link.setCheckable(True)
        self.link.setChecked(True)
        self.link.setAutoRaise(True)
        self.link.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.link.setAccessibleName(_tr("Same in every dimension"))
        self.link.clicked.connect(self._turn)
        self._column = QVBoxLayout()
        self._column.setSpacing(2)
        self.row.removeWidget(self.control)
        self._column.addWidget(self.control)
        self.row.insertLayout(0, self._column, 1)
        self.row.insertWidget(1, self.link)
        for button in (self.link, *self.stops[1:]):  # beside the first field, not between them
            self.row.setAlignment(button, Qt.AlignmentFlag.AlignTop)
        self.stops.insert(1, self.link)
        self._make(parameter.dims or 0)
        self.line.textEdited.connect(self._offer)
        self.box.stepped.connect(self._offer)
        self._open(False)

    @property
    def linked(self) -> bool:
        """Whether one number stands for every dimension."""
        return self.link.isChecked()

    def text(self) -> str:
        if self.linked:
            return super().text()
        if self._opened is not None and self._all() == [self._opened]:
            return self._opened  # it only looks different
        return ", ".join(box.text().strip() for box in self._used())

    def put(self, text: str | None) -> None:
        super().put(text)
        value = core.parse_value(text) if text else None
        if isinstance(value, tuple) and len(value) == (self.parameter.dims or len(value)) > 1:
            self._opened = None
            self._fill(value)
            self._open(True)
        elif text and not self.linked and text in (self._opened, *self._all()):
            self._opened = text
            self._fill((value,) * len(self._used()))
        else:
            self._opened = None
            self._open(False)
        self._offer()
        self.link.setVisible(self.link.isEnabled())  # a word has all the room

    def set_wrong(self, wrong: bool) -> None:
        super().set_wrong(wrong)
        for box in self.boxes:
            box.setPalette(wrong_palette(wrong))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint()

    def _turn(self, closed: bool) -> None:
        """Close the link on the first number, or open it on that many of the one."""
        if closed:
            self.choose(self._used()[0].text().strip())
        else:
            text = super().text()
            value = core.parse_value(text)
            several = value if isinstance(value, tuple) else (value,) * len(self._used())
            self._opened = None if isinstance(value, tuple) else text
            self._fill(several)
            self._open(True)
            self.settle()

    def _open(self, open_: bool) -> None:
        shown: list[StepBox] = self._used() if open_ else [self.box]
        hidden = [box for box in (self.box, *self.boxes) if box not in shown]
        had_focus = any(box.hasFocus() for box in hidden)
        self._turning = True  # a field that is hidden loses the focus, which is no wish
        self.link.setChecked(not open_)
        self.setFocusProxy(shown[0])
        for box in shown:
            box.show()
        if had_focus:
            shown[0].setFocus()
        for box in hidden:
            box.hide()
        self._turning = False
        self._paint()

    def _offer(self) -> None:
        """Let the link be used where there are numbers to link."""
        several = len(self._used()) > 1
        value = core.parse_value(super().text()) if self.linked else 0
        fits = isinstance(value, tuple) and len(value) == len(self._used())
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        self.link.setEnabled(several and (number or fits))
        self.link.setVisible(self.link.isEnabled() or not self.link.isHidden())

    def _used(self) -> list[StepBox]:
        return [box for box in self.boxes if not box.property("spare")]

    def _all(self) -> list[str]:
        """Return what stands in every field, where that is the same."""
        texts = {box.text().strip() for box in self._used()}
        return list(texts) if len(texts) == 1 else []

    def _fill(self, values: tuple[Any, ...]) -> None:
        self._make(len(values))
        for number, box in enumerate(self.boxes):
            box.setProperty("spare", number >= len(values))
        for box, value in zip(self.boxes, values, strict=False):
            if box.text() != str(value):
                box.line.setText(str(value))
                box.line.setCursorPosition(0)

    def _make(self, count: int) -> None:
        for number in range(len(self.boxes), count):
            box = StepBox(whole=self.parameter.kind == "int_or_tuple")
            said = _tr("{}, dimension {} of {}").format(self.parameter.name, number + 1, count)
            box.setAccessibleName(said)
            box.setToolTip(said)
            box.setSizePolicy(self.control.sizePolicy())
            box.setMinimumWidth(self.control.minimumWidth())
            box.line.textEdited.connect(self._tell)
            box.stepped.connect(self._tell)
            box.rested.connect(self.settle)
            box.editingFinished.connect(self._finish)
            self._column.addWidget(box)
            self.stops.insert(1 + number, box)
            self.boxes.append(box)

    def _tell(self) -> None:
        self.typed.emit(self.text())

    def _finish(self) -> None:
        if not isValid(self.line) or self._turning:
            return  # the window goes, and takes the focus out of the field as it does
        self.settle()
        if not any(box.hasFocus() for box in (self.box, *self.boxes)):
            self.left.emit()

    def _paint(self) -> None:
        self.link.setIcon(icons.icon("link" if self.linked else "unlink"))
        closed = _tr("Same in every dimension; press to set each of them")
        opened = _tr("Each dimension has its own; press to use the first for all")
        self.link.setToolTip(closed if self.linked else opened)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Editor", text)
