"""The sheet that opens a model: from the zoo, from a file, from layers as one writes them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

import core
from app.dialogs.open_file import FilePage
from app.dialogs.open_layers import ExpressionPage
from app.dialogs.open_zoo import ZooPage
from app.jobs import Job, Jobs
from app.live_check import LiveCheck
from app.request import OpenRequest
from app.said import Said
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.document import InputSpec

    Inputs = tuple[InputSpec, ...] | None


#: How long (seconds) to hold on for an answer before saying that it takes a moment.
AT_ONCE = 0.03


class OpenDialog(QDialog):
    """``wanted`` carries an :class:`OpenRequest`; what makes no sense is answered in place."""

    wanted = Signal(object)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._jobs = jobs
        self._asking: Job | None = None
        self.setWindowTitle(self.tr("Open a model"))
        self.zoo = ZooPage(jobs)
        self.file = FilePage()
        self.expression = ExpressionPage(jobs)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)  # Fusion's pane is too light for tones on dark
        self.pages.addTab(self.zoo, self.tr("&Zoo"))
        self.pages.addTab(self.file, self.tr("&File"))
        self.pages.addTab(self.expression, self.tr("&Layers"))
        self.input = QLineEdit()
        self.input.setPlaceholderText(self.tr("as usual for the model, such as 1,3,224,224"))
        self.input.setAccessibleName(self.tr("Input shape"))
        self.said = Said()
        self.said.setAccessibleName(self.tr("What is missing"))
        form = QFormLayout()
        form.addRow(self.tr("&Input"), self.input)
        self.buttons = QDialogButtonBox()
        self.opens = self.buttons.addButton(self.tr("Open"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.opens.setDefault(True)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.ask)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.pages, 1)
        column.addLayout(form)
        column.addWidget(self.said)
        column.addWidget(self.buttons)
        for page in (self.zoo, self.file, self.expression):
            page.activated.connect(self.ask)
        self._check = LiveCheck(self._read, self.said, jobs)
        self.input.textChanged.connect(self._check.follow)
        self.pages.currentChanged.connect(lambda: self._check.follow(self.input.text()))
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.resize(letter * 124, line * 38)
        self.zoo.search.setFocus()

    def ask(self) -> None:
        """Ask for what is chosen, or say what is missing.

        To read an input or layers takes PyTorch. Where that is still being imported the sheet says
        so and waits; it can be cancelled, and nothing else stands still.
        """
        page = self.pages.currentWidget()
        assert isinstance(page, ZooPage | FilePage | ExpressionPage)
        self._stop()
        try:
            complete = page.request()
        except ModelwrightError as error:
            self._refuse(error)
            return
        text = self.input.text().strip()
        self._asking = self._jobs.start(
            lambda _: complete(_inputs(text)), self._give, self._refuse, wait=AT_ONCE
        )
        if self._asking in self._jobs.running:
            self.opens.setEnabled(False)
            self.said.say(self.tr("Opening as soon as PyTorch is loaded…"), "muted")

    def _give(self, request: OpenRequest) -> None:
        self.accept()
        self.wanted.emit(request)

    def _refuse(self, error: ModelwrightError) -> None:
        self.opens.setEnabled(True)
        self.said.say(str(error), "problem")

    def _stop(self) -> None:
        """Forget what was asked for; the sheet is asked for something else, or closed."""
        self._check.stop()
        if self._asking is not None:
            self._asking.cancel()
        self.opens.setEnabled(True)

    def _read(self, text: str) -> str:
        return self.tr("Input {}").format(", ".join(map(str, core.parse_inputs(text))))

    def done(self, result: int) -> None:
        self._stop()
        self.zoo.reading.cancel()
        super().done(result)


def _inputs(text: str) -> "Inputs":
    return core.parse_inputs(text) if text else None
