"""Work off the GUI thread: the only file with threads.

A job is a pure function of values nobody can change. Its answer comes back on the GUI thread, once,
unless the job was cancelled before: then nothing comes. A refusal (``ModelwrightError``) is an
answer too; any other exception is a bug and goes where those of slots go.
"""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from core.errors import Cancelled, ModelwrightError


@dataclass(eq=False)
class Job:
    """One piece of work. ``work`` gets the job, for ``progress`` and ``cancelled``."""

    title: str
    work: Callable[["Job"], Any]
    done: Callable[[Any], object]
    failed: Callable[[ModelwrightError], object]
    started: float = field(default_factory=time.monotonic)
    at: tuple[int, int, str] = (0, 0, "")
    #: What has to be over before this begins; let go of then.
    after: "Job | None" = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _result: Any = None
    _error: BaseException | None = None

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Say how far it is; what shows it asks for the latest, so this may be called often."""
        self.at = (done, total, text)

    def cancelled(self) -> bool:
        """Say whether nobody waits for the answer any more."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Stop caring; the answer, should one still come, is dropped."""
        self._stop.set()

    @property
    def running(self) -> bool:
        """Whether its thread is still at work, wanted or not."""
        return not self._over.is_set()

    def _run(self) -> None:
        if self.after is not None:
            self.after._over.wait()
            self.after = None
        try:
            self._result = self.work(self)
        except BaseException as error:  # it is raised again on the GUI thread
            self._error = error
        self._over.set()


class Jobs(QObject):
    """Starts jobs and delivers their answers. ``changed``: one began or ended."""

    changed = Signal()
    refused = Signal(str)
    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.running: list[Job] = []
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(
        self,
        work: Callable[[Job], Any],
        done: Callable[[Any], object],
        failed: Callable[[ModelwrightError], object] | None = None,
        *,
        title: str = "",
        wait: float = 0.0,
        after: Job | None = None,
    ) -> Job:
        """Run ``work`` on a thread of its own.

        ``wait`` (seconds) is how long to hold on for an answer that comes at once; most edits do,
        and the window then changes once instead of twice. Without ``failed``, a refusal is told by
        the signal ``refused``. A job with a ``title`` is shown when it takes long. It begins when
        ``after`` is over, wanted or not: of two that write one file, the later has to win.
        """
        failed = failed or (lambda error: self.refused.emit(str(error)))
        job = Job(title, work, done, failed, after=after)
        self.running.append(job)
        threading.Thread(target=self._work, args=(job,), name=title or "job", daemon=True).start()
        if wait and job._over.wait(wait):
            self._deliver(job)
        else:
            self.changed.emit()
        return job

    def cancel_all(self) -> None:
        """Cancel every job."""
        for job in tuple(self.running):
            job.cancel()
        self.changed.emit()

    def wait_all(self, seconds: float) -> bool:
        """Wait until all threads are done, at most ``seconds``; the window is closing."""
        end = time.monotonic() + seconds
        return all(job._over.wait(max(0.0, end - time.monotonic())) for job in tuple(self.running))

    def _work(self, job: Job) -> None:
        job._run()
        try:
            self._ended.emit(job)
        except RuntimeError:  # the window is gone, and with it this object
            return

    @Slot(object)
    def _deliver(self, job: Job) -> None:
        if job not in self.running:
            return
        self.running.remove(job)
        self.changed.emit()
        if job.cancelled() or isinstance(job._error, Cancelled):
            return
        if not _is_alive(job.done):
            return  # who asked is gone: a sheet was closed meanwhile
        if job._error is None:
            job.done(job._result)
        elif isinstance(job._error, ModelwrightError):
            job.failed(job._error)
        else:
            error = job._error
            sys.excepthook(type(error), error, error.__traceback__)


def _is_alive(answered: Callable[..., Any]) -> bool:
    """Whether the widget that an answer goes to is still there."""
    while isinstance(answered, partial):
        answered = answered.func
    owner = getattr(answered, "__self__", None)
    return not isinstance(owner, QObject) or isValid(owner)
