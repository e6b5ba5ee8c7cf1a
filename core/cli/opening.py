"""The options with which every command opens a source, and the progress it shows meanwhile."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from core.document import parse_inputs
from core.session import Session

_OPTIONS = [
    click.option(
        "--input",
        "shapes",
        multiple=True,
        metavar="SHAPE",
        help="What the model is fed: 1,3,224,224 or 1,16:int64 or mask=1,16 or {a: 1,3; b: 1,4}."
        " Once for each argument of forward.",
    ),
    click.option("--trust", is_flag=True, help="Allow running the .py file that SOURCE names."),
    click.option(
        "--allow",
        multiple=True,
        metavar="NAME",
        help="A class that a whole model in a file may be made of, such as mynet.Block.",
    ),
    click.option(
        "--classes",
        type=click.Path(path_type=Path),
        help="The .py that defines the classes of a whole model; needs --trust.",
    ),
    click.option(
        "--structure",
        is_flag=True,
        help="Build the structure only, without memory for weights (the meta device).",
    ),
    click.option("--real", is_flag=True, help="Insist on real weights, however large."),
    click.option(
        "--pretrained",
        is_flag=False,
        flag_value="DEFAULT",
        default=None,
        metavar="[NAME]",
        help="Load pretrained weights: the default ones, or by name (IMAGENET1K_V2).",
    ),
]


def opening(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how to open its source."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def open_session(source: str, **options: Any) -> Session:
    """Open ``source`` as these options say, with a progress bar where someone is watching."""
    with Shown() as progress:
        return Session.open(source, progress=progress, **source_options(**options))


def source_options(
    *,
    shapes: tuple[str, ...],
    trust: bool,
    allow: tuple[str, ...],
    classes: Path | None,
    structure: bool,
    real: bool,
    pretrained: str | None,
) -> dict[str, Any]:
    """Return the options of ``core.source.open_source`` for what was typed."""
    if structure and real:
        raise click.UsageError("--structure and --real contradict each other.")
    options: dict[str, Any] = {"trust": trust}
    if allow:
        options["allow"] = allow
    if classes is not None:
        options["classes"] = classes
    if shapes:
        options["inputs"] = parse_inputs(";".join(shapes))
    if structure or real:
        options["structure"] = structure
    if pretrained:
        options["pretrained"] = True if pretrained == "DEFAULT" else pretrained
    return options


class Shown:
    """A progress callback that draws a bar on standard error, and nothing where that is a file."""

    def __enter__(self) -> Callable[[int, int, str], None]:
        columns = (TextColumn("{task.description}"), BarColumn())
        console = Console(stderr=True)
        self._bar = Progress(
            *columns, console=console, transient=True, disable=not sys.stderr.isatty()
        )
        self._task = self._bar.add_task("", total=None)
        self._bar.start()
        return self._progress

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def _progress(self, done: int, total: int, text: str) -> None:
        self._bar.update(self._task, completed=done, total=total or None, description=text)


def beside(path: Path) -> str:
    """Return the path as the user would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
