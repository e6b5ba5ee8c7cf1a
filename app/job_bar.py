"""How far a job is, looked at again and again while it is at work."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from app.jobs import Job

_LOOK = 100  # how often (ms)
_PARTS = 1000  # Qt's bars count in 32 bits, files of weights do not


class Watch(QObject):
    """``looked``: how much is done, of how much, and what is being done."""

    looked = Signal(object, object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self.look)

    def follow(self, job: Job | None) -> None:
        """Look at this job from now on; at none, if there is none."""
        self._job = job
        self._timer.stop() if job is None else self._timer.start()
        self.look()

    def look(self) -> None:
        """Say how far it is now."""
        if self._job is not None:
            self.looked.emit(*self._job.at)


class JobBar(QProgressBar):
    """Is there while a job is at work; ``told`` makes words of how much is done, of how much."""

    def __init__(
        self, told: Callable[[int, int], str] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._told = told
        self.watch = Watch(self)
        self.watch.looked.connect(self._show)
        self.setAccessibleName(self.tr("Progress"))
        self.hide()

    def follow(self, job: Job | None) -> None:
        """Show how far this job is, until another is named, or none."""
        self.setVisible(job is not None)
        self.watch.follow(job)

    def _show(self, done: int, total: int, text: str) -> None:
        self.setRange(0, _PARTS if total else 0)
        self.setValue(_PARTS * done // total if total else 0)
        if self._told is not None:
            self.setFormat(self._told(done, total))
        self.setToolTip(text)
