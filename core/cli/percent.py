"""A line of progress on standard error, without rich: for commands that import little."""

import sys
from collections.abc import Callable

import click


def percent() -> Callable[[int, int, str], None] | None:
    """Return a progress callback, or ``None`` where nobody watches."""
    if not sys.stderr.isatty():
        return None
    last: tuple[str, int] | None = None

    def show(done: int, total: int, text: str) -> None:
        nonlocal last
        share = 100 * done // total if total else 100
        if (text, share) != last:
            last = text, share
            end = "\r\033[K" if share == 100 else "\033[K"
            click.echo(f"\r{text} {share:3}%{end}", err=True, nl=False)

    return show
