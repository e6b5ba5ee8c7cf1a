"""The program: the window for ``modelwright``, ``open`` and a project, else the terminal.

The window is shown before torch is imported, which takes seconds; that happens behind it.
"""

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.main_window import MainWindow


def main() -> None:
    """Run the program with the arguments of the command line."""
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(run())
    if len(arguments) == 1 and arguments[0].endswith(".modelwright"):  # as a double click has it
        sys.exit(run(arguments[0]))
    if arguments[0] == "open":
        from app.open_command import open_command

        terminal(open_command, arguments[1:])
    else:
        from core.cli import main as commands

        commands(arguments)


def terminal(command: Any, arguments: list[str]) -> None:
    """Run a command of click; what is badly asked is said, with exit status 2."""
    import click

    try:
        status = command.main(arguments, prog_name="modelwright open", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = 2
    except click.Abort:
        status = 130
    sys.exit(status if isinstance(status, int) else 0)


def run(source: str = "", **options: Any) -> int:
    """Show the window, on ``source`` if there is one, until it is closed; return exit status."""
    if not has_screen():
        print(
            "There is no screen to show a window on (DISPLAY is not set). The terminal does the"
            " same work: modelwright show, edit, replay. A picture of the window: modelwright"
            " open SOURCE --screenshot F.png.",
            file=sys.stderr,
        )
        return 2
    application, window = make()
    window.show()
    if source:
        when_ready(window, lambda: window.commands.open_source(source, **options))
    return int(application.exec())


def has_screen() -> bool:
    """Whether Qt can show a window here."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def make(settings: Path | None = None) -> "tuple[Any, MainWindow]":
    """Make the application and its window, and begin to import torch behind it."""
    gc.disable()  # until torch is there: what is imported and made by then stays
    from PySide6.QtWidgets import QApplication

    from app import theme
    from app.main_window import MainWindow
    from app.settings import Settings

    application = QApplication.instance() or theme.application("modelwright")
    assert isinstance(application, QApplication)
    application.setApplicationName("Modelwright")
    application.setDesktopFileName("modelwright")
    kept = Settings(settings)
    theme.apply(application, kept.theme)
    window = MainWindow(kept, at_once=False)
    window.seen.connect(lambda: go_on(window))
    return application, window


def go_on(window: "MainWindow") -> None:
    """Do behind the first frame what the window needs to be whole."""
    from app.dialogs import crash

    crash.install(lambda: window)
    window.furnish_in_turns()
    import_torch(window)


def import_torch(window: "MainWindow") -> None:
    """Import torch and the catalog on a thread; the palette fills when they are there."""

    def work(_: Any) -> None:
        # What is imported stays: looking through it for garbage again and again would stop the
        # window for a third of a second each time.
        gc.disable()
        try:
            _practise()
        finally:
            gc.freeze()
            atexit.register(gc.unfreeze)  # else libraries complain at the end of what was kept
            gc.enable()

    window.jobs.start(work, lambda _: window.torch_is_ready(), title=window.tr("Loading PyTorch"))


def _practise() -> None:
    """Do once with a tiny model what the first real one would otherwise wait for."""
    import core

    core.layers()
    model = core.open("Sequential(Conv2d(3, 8, 3), BatchNorm2d(8), ReLU())").document
    core.analyse(model).settle()
    for _, module in model.modules():
        core.summary_text(module)
        core.about(module)


def when_ready(window: "MainWindow", then: Any) -> None:
    """Call ``then`` from the event loop, once the window is shown and painted."""
    from PySide6.QtCore import QTimer

    QTimer.singleShot(1, window, then)
