"""Timing us and the peer in one process, in turn, so that a slow moment hits both."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

Clock = Callable[[], Any]


def one_thread() -> None:
    torch.set_num_threads(1)


def seconds(work: Clock) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def in_turn(
    works: Sequence[Clock], rounds: int, before: Sequence[Clock] | None = None
) -> list[float]:
    """Return the median seconds of each, run one after the other, round after round.

    ``before`` is what each needs done first, and is not counted.
    """
    before = before or [lambda: None] * len(works)
    times: list[list[float]] = [[] for _ in works]
    for round_number in range(rounds + 1):
        for each, prepare, work in zip(times, before, works, strict=True):
            prepare()
            took = seconds(work)
            if round_number:  # the first round warms up
                each.append(took)
    return [statistics.median(each) for each in times]


def geometric_mean(ratios: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


class Verdict:
    """Prints each target with what was measured; the exit status is 1 when one was missed."""

    def __init__(self) -> None:
        self.missed = 0

    def at_most(self, what: str, measured: float, limit: float, unit: str = "") -> None:
        self._say(what, measured <= limit, f"{measured:.3g}{unit}, at most {limit:g}{unit}")

    def at_least(self, what: str, measured: float, limit: float, unit: str = "") -> None:
        self._say(what, measured >= limit, f"{measured:.3g}{unit}, at least {limit:g}{unit}")

    def _say(self, what: str, met: bool, figures: str) -> None:
        self.missed += not met
        print(f"{'met   ' if met else 'MISSED'}  {what}: {figures}")

    def leave(self) -> None:
        raise SystemExit(1 if self.missed else 0)
