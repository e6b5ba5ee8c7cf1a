"""Drags with a real pointer on a real X screen: what Qt does between press and release is Qt's own.

Skipped where there is no Xvfb, no xdotool, or where Qt's X11 plugin lacks its libraries.
"""

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.system import WINDOW

_MISSING = [name for name in ("Xvfb", "xdotool") if not shutil.which(name)]
_MISSING += [package for package, name in WINDOW.items() if not ctypes.util.find_library(name)]
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"needs {', '.join(_MISSING)}")

ONTO, ABOVE = 0.5, 0.1


class Mouse:
    """A pointer on a display of its own, over a window that tells where things are."""

    def __init__(self, display: str, facts: Path) -> None:
        self.environment = {**os.environ, "DISPLAY": display}
        self._facts = facts

    def do(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], env=self.environment, check=True, timeout=20)

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._facts.read_text())
        return found

    def until(self, so: Callable[[dict[str, Any]], Any], seconds: float = 20) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            known = self.facts if self._facts.exists() else {}
            if known and so(known):
                return known
            assert time.monotonic() < end, known
            time.sleep(0.05)

    def press(self, at: list[int]) -> None:
        """Press and begin to drag: two small moves tell Qt that it is one."""
        self.do("mousemove", at[0], at[1], "sleep", 0.1, "mousedown", 1, "sleep", 0.1)
        self.do("mousemove_relative", 5, 5, "sleep", 0.1, "mousemove_relative", 9, 9, "sleep", 0.1)

    def over(self, at: list[int], height: float = ONTO) -> None:
        y = at[1] + round((height - 0.5) * at[2]) if len(at) > 2 else at[1]
        self.do("mousemove", at[0] + 12, y, "sleep", 0.1, "mousemove", at[0] + 10, y, "sleep", 0.2)

    def release(self) -> None:
        self.do("mouseup", 1)


@contextmanager
def screen_with(tmp_path: Path, *files: Path) -> Iterator[Mouse]:
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1200x800x24", "-nolisten", "tcp"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as told:
        display = ":" + told.readline().strip()
    facts = tmp_path / "facts.json"
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    window = subprocess.Popen(
        [sys.executable, "-m", "tests.app.mouse_window", str(facts), *map(str, files)],
        env=environment,
    )
    try:
        made = Mouse(display, facts)
        known = made.until(lambda f: f["rows"], seconds=90)
        made.do("windowfocus", known["window"])
        yield made
    finally:
        for process in (window, screen):
            process.terminate()
            process.wait(20)


@pytest.fixture
def mouse(tmp_path: Path) -> Iterator[Mouse]:
    with screen_with(tmp_path) as made:
        yield made


def names(facts: dict[str, Any]) -> list[str]:
    return list(facts["children"])


def test_layers_and_rows_are_dragged_with_a_real_mouse(mouse: Mouse) -> None:
    """One window for all gestures: starting it is what takes its time."""
    facts = mouse.facts

    # A layer of the palette onto a row, with the consequence before release
    mouse.press(facts["layer"])
    mouse.over(facts["rows"]["b"])
    told = mouse.until(lambda f: f["bubble"])["bubble"]
    assert told.startswith("b → Softsign(")
    mouse.release()
    facts = mouse.until(lambda f: f["cursor"] == 1)
    assert "b:Softsign" in names(facts)
    assert facts["bubble"] == ""

    # Esc cancels
    mouse.press(facts["layer"])
    mouse.over(facts["rows"]["a"])
    mouse.until(lambda f: f["bubble"])
    mouse.do("key", "Escape")
    mouse.until(lambda f: not f["bubble"])
    mouse.release()
    time.sleep(0.3)
    assert mouse.facts["cursor"] == 1

    # Between rows
    mouse.press(facts["layer"])
    mouse.over(facts["rows"]["d"], ABOVE)
    mouse.until(lambda f: f["bubble"])
    mouse.release()
    facts = mouse.until(lambda f: f["cursor"] == 2)
    kinds = [each.partition(":")[2] for each in names(facts)]
    assert kinds[:7] == ["Linear", "Softsign", "Sequential", "Tanh", "GELU", "Softsign", "Linear"]

    # Rows are re-ordered
    mouse.press(facts["rows"]["c.0"])
    mouse.over(facts["rows"]["a"], ABOVE)
    mouse.until(lambda f: f["bubble"])
    mouse.release()
    facts = mouse.until(lambda f: f["cursor"] == 3)
    assert names(facts)[0].endswith(":Tanh")

    # Ctrl copies
    mouse.press(facts["rows"]["a"])
    mouse.do("keydown", "ctrl")
    mouse.over(facts["rows"]["d"], ABOVE)
    mouse.until(lambda f: f["bubble"])
    mouse.release()
    mouse.do("keyup", "ctrl")
    facts = mouse.until(lambda f: f["cursor"] == 4)
    assert [each.endswith(":Linear") for each in names(facts)].count(True) == 5  # two in e

    # Out to the trash
    mouse.press(facts["rows"]["b"])
    mouse.over(facts["trash"])
    mouse.release()
    facts = mouse.until(lambda f: f["cursor"] == 5)
    assert not any(each.startswith("b:") for each in names(facts))

    # Between the rows of a module with a forward of its own: onto the edge between the two
    mouse.press(facts["layer"])
    mouse.over(facts["rows"]["e.mlp"], ABOVE)
    told = mouse.until(lambda f: f["bubble"])["bubble"]
    assert "between norm2 and mlp" in told
    mouse.release()
    facts = mouse.until(lambda f: f["cursor"] == 6)
    assert "e.softsign:Softsign" in names(facts)


def test_a_tensor_of_the_file_is_dragged_onto_one_of_the_model(tmp_path: Path) -> None:
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    parts = {"0": "a", "1": "d"}
    state = {f"{parts[name[0]]}{name[1:]}": value for name, value in net.state_dict().items()}
    state["last.kernel"] = state.pop("d.weight")
    torch.save(state, tmp_path / "w.pth")
    with screen_with(tmp_path, tmp_path / "w.pth") as mouse:
        facts = mouse.facts
        assert not facts["loads"]
        mouse.press(facts["rows"]["last.kernel"])
        mouse.over(facts["rows"]["d.weight"])
        mouse.release()
        facts = mouse.until(lambda f: f["pairs"])
        assert facts["pairs"] == {"d.weight": "last.kernel"}
        assert mouse.until(lambda f: f["loads"])["loads"]
