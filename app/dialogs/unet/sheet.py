"""The sheet itself: the form on the left, the U on the right, and what it comes to below."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.dialogs.unet.assembled import Assembled, assembled, choices
from app.dialogs.unet.form import UNetForm
from app.flow.letters import letters
from app.flow.view import FlowView
from app.jobs import Job, Jobs
from app.request import OpenRequest
from app.said import Said
from core.errors import ModelwrightError

#: How long (ms) the form has to rest before its U-Net is worked out.
_PAUSE = 150


class UNetSheet(QDialog):
    """``wanted`` carries an :class:`OpenRequest` for the U-Net of the form."""

    wanted = Signal(object)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("New U-Net"))
        self._jobs = jobs
        self._job: Job | None = None
        self._wants_to_create = False
        self.assembled: Assembled | None = None
        self.form = UNetForm()
        self.view = FlowView(whole=True)
        self.view.setAccessibleName(self.tr("The U-Net, drawn"))
        self.source = QLabel()
        self.source.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.source.setWordWrap(True)
        self.source.setAccessibleName(self.tr("How it is written"))
        self.said = Said(lines=2)
        self.said.setAccessibleName(self.tr("What it comes to"))
        self.buttons = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole.AcceptRole
        self.create_ = self.buttons.addButton(self.tr("&Create"), role)
        self.create_.setDefault(True)
        self.create_.setEnabled(False)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self._create)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._try)
        self.form.changed.connect(self._changed)
        jobs.start(lambda _: choices(), self.form.offer)
        self.form.encoder.setFocus()
        self._try()

    def _lay_out(self) -> None:
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.StyledPanel)
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.view)
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addWidget(self.form)
        left.addWidget(self.source)
        left.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addLayout(left)
        row.addWidget(frame, 1)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addLayout(row, 1)
        column.addWidget(self.said)
        column.addWidget(self.buttons)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.resize(letter * 150, line * 40)

    def _changed(self) -> None:
        self.create_.setEnabled(False)
        self._wants_to_create = False
        self._timer.start()

    def _try(self) -> None:
        """Work out what the form asks for; what was asked before is of no interest any more."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        height, width = self.form.image_height.value(), self.form.image_width.value()
        measured = letters(self.view.font())
        facts = self.form.facts()
        self._job = self._jobs.start(
            lambda _: assembled(facts, height, width, measured),
            self._found,
            self._refused,
            wait=0.01,
        )
        if self._job in self._jobs.running:
            self.said.say(self.tr("Working it out…"), "muted")

    def _found(self, found: Assembled) -> None:
        self.assembled = found
        self.view.show_picture(found.picture)
        self.source.setText(found.source)
        self.said.say(found.totals, "good")
        self.create_.setEnabled(True)
        if self._wants_to_create:
            self._create()

    def _refused(self, error: ModelwrightError) -> None:
        self.assembled = None
        self.view.show_picture(None)
        self.source.setText("")
        self.said.say(str(error), "problem")

    def _create(self) -> None:
        """Ask for the U-Net; where it is still worked out, as soon as it is known to be one."""
        if self.create_.isEnabled() and self.assembled is not None:
            found = self.assembled
            self.accept()
            self.wanted.emit(OpenRequest(found.source, inputs=found.inputs))
        else:
            self._wants_to_create = True
            self._try()

    def done(self, result: int) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        super().done(result)
