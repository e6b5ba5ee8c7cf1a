"""A picture of the window when it is ready: for the README, the guide, and to look at."""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEventLoop

from app import start, theme as themes

if TYPE_CHECKING:
    from app.main_window import MainWindow

#: How long (seconds) the window may take to be ready: a large model with pretrained weights.
_PATIENCE = 600.0


@dataclass(frozen=True)
class Picture:
    """Where the picture goes, and what is on it; width and height in device-independent pixels."""

    path: Path
    theme: themes.Theme = "light"
    width: int = 1400
    height: int = 900
    selection: tuple[str, ...] = ()


def take(source: str, picture: Picture, *, trust: bool = False, recipe: Path | None = None) -> int:
    """Open ``source``, wait until all is worked out, save the picture; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        application, window = start.make(Path(folder) / "settings.ini")
        themes.apply(application, picture.theme)
        window.resize(picture.width, picture.height)
        window.show()
        wait_until(lambda: window.whole)
        said: list[str] = []
        window.desk.refused.connect(said.append)
        window.desk.trust_wanted.connect(lambda _, code: said.append(f"{code.path}: say --trust."))
        window.desk.choice_wanted.connect(lambda error, _: said.append(str(error)))
        window.commands.open_source(source, trust=trust, recipe=recipe)
        wait_until(lambda: is_ready(window) or bool(said))
        if not said and picture.selection:
            window.desk.select(picture.selection)
            wait_until(lambda: is_ready(window) or bool(said))
        if said:
            print(f"Refused: {said[0]}", file=sys.stderr)
            status = 2
        else:
            status = save(window, picture.path)
        window.desk.close()
        window.close()
        return status


def save(window: "MainWindow", path: Path) -> int:
    """Write what the window looks like now; return the exit status."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not window.grab().save(str(path)):
        print(f"Refused: the picture could not be written to {path}.", file=sys.stderr)
        return 2
    print(f"The window is in {path}.")
    return 0


def is_ready(window: "MainWindow") -> bool:
    """Whether a model is shown with all that is worked out about it."""
    worked_out = window.desk.state.report is not None and not window.jobs.running
    return worked_out and not window.turns.waiting


def wait_until(ready: Callable[[], Any]) -> None:
    """Let the event loop run until something is so; raises TimeoutError when it takes for ever."""
    end = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("The window did not become ready.")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
        time.sleep(0.005)
    for _ in range(3):  # a repaint may ask for another
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
