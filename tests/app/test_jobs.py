"""A job's answer comes once, on the GUI thread, and not at all when nobody waits for it."""

import threading
import time

import pytest
from pytestqt.qtbot import QtBot

from app.jobs import Job, Jobs
from core.errors import EditRefused


def test_the_answer_comes_on_the_gui_thread(jobs: Jobs, qtbot: QtBot) -> None:
    found: list[object] = []
    jobs.start(
        lambda _: threading.current_thread().name,
        lambda name: found.append((name, threading.current_thread() is threading.main_thread())),
        title="work",
    )
    qtbot.waitUntil(lambda: bool(found))
    assert found == [("work", True)]


def test_an_answer_that_comes_at_once_is_waited_for(jobs: Jobs, qtbot: QtBot) -> None:
    found: list[int] = []
    jobs.start(lambda _: 1, found.append, wait=5.0)
    assert found == [1]
    qtbot.wait(20)
    assert found == [1]


def test_nothing_comes_of_a_cancelled_job(jobs: Jobs, qtbot: QtBot) -> None:
    goes_on = threading.Event()
    found: list[object] = []

    def work(job: Job) -> str:
        goes_on.wait(10)
        assert job.cancelled()
        return "late"

    job = jobs.start(work, found.append)
    job.cancel()
    goes_on.set()
    qtbot.waitUntil(lambda: not jobs.running)
    assert found == []


def test_a_refusal_is_an_answer(jobs: Jobs, qtbot: QtBot) -> None:
    def refuse(_: Job) -> None:
        raise EditRefused("No.")

    said: list[str] = []
    jobs.start(refuse, said.append, lambda error: said.append(str(error)))
    qtbot.waitUntil(lambda: bool(said))
    with qtbot.waitSignal(jobs.refused) as signal:
        jobs.start(refuse, said.append)
    assert said == ["No."]
    assert signal.args == ["No."]


def test_a_bug_goes_where_those_of_slots_go(jobs: Jobs, qtbot: QtBot) -> None:
    def fail(_: Job) -> None:
        raise ZeroDivisionError

    with qtbot.captureExceptions() as caught:
        jobs.start(fail, lambda _: None)
        qtbot.waitUntil(lambda: not jobs.running)
    assert [each[0] for each in caught] == [ZeroDivisionError]


def test_closing_waits_for_threads_but_not_for_ever(jobs: Jobs) -> None:
    goes_on = threading.Event()
    jobs.start(lambda _: goes_on.wait(20), lambda _: None)
    began = time.monotonic()
    assert not jobs.wait_all(0.05)
    assert time.monotonic() - began < 10
    goes_on.set()
    assert jobs.wait_all(10)


def test_progress_is_the_latest_that_was_said(jobs: Jobs) -> None:
    def work(job: Job) -> None:
        job.progress(1, 3, "a")
        job.progress(2, 3, "b")

    job = jobs.start(work, lambda _: None, wait=5.0)
    assert job.at == (2, 3, "b")
    assert not job.running


pytestmark = pytest.mark.usefixtures("qapp")
