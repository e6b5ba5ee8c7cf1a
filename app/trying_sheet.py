"""A sheet that says what would come of it while it is filled in, and does it on a thread."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from app.consequence import Consequence
from app.jobs import Job, Jobs
from app.said import Said
from core.errors import ModelwrightError

#: How long (ms) typing has to pause before it is tried.
_PAUSE = 120


class TryingSheet(QDialog):
    """``given`` carries what :meth:`doing` returned, once it is done.

    A sheet has fields, checks them with what :meth:`trying` returns, and is closed when what
    :meth:`doing` returns was not refused. Both run on a thread.
    """

    given = Signal(object)

    def __init__(
        self, title: str, jobs: Jobs, parent: QWidget | None = None, *, lines: int = 3
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._jobs = jobs
        self._job: Job | None = None
        self._wants_to_accept = False
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.said = Said(lines=lines)
        self.said.setAccessibleName(self.tr("What it would do"))
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel)
        self.ok = self.buttons.button(buttons.Ok)
        self.ok.setEnabled(False)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addLayout(self.form)
        column.addWidget(self.said)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._try)
        self.said.setMinimumWidth(self.fontMetrics().averageCharWidth() * 66)

    def trying(self) -> Callable[[], Consequence]:
        """Read the fields, and return what says what they would lead to, on any thread."""
        raise NotImplementedError

    def doing(self) -> Callable[[], object]:
        """Read the fields, and return what does it, on any thread."""
        raise NotImplementedError

    def changed(self, *_: object) -> None:
        """Take note that a field has changed."""
        self.ok.setEnabled(False)
        self._wants_to_accept = False
        self._timer.start()

    def refuse(self, error: ModelwrightError) -> None:
        """Say why it cannot be."""
        self.ok.setEnabled(False)
        self.said.say(str(error), "problem")

    def _try(self) -> None:
        self._start(self.trying(), self._found)

    def _start(
        self, work: Callable[[], object], then: Callable[..., None], title: str = ""
    ) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        self._job = self._jobs.start(lambda _: work(), then, self.refuse, title=title, wait=0.01)

    def _found(self, found: Consequence) -> None:
        self.said.say(found.text, "problem" if found.refused else "muted")
        self.ok.setEnabled(not found.refused)
        if self._wants_to_accept and not found.refused:
            self._accept()

    def _accept(self) -> None:
        """Do it; where it is still being tried, as soon as it is known to be possible."""
        if self.ok.isEnabled():
            self._do()
        else:
            self._wants_to_accept = True
            self._try()

    def _do(self) -> None:
        self.ok.setEnabled(False)
        self._start(self.doing(), self._done, self.windowTitle())

    def _done(self, found: object) -> None:
        self.given.emit(found)
        self.accept()

    def done(self, result: int) -> None:
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
        super().done(result)
