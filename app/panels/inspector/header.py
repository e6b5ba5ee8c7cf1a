"""What the inspector speaks of: icon, path, type, and how it differs from the origin."""

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app import icons
from app.parts import ElidedLabel, ToneLabel
from app.theme import Tone

if TYPE_CHECKING:
    from app.state import State

_TONES: dict[str, Tone] = {"added": "new", "replaced": "changed", "changed": "changed"}


class Header(QWidget):
    """The first thing in the panel."""

    def __init__(self) -> None:
        super().__init__()
        self._type = ""
        self._path = ""
        self._sign = QLabel()
        self.title = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.12)
        font.setBold(True)
        self.title.setFont(font)
        self.kind = ElidedLabel()
        self.mark = ToneLabel("changed")
        self.mark.setWordWrap(False)
        self.copy = QToolButton()
        self.copy.setAutoRaise(True)
        self.copy.setToolTip(self.tr("Copy the path"))
        self.copy.setAccessibleName(self.tr("Copy the path"))
        self.copy.clicked.connect(self._copy)
        self._lay_out()

    def show_state(self, state: "State") -> None:
        """Show what is selected."""
        document, paths = state.document, state.selection
        assert document is not None
        types = [type(document.module(path)).__name__ for path in paths]
        if len(paths) == 1:
            self._path = paths[0]
            self._fill(paths[0] or state.name or types[0], types[0], state.marks.get(paths[0], ""))
        else:
            self._path = "\n".join(paths)
            counted = ", ".join(f"{n} {name}" for name, n in Counter(types).most_common())
            self._fill(self.tr("{} modules").format(len(paths)), counted, "")
        self.copy.setVisible(bool(self._path))
        kind = types[0] if len(set(types)) == 1 else "Sequential"
        if kind != self._type:
            self._type = kind
            self._paint()

    def _fill(self, title: str, kind: str, mark: str) -> None:
        self.title.set_text(title)
        self.kind.set_text(kind)
        self.mark.set_tone(_TONES.get(mark, "accent"))
        self.mark.say(self._words(mark))

    def _words(self, mark: str) -> str:
        return {
            "added": self.tr("+ added"),
            "replaced": self.tr("~ replaced"),
            "changed": self.tr("~ changed"),
            "moved": self.tr("> moved"),
            "weights": self.tr("* other weights"),
            "frozen": self.tr("* frozen"),
            "thawed": self.tr("* trainable again"),
        }.get(mark, mark)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._path)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.kind, 1)
        below.addWidget(self.mark)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.title)
        words.addLayout(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 10, 6, 8)
        row.setSpacing(8)
        row.addWidget(self._sign)
        row.addLayout(words, 1)
        row.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        self._paint()

    def _paint(self) -> None:
        size = int(self.fontMetrics().height() * 1.7)
        if self._type:
            self._sign.setPixmap(icons.layer_icon(self._type).pixmap(size, size))
        self.copy.setIcon(icons.icon("copy"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint()
