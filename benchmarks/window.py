"""The window's feel: when the first frame is there, and how long the event loop ever waits.

The first frame is timed from the process's own start, by a process of its own. Then a session is
played through the real window, offscreen: five models are opened, 200 edits made, all undone. A
timer ticks all the while; where it comes late, the loop was blocked, and that is a gap.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

FIRST = """
import os, pathlib, sys, tempfile, time
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from app import start

def leave():
    print(time.time(), flush=True)
    os._exit(0)

application, window = start.make(pathlib.Path(tempfile.mkdtemp()) / "s.ini")
window.seen.disconnect()
window.seen.connect(leave)  # the window and all in it are painted by then
window.show()
application.exec()
"""
MODELS = ("resnet18", "mobilenet_v2", "resnet50", "swin_t", "vit_b_16")
EDITS = 40


def first_frame(code: str, kept: str) -> float:
    """Return the seconds from starting a process to what it prints: the time.

    What Python compiled is in the folder ``kept``, as it is in a user's from the second start on.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": kept}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return float(done.stdout.split()[-1]) - began


class Gaps:
    """Notes when the event loop came late, and what was going on."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer

        self.doing = "starting"
        self.found: list[tuple[float, str]] = []
        self._last = time.perf_counter()
        self.timer = QTimer()
        self.timer.setInterval(1)
        self.timer.timeout.connect(self._tick)
        self.timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        gap, self._last = (now - self._last) * 1e3, now
        if gap > 20:
            self.found.append((gap, self.doing))

    def worst(self) -> float:
        return max([gap for gap, _ in self.found], default=0.0)

    def show(self, title: str, count: int = 10) -> None:
        print(f"{title}: {len(self.found)} gaps over 20 ms")
        for gap, doing in sorted(self.found, reverse=True)[:count]:
            print(f"  {gap:6.0f} ms  {doing}")


def edits_of(document) -> list[str]:
    """Edits that keep a model whole: the first layers of a kind, again and again."""
    from torch import nn

    kinds = {nn.ReLU: "GELU()", nn.ReLU6: "SiLU()", nn.Dropout: "Dropout(0.3)", nn.GELU: "SiLU()"}
    found = []
    for path, module in document.modules():
        layer = kinds.get(type(module))
        if layer and path:
            found.append(f"{path} = {layer}")
        if isinstance(module, nn.Linear) and path and module.bias is not None:
            found.append(f"{path}.bias = {len(found) % 2 == 0}")
    return [found[number % len(found)] for number in range(EDITS)]


def played() -> tuple[Gaps, Gaps]:
    """Play the session; return the gaps before torch was there, and those after."""
    from app import start
    from app.screenshot import is_ready, wait_until

    _, window = start.make(Path(tempfile.mkdtemp()) / "s.ini")
    window.show()
    before = Gaps()
    before.doing = "importing torch"
    wait_until(lambda: window.whole)
    before.timer.stop()
    gaps, desk = Gaps(), window.desk
    for name in MODELS:
        gaps.doing = f"opening {name}"
        window.commands.open_source(name)
        wait_until(lambda: is_ready(window))
        for edit in edits_of(desk.state.document):
            gaps.doing = f"{name}: {edit}"
            desk.ask(edit)
            wait_until(lambda: is_ready(window))
        while desk.state.can_undo:
            gaps.doing = f"{name}: undoing step {desk.state.cursor}"
            desk.undo()
            wait_until(lambda: is_ready(window))
        desk.session.history.mark_clean()
        desk.close()
    gaps.timer.stop()
    window.close()
    return before, gaps


def main() -> None:
    imported = "import time, PySide6.QtWidgets, PySide6.QtSvg; print(time.time())"
    starts = ("import time; print(time.time())", imported, FIRST)
    with tempfile.TemporaryDirectory() as kept:
        rounds = [[first_frame(code, kept) for code in starts] for _ in range(8)][1:]
    bare, qt, painted = (sorted(times)[len(rounds) // 2] for times in zip(*rounds, strict=True))
    print(f"python alone {bare:.2f} s, with Qt imported {qt:.2f} s, first frame {painted:.2f} s")
    from measure import finish, judge

    judge("first frame, s from the process's start", painted, 0.3)
    before, gaps = played()
    before.show("While torch is imported")
    judge("longest gap before torch is ready, ms", before.worst(), 300)
    gaps.show("In the session")
    judge("longest gap after, ms", gaps.worst(), 100)
    finish()


if __name__ == "__main__":
    main()
