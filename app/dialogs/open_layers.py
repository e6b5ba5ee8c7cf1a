"""The page of the sheet that opens a model made of layers, as one writes them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

import core
from app.jobs import Jobs
from app.live_check import LiveCheck
from app.request import OpenRequest
from app.said import Said

if TYPE_CHECKING:
    from core.document import InputSpec

    Inputs = tuple[InputSpec, ...] | None

EXAMPLE = """Sequential(
    fc1=Linear(784, 256),
    relu=ReLU(),
    fc2=Linear(256, 10),
)"""
IMAGES = """Sequential(
    conv=Conv2d(3, 16, 3, padding=1),
    relu=ReLU(),
    pool=AdaptiveAvgPool2d(1),
    flatten=Flatten(),
    fc=Linear(16, 10),
)"""


class ExpressionPage(QWidget):
    """A model from nothing: a spec, which is read and never run."""

    activated = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.text = QPlainTextEdit(EXAMPLE)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(self.tr("Layers"))
        self.text.setTabChangesFocus(True)
        self.said = Said(lines=2)
        self.said.setAccessibleName(self.tr("Whether the layers can be read"))
        column = QVBoxLayout(self)
        column.addLayout(self._examples())
        column.addWidget(self.text, 1)
        column.addWidget(self.said)
        self._check = LiveCheck(self._read, self.said, jobs)
        self.text.textChanged.connect(lambda: self._check.follow(self.text.toPlainText()))

    def _examples(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(QLabel(self.tr("Layers as in a script; they are only read.")), 1)
        examples = (
            (self.tr("Example on numbers"), EXAMPLE),
            (self.tr("Example on images"), IMAGES),
        )
        for title, text in examples:
            button = QPushButton(title)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, text=text: self.text.setPlainText(text))
            row.addWidget(button)
        return row

    def _read(self, text: str) -> str:
        core.parse_spec(text)
        return self.tr("This can be read.")

    def request(self) -> "Callable[[Inputs], OpenRequest]":
        """Return what asks for the layers; it raises SpecError for what is none."""
        text = self.text.toPlainText().strip()
        return lambda inputs: OpenRequest(str(core.parse_spec(text)), inputs=inputs)
