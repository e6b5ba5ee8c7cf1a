"""What takes long is shown with its progress, and can be cancelled."""

import threading

import pytest
from pytestqt.qtbot import QtBot

from app.jobs import Job, Jobs
from app.panels.status import StatusBar


@pytest.fixture
def bar(jobs: Jobs, qtbot: QtBot) -> StatusBar:
    made = StatusBar(jobs)
    qtbot.addWidget(made)
    made.show()
    return made


def endless(jobs: Jobs, title: str) -> Job:
    """Start a job that reports 3 of 10 and goes on until it is cancelled."""
    pause = threading.Event()

    def work(job: Job) -> None:
        job.progress(3, 10, "third")
        while not job.cancelled():
            pause.wait(0.01)

    return jobs.start(work, lambda _: None, title=title)


def test_a_long_job_is_shown_with_its_progress(bar: StatusBar, jobs: Jobs, qtbot: QtBot) -> None:
    job = endless(jobs, "Counting")
    assert not bar.bar.isVisible()  # what is over soon would only flicker
    qtbot.waitUntil(lambda: bar.bar.isVisible())
    assert bar.title.text() == "Counting…"
    assert (bar.bar.value(), bar.bar.maximum()) == (3, 10)
    job.cancel()
    qtbot.waitUntil(lambda: not bar.bar.isVisible())


def test_cancel_stops_it_and_says_so(bar: StatusBar, jobs: Jobs, qtbot: QtBot) -> None:
    job = endless(jobs, "Counting")
    qtbot.waitUntil(lambda: bar.cancel.isVisible())
    bar.cancel.click()
    assert job.cancelled()
    assert bar.currentMessage() == "Counting was stopped."
    assert not bar.cancel.isVisible()


def test_a_job_without_a_title_is_not_shown(bar: StatusBar, jobs: Jobs, qtbot: QtBot) -> None:
    job = endless(jobs, "")
    qtbot.wait(800)
    assert not bar.bar.isVisible()
    job.cancel()
