"""One row of the form: name, editor, reset button, and the sentence under them when it is wrong."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

import core
from app import icons, theme
from app.panels.inspector.editors import Editor, editor
from app.parts import ElidedLabel, ToneLabel
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.catalog import Argument


class Field(QObject):
    """Shows one argument of one or several modules.

    ``wanted``: a value the user settled on. ``trying``: one that is only typed yet, but makes sense
    so far, to be checked further; :meth:`mark` says what came of it.
    """

    wanted = Signal(str, object)
    trying = Signal(str, object)

    def __init__(self, parent: QWidget, arguments: "tuple[Argument, ...]") -> None:
        super().__init__(parent)
        self.arguments = arguments
        self.parameter = arguments[0].parameter
        self.label = _Name(self.parameter.name)
        self.reset = _reset_button(parent, self.parameter.name)
        self.reset.clicked.connect(self._reset)
        self.message = _Message()
        self.editor: Editor | None = None
        self.value: QWidget
        if all(each.editable for each in arguments):
            self.editor = self.value = editor(self.parameter)
            self.editor.typed.connect(self._typed)
            self.editor.settled.connect(self._settled)
            self.editor.left.connect(self._left)
            self.label.buddy = self.editor
            if self.editor.grows:
                self.label.setMinimumHeight(self.editor.sizeHint().height())
        else:
            self.value = ElidedLabel(Qt.TextElideMode.ElideRight)
        self.show_arguments(arguments, force=True)

    @property
    def name(self) -> str:
        """The argument's name."""
        return self.parameter.name

    def show_arguments(self, arguments: "tuple[Argument, ...]", *, force: bool = False) -> None:
        """Show the document's values; what the user is typing stays, unless ``force``."""
        self.arguments = arguments
        differs = any(each.differs for each in arguments)
        font = self.label.font()
        font.setBold(differs)
        self.label.setFont(font)
        self.label.setToolTip(self._hint(differs))
        self.reset.setVisible(differs and self.editor is not None)
        texts = {self._written(each) for each in arguments}
        text = texts.pop() if len(texts) == 1 else None
        if self.editor is None:
            assert isinstance(self.value, ElidedLabel)
            self.value.set_text(self.tr("mixed") if text is None else text)
            return
        # A message about what is still being typed stays; one about a value that is gone, goes.
        if force or not self.editor.unfinished:
            self.mark("")
        self.editor.show_text(text, force=force)
        self.editor.setToolTip(text if text is not None and len(text) > 12 else "")

    def mark(self, sentence: str, *, wrong: bool = True) -> None:
        """Say what is wrong with what stands in the field; nothing, if it is fine.

        ``wrong`` is false where the sentence is of a value that was refused and is gone again.
        """
        self.message.say(sentence)
        if self.editor is not None:
            self.editor.set_wrong(bool(sentence) and wrong)

    def refuse(self, sentence: str) -> None:
        """Go back to the document's value and say why."""
        self.show_arguments(self.arguments, force=True)
        self.mark(sentence, wrong=False)

    def retire(self) -> None:
        """Say nothing any more: hiding a field takes the focus out of it, which is no wish."""
        if self.editor is not None:
            self.editor.blockSignals(True)
        self.deleteLater()

    def stands(self, value: Any) -> bool:
        """Say whether this is the value that stands in the field, typed or settled."""
        try:
            return self.editor is not None and same(self._read(self.editor.text()), value)
        except ModelwrightError:
            return False

    def _read(self, text: str) -> Any:
        return core.read_argument(self.parameter, text)

    def _written(self, argument: "Argument") -> str:
        if not argument.editable:
            return str(argument.value)
        return core.write_argument(argument.parameter, argument.value)

    def _typed(self, text: str) -> None:
        try:
            value = self._read(text)
        except ModelwrightError as error:
            self.mark(str(error))
            return
        self.mark("")
        if not self._holds(value):
            self.trying.emit(self.name, value)

    def _settled(self, text: str) -> None:
        try:
            value = self._read(text)
        except ModelwrightError as error:
            self.mark(str(error))
            return
        if self._holds(value):
            self.show_arguments(self.arguments, force=True)
        else:
            self.wanted.emit(self.name, value)

    def _left(self) -> None:
        """Put the document's value back, where nonsense was left in the field."""
        assert self.editor is not None
        try:
            self._read(self.editor.text())
        except ModelwrightError as error:
            if any(self._written(each) != self.editor.text() for each in self.arguments):
                self.refuse(str(error) if self.editor.text() else "")

    def _holds(self, value: Any) -> bool:
        return all(same(each.value, value) for each in self.arguments)

    def _reset(self) -> None:
        self.mark("")
        self.wanted.emit(self.name, self.arguments[0].default)

    def _hint(self, differs: bool) -> str:
        default = core.write_argument(self.parameter, self.arguments[0].default)
        if self.parameter.required:
            return self.tr("{}: required").format(self.name)
        said = self.tr("{}: changed; the default is {}") if differs else self.tr("{}: the default")
        return said.format(self.name, default)


class _Name(ElidedLabel):
    """The argument's name; a click on it goes to the editor."""

    def __init__(self, name: str) -> None:
        super().__init__(Qt.TextElideMode.ElideMiddle)
        self.buddy: QWidget | None = None
        self.set_text(name)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.buddy is not None:
            self.buddy.setFocus(Qt.FocusReason.MouseFocusReason)


class _Message(QWidget):
    """A sentence with a warning sign before it."""

    def __init__(self) -> None:
        super().__init__()
        self._sign = QLabel()
        self.text = ToneLabel("problem")
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 4)
        row.setSpacing(5)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show a sentence, or hide."""
        self.text.setText(sentence)
        self._paint()
        self.setVisible(bool(sentence))

    def _paint(self) -> None:
        size = self.fontMetrics().height()
        drawn = icons.icon("warning", theme.tone("problem")).pixmap(size, size)
        self._sign.setPixmap(drawn)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.text.text():
            self._paint()


class _ResetButton(QToolButton):
    """Its place is kept while it is hidden, so that the form does not jump."""

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.setIcon(icons.icon("reset"))


def _reset_button(parent: QWidget, name: str) -> QToolButton:
    button = _ResetButton(parent)
    button.setIcon(icons.icon("reset"))
    button.setAutoRaise(True)
    said = button.tr("Reset {} to its default").format(name)
    button.setAccessibleName(said)
    button.setToolTip(said)
    policy = button.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    button.setSizePolicy(policy)
    button.hide()
    return button


def same(first: Any, second: Any) -> bool:
    """Compare as edits do: ``True`` is not ``1``, but ``1`` is ``1.0``."""
    return bool(first == second) and isinstance(first, bool) == isinstance(second, bool)
