"""``modelwright open``: the window on a model, or a picture of it."""

import os
import sys
from pathlib import Path
from typing import Literal

import click


@click.command("open", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source")
@click.option("--recipe", type=click.Path(path_type=Path), help="Make these edits after opening.")
@click.option("--trust", is_flag=True, help="Allow the code of a .py file to run.")
@click.option("--screenshot", type=click.Path(path_type=Path), help="Save a picture and exit.")
@click.option("--theme", type=click.Choice(["light", "dark"]), help="Of the picture.")
@click.option("--size", default="1400x900", help="Of the picture, as WIDTHxHEIGHT.")
@click.option("--select", "selection", multiple=True, metavar="PATH", help="Select this module.")
@click.option("--scale", type=click.FloatRange(0.5, 4), default=1, help="Device pixels per pixel.")
def open_command(
    source: str,
    recipe: Path | None,
    trust: bool,
    screenshot: Path | None,
    theme: Literal["light", "dark"] | None,
    size: str,
    selection: tuple[str, ...],
    scale: float,
) -> int:
    """Open SOURCE in the window."""
    from app import start

    if screenshot is None:
        return start.run(source, trust=trust, recipe=recipe, selection=selection)
    width, height = _size(size)
    if not start.has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if scale != 1:
        os.environ["QT_SCALE_FACTOR"] = str(scale)
    from app.screenshot import Picture, take

    picture = Picture(screenshot, theme or "light", width, height, selection)
    return take(source, picture, trust=trust, recipe=recipe)


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise click.BadParameter(f"'{text}' is no size; write it like 1400x900.")
    return int(width), int(height)


if __name__ == "__main__":
    sys.exit(open_command())
