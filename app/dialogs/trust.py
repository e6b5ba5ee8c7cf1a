"""The question before the code in a user's file is run. Nothing here runs any of it."""

import datetime
import importlib.util
import unicodedata
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontDatabase, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app import icons, numbers, theme

#: So much of a file is shown (characters); what is longer is no model to be read in a dialog.
_MOST_SHOWN = 200_000


class TrustDialog(QDialog):
    """Shows the path and the code; accepted only by the button that says *Run*.

    The code is given, not read here: what is shown has to be what will run.
    """

    def __init__(self, path: Path, data: bytes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Run this code?"))
        mark = QLabel()
        size = self.fontMetrics().height() * 2
        mark.setPixmap(icons.icon("warning", theme.tone("changed")).pixmap(size, size))
        question = QLabel(
            self.tr("Opening this model runs the code in the file below, with all you may do.\n"
                    "Run it only if you know where it comes from.")
        )  # fmt: skip
        question.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(question, 1)
        self.path = PathLabel(visible(str(path.absolute())))
        code = decoded(data)
        self.facts = QLabel(_facts(path, len(data), len(code)))
        self.facts.setWordWrap(True)
        self.code = QPlainTextEdit(visible(code[:_MOST_SHOWN]))
        self.code.setReadOnly(True)
        self.code.setAccessibleName(self.tr("The code"))
        self.code.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.buttons = QDialogButtonBox()
        self.run = self.buttons.addButton(self.tr("Run it"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.keep = self.buttons.addButton(
            self.tr("Do not run"), QDialogButtonBox.ButtonRole.RejectRole
        )
        self.run.setAutoDefault(False)
        self.keep.setDefault(True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(head)
        for widget in (self.path, self.facts, self.code, self.buttons):
            column.addWidget(widget)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.resize(letter * 96, line * 34)
        self.keep.setFocus()


class PathLabel(QLabel):
    """A path, whole: it breaks anywhere, where a label breaks at spaces only and is cut."""

    _WRAPPED = Qt.TextFlag.TextWrapAnywhere | Qt.AlignmentFlag.AlignLeft

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(1)
        self.setToolTip(text)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        policy = self.sizePolicy()
        policy.setHorizontalPolicy(policy.Policy.Ignored)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        room = QRect(0, 0, width, 10_000)
        return self.fontMetrics().boundingRect(room, int(self._WRAPPED), self.text()).height()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawText(self.rect(), int(self._WRAPPED), self.text())
        painter.end()


def visible(text: str) -> str:
    """Return the text with characters that hide or turn around others written out.

    Code can be made to look different from what runs: https://trojansource.codes
    """
    return "".join(
        f"<U+{ord(c):04X}>" if unicodedata.category(c) in ("Cf", "Cc") and c not in "\t\n\r" else c
        for c in text
    )


def decoded(data: bytes) -> str:
    """Return the text that Python would run; a file may name an encoding of its own."""
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, LookupError, ValueError):
        return data.decode("utf-8-sig", errors="replace")


def _facts(path: Path, size: int, shown: int) -> str:
    facts = numbers.size(size)
    try:
        changed = datetime.datetime.fromtimestamp(path.stat().st_mtime)
        facts += f", changed {changed:%Y-%m-%d %H:%M}"
    except OSError as error:  # it went away since it was read
        facts += f", {error.strerror}"
    if shown > _MOST_SHOWN:
        facts += f". Only the first {_MOST_SHOWN:,} characters are shown: look at the rest before."
    return facts
