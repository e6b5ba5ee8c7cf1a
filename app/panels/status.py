"""The status bar: what the commands do, and what takes long, with its progress and Cancel."""

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from app import icons
from app.jobs import Job, Jobs

#: A job is shown when it has taken so long (seconds): what is over sooner would only flicker.
_SHOWN_AFTER = 0.6


class StatusBar(QStatusBar):
    """Follows the jobs; the oldest titled one that takes long is shown."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job: Job | None = None
        self.title = QLabel()
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.setFixedWidth(self.fontMetrics().averageCharWidth() * 24)
        self.bar.setMaximumHeight(self.fontMetrics().height())
        self.cancel = QToolButton()
        self.cancel.setText(self.tr("Cancel"))
        self.cancel.setAccessibleName(self.tr("Cancel what is running"))
        self.cancel.clicked.connect(self._cancel)
        for widget in (self.title, self.bar, self.cancel):
            self.addPermanentWidget(widget)
        self._timer = QTimer(self)
        self._timer.setInterval(100)
        self._timer.timeout.connect(self._look)
        jobs.changed.connect(self._look)
        self._look()

    def _look(self) -> None:
        """Show the job that takes long, if there is one; look again while any runs."""
        now = time.monotonic()
        titled = [job for job in self._jobs.running if job.title and not job.cancelled()]
        late = [job for job in titled if now - job.started > _SHOWN_AFTER]
        self._job = late[0] if late else None
        for widget in (self.title, self.bar, self.cancel):
            widget.setVisible(self._job is not None)
        if self._job is not None:
            self._show(self._job)
        if bool(titled) != self._timer.isActive():
            self._timer.start() if titled else self._timer.stop()

    def _show(self, job: Job) -> None:
        done, total, text = job.at
        self.title.setText(f"{job.title}…")
        self.title.setToolTip(text)
        self.bar.setRange(0, total if total > 0 else 0)
        self.bar.setValue(done)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.showMessage(self.tr("{} was stopped.").format(self._job.title), 5000)
        self._look()

    def paint_icons(self) -> None:
        """Draw the icons in the theme's colours."""
        self.cancel.setIcon(icons.icon("stop"))
