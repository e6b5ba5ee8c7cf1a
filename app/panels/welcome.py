"""The start page: what stands in the middle while no model is open."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app import icons, theme

_MOST_SHOWN = 5


class WelcomePage(QWidget):
    """Ways to open a model. What is asked for before PyTorch is loaded waits in the window."""

    zoo_wanted = Signal()
    file_wanted = Signal()
    source_wanted = Signal(str)
    recent_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recent: list[str] = []
        self.title = QLabel("Modelwright")
        self.promise = QLabel(
            self.tr("Open a PyTorch model, change it by hand, take PyTorch back.")
        )
        self.field = QLineEdit()
        self.field.setPlaceholderText("resnet50")
        self.field.setAccessibleName(self.tr("Model to open"))
        self.field.setClearButtonEnabled(True)
        self.field.returnPressed.connect(self._open)
        self.opens = QPushButton(self.tr("Open"))
        self.opens.setDefault(True)
        self.opens.clicked.connect(self._open)
        self.hint = QLabel(self._forms())
        self.zoo = self._choice("zoo", self.tr("Browse the zoo"), self.zoo_wanted)
        self.file = self._choice("open-file", self.tr("Open a file"), self.file_wanted)
        self.recent = QWidget()
        self._recent_rows = QVBoxLayout(self.recent)
        self._recent_rows.setContentsMargins(0, 0, 0, 0)
        self._recent_rows.setSpacing(2)
        self.status = QLabel(self.tr("Loading PyTorch…"))
        self.status.setAccessibleName(self.tr("Status"))
        self._lay_out()
        self._paint()

    def _lay_out(self) -> None:
        line = self.fontMetrics().height()
        entry = QHBoxLayout()
        entry.addWidget(self.field, 1)
        entry.addWidget(self.opens)
        choices = QHBoxLayout()
        choices.setSpacing(line // 2)
        choices.addWidget(self.zoo)
        choices.addWidget(self.file)
        inside = QWidget()
        inside.setMaximumWidth(self.fontMetrics().averageCharWidth() * 72)
        inside.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(inside)
        column.setSpacing(line // 2)
        for part in (self.title, self.promise):
            column.addWidget(part)
        column.addSpacing(line)
        column.addLayout(entry)
        self.hint.setWordWrap(True)
        column.addWidget(self.hint)
        column.addSpacing(line // 2)
        column.addLayout(choices)
        column.addSpacing(line // 2)
        column.addWidget(self.recent)
        column.addSpacing(line // 2)
        column.addWidget(self.status)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(inside, 6)
        row.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(line, line, line, line)
        whole.addStretch(2)
        whole.addLayout(row)
        whole.addStretch(3)

    def set_recent(self, sources: list[str]) -> None:
        """List what was opened last, newest first."""
        self._recent = sources[:_MOST_SHOWN]
        while (item := self._recent_rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        if self._recent:
            self._recent_rows.addWidget(_muted(QLabel(self.tr("Recent"))))
        for source in self._recent:
            self._recent_rows.addWidget(self._recent_button(source))

    def torch_is_ready(self) -> None:
        """Say that models open at once now."""
        self.status.setText(self.tr("Files can also be dropped anywhere on the window."))

    def rest(self) -> None:
        """Say again what can be typed: nothing is being opened any more."""
        self.hint.setText(self._forms())
        _muted(self.hint)

    def show_refusal(self, text: str) -> None:
        """Say under the field why nothing was opened."""
        self.hint.setText(text)
        _coloured(self.hint, theme.tone("problem"))

    def _forms(self) -> str:
        return self.tr("A name (resnet50), a file (net.py), a class in it (net.py:Net(3)), or"
                       " layers (Sequential(Linear(784, 10)))")  # fmt: skip

    def _open(self) -> None:
        _muted(self.hint)
        text = self.field.text().strip() or self.field.placeholderText()
        self.hint.setText(self.tr("Opening {}…").format(text))
        self.source_wanted.emit(text)

    def _choice(self, icon: str, text: str, signal: object) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setObjectName(icon)
        button.setAccessibleName(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        size = self.fontMetrics().height() * 2
        button.setIconSize(QSize(size, size))
        button.setMinimumHeight(size * 3)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.clicked.connect(signal)
        return button

    def _recent_button(self, source: str) -> QToolButton:
        button = QToolButton()
        button.setText(source)
        button.setAccessibleName(self.tr("Open {}").format(source))
        button.setIcon(icons.icon("recent", theme.tone("muted")))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        button.clicked.connect(lambda: self.recent_wanted.emit(source))
        return button

    def _paint(self) -> None:
        font = QFont(self.font())
        font.setPointSizeF(self.font().pointSizeF() * 2.4)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        for label in (self.promise, self.hint, self.status):
            _muted(label)
        for button in (self.zoo, self.file):
            size = button.iconSize().width()
            button.setIcon(icons.first_icon(button.objectName(), size, theme.tone("accent")))
        self.set_recent(self._recent)

    def paint_icons(self) -> None:
        """Draw the icons in every size, for screens of any kind."""
        for button in (self.zoo, self.file):
            button.setIcon(icons.icon(button.objectName(), theme.tone("accent")))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "status"):
            self._paint()
            self.paint_icons()


def _muted(label: QLabel) -> QLabel:
    return _coloured(label, theme.tone("muted"))


def _coloured(label: QLabel, colour: QColor) -> QLabel:
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, colour)
    label.setPalette(palette)
    return label
