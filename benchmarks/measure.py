"""Timing us and the peer in one process, in turn, so that a slow moment hits both."""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

Work = Callable[[], Any]

# One thread: what is measured is our own work and torch's, not how many cores were free.
torch.set_num_threads(1)

_missed: list[str] = []


def once(work: Work) -> float:
    """Return the milliseconds that one run takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e3


def milliseconds(work: Work, rounds: int) -> float:
    """Return the median milliseconds of a run; one more round goes first, to warm up."""
    return in_turn([work], rounds)[0]


def in_turn(
    works: Sequence[Work], rounds: int, before: Sequence[Work] | None = None
) -> list[float]:
    """Return the median milliseconds of each, run one after the other, round after round.

    ``before`` is what each needs done first, and is not counted.
    """
    before = before or [lambda: None] * len(works)
    times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for each, prepare, work in zip(times, before, works, strict=True):
            prepare()
            took = once(work)
            if number:
                each.append(took)
    return [statistics.median(each) for each in times]


def ratios(ours: Work, peers: Sequence[Work], rounds: int, before: Sequence[Work]) -> list[float]:
    """Return for each peer the median of how many times as long ours takes, pair by pair.

    Ours runs anew beside every peer, first in one round and second in the next, so that a disk that
    others use hits both alike. ``before`` is what ours and each peer need done first.
    """
    prepare, *others = before
    found = []
    for peer, fresh in zip(peers, others, strict=True):
        each = []
        for number in range(rounds):
            pair = [(prepare, ours), (fresh, peer)]
            took = {}
            for get_ready, work in pair if number % 2 else pair[::-1]:
                get_ready()
                took[work] = once(work)
            each.append(took[ours] / took[peer])
        found.append(statistics.median(each))
    return found


def geometric_mean(ratios: Iterable[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios)))


def judge(what: str, measured: float, limit: float, *, least: bool = False) -> None:
    """Print a target and what was measured: at most ``limit``, or at ``least``."""
    met = measured >= limit if least else measured <= limit
    if not met:
        _missed.append(what)
    bound = "at least" if least else "at most"
    print(
        f"{'met   ' if met else 'MISSED'}  {what}: {measured:.3g} ({bound} {limit:g})", flush=True
    )


def finish() -> None:
    """Leave with status 1 where a target was missed."""
    raise SystemExit(1 if _missed else 0)
