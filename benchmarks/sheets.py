"""The sheets for files of weights: filled, matched, filtered and scrolled, through the real window.

    python benchmarks/sheets.py [GB]

Size of the file the sheet is filled with in GB (4 if not given); it is made in the temporary folder
and removed. Filling is timed beside the core's own reading of the file, in one process.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import torch
from checkpoints import make
from measure import finish, judge
from torch import nn
from window import Gaps

from app import start
from app.dialogs.load import LoadSheet
from app.explorer import ExplorerWindow
from app.screenshot import is_ready, wait_until
from core.document import Document
from core.files import read_contents
from core.session import Session

ROUNDS = 5


def settle(window) -> None:
    from PySide6.QtCore import QCoreApplication

    for _ in range(3):
        QCoreApplication.processEvents()


def spun(ready) -> float:
    """Let the event loop run until something is so; return the seconds."""
    from PySide6.QtCore import QCoreApplication

    begin = time.perf_counter()
    while not ready():
        QCoreApplication.processEvents()
        time.sleep(0.001)  # as a loop that waits does: Python's other threads get their turn
    return time.perf_counter() - begin


def filling(window, file: Path) -> None:
    """Sheet and core in turn: what the sheet adds is its widgets."""
    from core.files.which import which

    ours, core_alone = [], []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        contents = read_contents(file)
        which({name: each.shape for name, each in contents.weights[0].tensors.items()})
        core_alone.append(time.perf_counter() - begin)
        sheet = LoadSheet(window.desk.state, window.jobs, window)
        sheet.open()
        settle(window)
        begin = time.perf_counter()
        sheet.open_file(file)
        spun(lambda sheet=sheet: sheet.case.contents is not None)
        settle(window)
        ours.append(time.perf_counter() - begin)
        sheet.reject()
        settle(window)
    mine, alone = statistics.median(ours) * 1e3, statistics.median(core_alone) * 1e3
    print(
        f"fill the sheet of {file.stat().st_size / 1e9:.1f} GB: {mine:.0f} ms; core {alone:.0f} ms"
    )
    judge("sheet filled: times the core's inspect", mine / alone, 3)


def matching(window, folder: Path) -> None:
    """Ten thousand rows, each with a prefix: from the file's name to the painted table."""
    layers = nn.Sequential(*(nn.Linear(2, 2) for _ in range(5000)))
    file = folder / "many.pth"
    torch.save(nn.DataParallel(layers).state_dict(), file)
    window.desk.adopt(Session(Document.of(layers)))
    wait_until(lambda: is_ready(window))
    times = []
    for _ in range(ROUNDS):
        sheet = LoadSheet(window.desk.state, window.jobs, window)
        sheet.open()
        sheet.open_file(file)
        spun(lambda sheet=sheet: sheet.case.plan is not None and not sheet.case.working)
        settle(window)
        begin = time.perf_counter()
        sheet.case._match()
        sheet.case.plan = None
        spun(lambda sheet=sheet: sheet.case.plan is not None)
        settle(window)
        times.append(time.perf_counter() - begin)
        if len(times) < ROUNDS:
            sheet.reject()
            settle(window)
    judge("10,000 rows matched and shown, seconds", statistics.median(times), 0.3)
    wait_until(lambda: not (window.jobs.running or sheet.case.working))
    gaps = Gaps()
    gaps.doing = "typing a filter"
    for text in ("1", "12", "123", "123 w", "123 weight", "", "bias", "b", ""):
        sheet.match.filter.setText(text)
        typed = time.perf_counter()
        spun(lambda typed=typed: time.perf_counter() > typed + 0.06)
    gaps.timer.stop()
    gaps.show("While a filter is typed", 4)
    judge("filter as you type: longest gap, ms", gaps.worst(), 50)
    sheet.reject()
    window.desk.session.history.mark_clean()
    settle(window)


def scrolling(window, folder: Path) -> None:
    """The explorer's tree, all ten thousand tensors open, a wheel's turn at a time."""
    from PySide6.QtCore import QCoreApplication

    file = folder / "wide.pth"
    torch.save({f"layers.{n // 4}.part{n % 4}": torch.zeros(2) for n in range(10_000)}, file)
    explorer = ExplorerWindow(window.jobs, window)
    explorer.show()
    explorer.open_file(file)
    wait_until(lambda: explorer.contents is not None and not window.jobs.running)
    explorer.tree.expandAll()
    settle(window)
    bar, frames = explorer.tree.verticalScrollBar(), []
    for step in range(200):
        begin = time.perf_counter()
        bar.setValue(step * 3)
        QCoreApplication.processEvents()  # what was scrolled in is painted
        frames.append((time.perf_counter() - begin) * 1e3)
    frames.sort()
    print(f"explorer, 10,000 tensors: median {frames[100]:.1f} ms a frame, 99 % {frames[197]:.1f}")
    judge("explorer scrolls 10,000 tensors: ms a frame, 99 of 100", frames[197], 16)
    explorer.close()


def main() -> None:
    size = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    if shutil.disk_usage(tempfile.gettempdir()).free < size * 1e9 * 1.2:
        raise SystemExit(f"{size * 1.2:.0f} GB are needed in {tempfile.gettempdir()}.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _, window = start.make(folder / "s.ini")
        window.show()
        wait_until(lambda: window.whole)
        large = folder / "large.pth"
        make(large, int(size * 1e9))
        filling(window, large)
        large.unlink()
        matching(window, folder)
        scrolling(window, folder)
        window.desk.close()
        window.close()
    finish()


if __name__ == "__main__":
    main()
