"""One editor for every kind of argument. An editor knows texts; what they mean is the form's.

``editor(parameter, name)`` makes the right one. A kind is entered with ``@editing("int", ...)``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

import core
from app import theme
from app.panels.inspector.steps import StepBox

if TYPE_CHECKING:
    from core.catalog import Parameter


class Editor(QWidget):
    """Shows a text and says what the user makes of it.

    ``typed``: what stands there now, unfinished. ``settled``: what the user wants; it is said once,
    and not for the text that was shown. ``left``: the focus went elsewhere.
    """

    typed = Signal(str)
    settled = Signal(str)
    left = Signal()
    #: Whether it can have more lines than one.
    grows = False

    def __init__(self, control: QWidget, parameter: "Parameter") -> None:
        super().__init__()
        self.control = control
        self.parameter = parameter
        self.wrong = False
        self.stops: list[QWidget] = [control]
        self._shown: str | None = ""
        self._asked: str | None = None
        control.setAccessibleName(parameter.name)
        control.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        control.setMinimumWidth(control.fontMetrics().averageCharWidth() * 8)
        self.setFocusProxy(control)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(2)
        self.row.addWidget(control, 1)

    def text(self) -> str:
        """Return what stands there now."""
        raise NotImplementedError

    def put(self, text: str | None) -> None:
        """Write a text without telling anyone; ``None`` is the mark of different values."""
        raise NotImplementedError

    def show_text(self, text: str | None, *, force: bool = False) -> None:
        """Show the document's value, unless the user is in the middle of another."""
        unfinished = self.unfinished
        self._shown, self._asked = text, None
        if force or not unfinished:
            self.put(text)

    @property
    def unfinished(self) -> bool:
        """Whether something stands there that nobody has asked for yet."""
        return self.text() not in ((self._shown or ""), self._asked)

    def settle(self) -> None:
        """Say what the user wants, if that is news."""
        if self.unfinished:
            self._asked = self.text()
            self.settled.emit(self._asked)

    def set_wrong(self, wrong: bool) -> None:
        """Mark the field; the sentence stands under it."""
        self.wrong = wrong
        self.control.setPalette(wrong_palette(wrong))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.wrong:
            self.set_wrong(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text() != (self._shown or ""):
            self.put(self._shown)
            self.typed.emit(self.text())
        else:
            super().keyPressEvent(event)


Maker = Callable[["Parameter"], Editor]
_MAKERS: dict[str, Maker] = {}


def editing(*kinds: str) -> Callable[[Maker], Maker]:
    """Enter an editor for these kinds of arguments."""

    def enter(make: Maker) -> Maker:
        for kind in kinds:
            if kind in _MAKERS:
                raise ValueError(f"There are two editors for {kind}.")
            _MAKERS[kind] = make
        return make

    return enter


def editor(parameter: "Parameter") -> Editor:
    """Return a new editor for an argument."""
    return _MAKERS[parameter.kind](parameter)


def wrong_palette(wrong: bool) -> QPalette:
    """Return the colours of a field in which nonsense stands, or those of any other."""
    palette = QPalette()
    if wrong:
        tone, base = theme.tone("problem"), palette.color(QPalette.ColorRole.Base)
        palette.setColor(QPalette.ColorRole.Base, _mixed(tone, base, 0.16))
        palette.setColor(QPalette.ColorRole.Highlight, tone)
    return palette


def _mixed(first: QColor, second: QColor, share: float) -> QColor:
    def mix(a: float, b: float) -> float:
        return a * share + b * (1 - share)

    return QColor.fromRgbF(
        mix(first.redF(), second.redF()),
        mix(first.greenF(), second.greenF()),
        mix(first.blueF(), second.blueF()),
    )


def _different() -> str:
    return QCoreApplication.translate("Editor", "mixed")


class LineEditor(Editor):
    """A field for any text; words that may stand instead (None, same) are in a menu beside it."""

    def __init__(self, parameter: "Parameter", words: tuple[str, ...] = ()) -> None:
        self.line = QLineEdit()
        super().__init__(self.line, parameter)
        self._connect(self.line, words)

    def _connect(self, field: "QLineEdit | StepBox", words: tuple[str, ...]) -> None:
        self.line.textEdited.connect(self.typed)
        field.editingFinished.connect(self._finish)
        if words:
            self.stops.append(_words_button(self, words))
            self.row.addWidget(self.stops[-1])

    def _finish(self) -> None:
        if not isValid(self.line):
            return  # the window goes, and takes the focus out of the field as it does
        self.settle()
        if not self.control.hasFocus():
            self.left.emit()

    def text(self) -> str:
        return self.line.text()

    def put(self, text: str | None) -> None:
        self.line.setPlaceholderText(_different() if text is None else "")
        if self.line.text() != (text or ""):
            self.line.setText(text or "")
            self.line.setCursorPosition(0)

    def choose(self, text: str) -> None:
        """Settle on a word."""
        self.put(text)
        self.typed.emit(text)
        self.settle()


class StepEditor(LineEditor):
    """A number, or several, that can be stepped up and down; typing is as free as in a line."""

    def __init__(self, parameter: "Parameter", words: tuple[str, ...] = ()) -> None:
        self.box = StepBox(whole=parameter.kind in ("int", "int_or_tuple"))
        Editor.__init__(self, self.box, parameter)
        self.line = self.box.line
        self._connect(self.box, words)
        self.box.stepped.connect(self.typed)
        self.box.rested.connect(self.settle)


class ChoiceEditor(Editor):
    """One of some words."""

    def __init__(self, parameter: "Parameter", words: tuple[str, ...]) -> None:
        self.combo = _Combo()
        super().__init__(self.combo, parameter)
        self.combo.addItems(words)
        self.combo.activated.connect(lambda _: self.settle())

    def text(self) -> str:
        return self.combo.currentText()

    def put(self, text: str | None) -> None:
        self.combo.setPlaceholderText(_different())
        at = -1 if text is None else self.combo.findText(text)
        if text is not None and at < 0:
            self.combo.addItem(text)
            at = self.combo.count() - 1
        self.combo.setCurrentIndex(at)


class WordEditor(Editor):
    """Some words to choose from, or another that is typed."""

    def __init__(self, parameter: "Parameter", words: tuple[str, ...]) -> None:
        self.combo = _Combo()
        super().__init__(self.combo, parameter)
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.addItems(words)
        line = self.combo.lineEdit()
        assert line is not None
        self.line = line
        completer = self.combo.completer()
        assert completer is not None
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(completer.CompletionMode.PopupCompletion)
        line.textEdited.connect(self.typed)
        line.editingFinished.connect(self._finish)
        self.combo.activated.connect(lambda _: self.settle())

    def _finish(self) -> None:
        if not isValid(self.line):
            return
        self.settle()
        if not self.combo.hasFocus():
            self.left.emit()

    def text(self) -> str:
        return self.combo.currentText()

    def put(self, text: str | None) -> None:
        self.line.setPlaceholderText(_different() if text is None else "")
        if self.combo.currentText() != (text or ""):
            self.combo.setCurrentIndex(self.combo.findText(text or ""))
            self.combo.setEditText(text or "")
            self.line.setCursorPosition(0)


class CheckEditor(Editor):
    """Yes or no."""

    def __init__(self, parameter: "Parameter") -> None:
        self.check = QCheckBox()
        super().__init__(self.check, parameter)
        self.check.clicked.connect(lambda _: self._click())

    def _click(self) -> None:
        self.check.setTristate(False)
        self.settle()

    def text(self) -> str:
        if self.check.checkState() == Qt.CheckState.PartiallyChecked:
            return ""
        return str(self.check.isChecked())

    def put(self, text: str | None) -> None:
        self.check.setTristate(text is None)
        if text is None:
            self.check.setCheckState(Qt.CheckState.PartiallyChecked)
        else:
            self.check.setChecked(text == "True")
        self.check.setToolTip(_different() if text is None else "")


class _Combo(QComboBox):
    """A combo box that keeps its value when the panel is scrolled with the wheel."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(5)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _words_button(editor: LineEditor, words: tuple[str, ...]) -> QToolButton:
    button = QToolButton(editor)
    button.setArrowType(Qt.ArrowType.DownArrow)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    said = QCoreApplication.translate("Editor", "Words for {}").format(editor.parameter.name)
    button.setAccessibleName(said)
    button.setToolTip(
        QCoreApplication.translate("Editor", "Or one of: {}").format(", ".join(words))
    )
    menu = QMenu(button)
    for word in words:
        menu.addAction(word).triggered.connect(lambda _=False, word=word: editor.choose(word))
    button.clicked.connect(lambda: menu.popup(button.mapToGlobal(button.rect().bottomLeft())))
    return button


def _words(parameter: "Parameter") -> tuple[str, ...]:
    return (*parameter.choices, *(("None",) if parameter.optional else ()))


@editing("int", "float")
def _number(parameter: "Parameter") -> Editor:
    return StepEditor(parameter, _words(parameter))


@editing("int_or_tuple", "float_or_tuple")
def _numbers(parameter: "Parameter") -> Editor:
    from app.panels.inspector.dimensions import DimensionsEditor  # which builds on this module

    made = DimensionsEditor if parameter.dims != 1 else StepEditor
    return made(parameter, _words(parameter))


@editing("str", "tuple", "shape", "strings", "tensor", "module", "function", "device", "any")
def _line(parameter: "Parameter") -> Editor:
    return LineEditor(parameter, _words(parameter))


@editing("choice")
def _choice(parameter: "Parameter") -> Editor:
    return ChoiceEditor(parameter, _words(parameter))


@editing("bool")
def _bool(parameter: "Parameter") -> Editor:
    if parameter.optional:
        return ChoiceEditor(parameter, ("None", "True", "False"))
    return CheckEditor(parameter)


@editing("dtype")
def _dtype(parameter: "Parameter") -> Editor:
    words = ("float32", "float16", "bfloat16", "float64")
    return WordEditor(parameter, (*_words(parameter), *words))


@editing("activation")
def _activation(parameter: "Parameter") -> Editor:
    functions = ("F.silu", "F.mish", "F.elu", "F.leaky_relu", "F.tanh", "F.sigmoid")
    return WordEditor(parameter, (*_words(parameter), *functions))


@editing("layer")
def _layer(parameter: "Parameter") -> Editor:
    return WordEditor(parameter, (*_words(parameter), *core.layers()))
