"""The question before the code in a user's file is run. Nothing here runs any of it."""

import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
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
    """Shows the path and the code; accepted only by the button that says *Run*."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
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
        self.path = QLabel(str(path.absolute()))
        self.path.setWordWrap(True)
        self.path.setTextFormat(Qt.TextFormat.PlainText)
        self.path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        font = self.path.font()
        font.setBold(True)
        self.path.setFont(font)
        self.facts = QLabel(_facts(path))
        self.code = QPlainTextEdit(_code(path))
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


def _facts(path: Path) -> str:
    try:
        known = path.stat()
    except OSError as error:
        return str(error.strerror)
    changed = datetime.datetime.fromtimestamp(known.st_mtime).strftime("%Y-%m-%d %H:%M")
    return f"{numbers.size(known.st_size)}, changed {changed}"


def _code(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_SHOWN)
    except OSError as error:
        return f"# {error.strerror}"
