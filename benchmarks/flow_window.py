"""The dataflow beside the tree: a graph of 500 steps shown, dragged and seen whole.

    python benchmarks/flow_window.py

Through the real window: no turn of the event loop is long while the graph is read and laid out, and
each frame is painted within one of the screen's.
"""

import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import torch
from measure import finish, judge
from PySide6.QtCore import QCoreApplication, QPointF
from torch import nn
from window import Gaps

from app import start
from app.screenshot import is_ready, wait_until
from core.document import Document, InputSpec
from core.session import Session


class Chain(nn.Module):
    """440 convolutions; every seventh is added to what came five steps before."""

    def __init__(self) -> None:
        super().__init__()
        for number in range(440):
            setattr(self, f"conv{number}", nn.Conv2d(4, 4, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        given = [x]
        for number in range(440):
            given.append(getattr(self, f"conv{number}")(given[-1]))
            if number % 7 == 6:
                given.append(given[-6] + given[-1])
        return given[-1]


def painted(view) -> float:
    """Paint one frame; return the milliseconds."""
    begin = time.perf_counter()
    view.repaint()
    return (time.perf_counter() - begin) * 1e3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _, window = start.make(Path(folder) / "s.ini")
        window.show()
        wait_until(lambda: window.whole)
        window.desk.adopt(Session(Document.of(Chain(), (InputSpec(shape=(1, 4, 8, 8)),))))
        wait_until(lambda: is_ready(window))
        window.docks["flow"].setFloating(True)
        window.docks["flow"].resize(900, 1000)
        gaps = Gaps()
        gaps.doing = "showing the dataflow"
        begin = time.perf_counter()
        window.commands.flow.show()
        while window.flow.drawn is None:
            QCoreApplication.processEvents()
        ready = (time.perf_counter() - begin) * 1e3
        gaps.timer.stop()
        view = window.flow.view
        first = painted(view)
        steps = len(view.picture.steps)
        print(f"{steps} steps: {ready:.0f} ms until they are laid out, first frame {first:.1f} ms")
        gaps.show("While it is read and laid out", 3)
        judge("while it is read and laid out: longest gap, ms", gaps.worst(), 100)
        judge("first paint of the graph, ms", first, 16)
        frames = []
        for _ in range(200):
            view._move(QPointF(0, -37))
            frames.append(painted(view))
        frames.sort()
        print(f"dragged: median {frames[100]:.1f} ms a frame, 99 % {frames[197]:.1f}")
        judge("dragging: ms a frame, median", frames[100], 16)
        view.fit()
        whole = sorted(painted(view) for _ in range(20))[10]
        judge("the whole graph at once: ms a frame", whole, 16)
        window.desk.close()
        window.close()
    finish()


if __name__ == "__main__":
    main()
