"""``modelwright show``: the tree of a model."""

from typing import Any

import click

from core.cli.opening import open_session, opening
from core.cli.output import model_json, print_json, print_model


@click.command()
@click.argument("source")
@opening
@click.option("--depth", type=click.IntRange(min=0), help="How far down the tree; 2 for people.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, the whole tree.")
def show(source: str, depth: int | None, as_json: bool, **options: Any) -> int:
    """Show the modules of SOURCE with shapes, parameters, MACs and problems."""
    session = open_session(source, **options)
    report = session.report
    if as_json:
        print_json(model_json(session.document, report, depth))
    else:
        print_model(session.document, report, 2 if depth is None else depth)
    return 1 if report.problems else 0
