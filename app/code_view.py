"""Python code to look at and to copy, highlighted."""

from functools import cache
from typing import Any

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QGuiApplication,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextDocument,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app import icons, theme

#: Pygments' kinds of tokens, the first that fits, and the tones they are shown in.
_TONES: tuple[tuple[str, theme.Tone], ...] = (
    ("Comment", "muted"),
    ("Keyword", "accent"),
    ("Literal.String", "good"),
    ("Literal.Number", "changed"),
    ("Operator.Word", "accent"),
)
_COPIED = 2000  # so long (ms) the button says that it was done


class CodeView(QWidget):
    """Shows code under a title, with a button that copies it. ``copied``: it was."""

    copied = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(title)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(title)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._colours = _Highlighter(self.text.document())
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setAutoDefault(False)
        self.copy.setAccessibleName(self.tr("Copy the code"))
        self.copy.clicked.connect(self._copy)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self.text, 1)
        self._paint_icon()

    def show_code(self, code: str) -> None:
        """Show other code; where it is scrolled to stays."""
        if code == self.code():
            return
        at = self.text.verticalScrollBar().value()
        self._colours.read(code)
        self.text.setPlainText(code)
        self.text.verticalScrollBar().setValue(at)

    def code(self) -> str:
        """Return what is shown."""
        return self.text.toPlainText()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.code())
        self.copy.setText(self.tr("Copied"))
        QTimer.singleShot(_COPIED, self.copy, lambda: self.copy.setText(self.tr("Copy")))
        self.copied.emit()

    def _paint_icon(self) -> None:
        self.copy.setIcon(icons.icon("copy"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_colours"):
            self._paint_icon()
            self._colours.rehighlight()


class _Highlighter(QSyntaxHighlighter):
    """Colours lines from a whole reading of the code: a text may go over several lines."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._lines: list[list[tuple[int, int, theme.Tone]]] = []

    def read(self, code: str) -> None:
        """Work out which parts of which lines are what."""
        lines: list[list[tuple[int, int, theme.Tone]]] = [[]]
        column = 0
        for kind, text in _lexer().get_tokens(code):
            tone = _tone(str(kind).removeprefix("Token."))
            for number, part in enumerate(text.split("\n")):
                if number:
                    lines.append([])
                    column = 0
                if tone is not None and part:
                    lines[-1].append((column, len(part), tone))
                column += len(part)
        self._lines = lines

    def highlightBlock(self, text: str) -> None:
        number = self.currentBlock().blockNumber()
        if number < len(self._lines):
            for start, count, tone in self._lines[number]:
                self.setFormat(start, count, _format(theme.tone(tone)))


def _tone(kind: str) -> theme.Tone | None:
    return next((tone for start, tone in _TONES if kind.startswith(start)), None)


def _format(colour: QColor) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(colour)
    return made


@cache
def _lexer() -> Any:
    from pygments.lexers import PythonLexer  # it takes its time, and only code needs it

    return PythonLexer(stripnl=False, ensurenl=False)
