"""``modelwright match`` and ``modelwright load``: what of a file fits a model, and loading it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from core.checkpoint import (
    Plan,
    SaveOptions,
    doubts,
    load as load_plan,
    match as match_file,
    save as save_file,
)
from core.checkpoint.plan import FROM_FILE, Condition, Row
from core.checkpoint.training import rebound
from core.cli.opening import Shown, beside, open_session, opening
from core.cli.output import console, print_json
from core.files import read_contents
from core.recipe import read_recipe, replay
from core.session import Session

_COLOURS = {"repaired": "green", "asks": "red", "offers": "yellow", "warns": "yellow", "notes": ""}
_SHOWN = 24  # rows of a table, unless all are wanted


def matching(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a match."""
    options = (
        click.option(
            "--recipe",
            type=click.Path(path_type=Path),
            help="Make these edits first; a file of the model before them fits all the same.",
        ),
        click.option(
            "--choose",
            "choices",
            multiple=True,
            metavar="KEY=VALUE",
            help="Answer a condition: weights=model_ema, prefix=encoder_q., classes=slice,"
            " channels=sum|mean|slice, positions=interpolate, sizes=slice, weight_norm=compute,"
            " order=file. Say"
            " which tensor is which: pair=fc.weight<-head.weight (the model's from the file's),"
            " rename=stage<-layer (a part of all names), leave=fc.bias (it"
            " keeps the model's values). Switch off a repair: keep=module prefix|prefix|spelling."
            " Say what the file is of: edits=before|after. May be given several times.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("source")
@click.argument("file", type=click.Path(path_type=Path))
@matching
@opening
@click.option("--all", "every", is_flag=True, help="List every tensor, also those that simply fit.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def match(
    source: str,
    file: Path,
    recipe: Path | None,
    choices: tuple[str, ...],
    every: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Say tensor by tensor what loading FILE into SOURCE would do. Nothing is loaded.

    Exit status 0 if all fits, 1 if something is missing, left over, or has to be chosen.
    """
    plan = planned(edited(source, recipe, options), file, choices)
    if as_json:
        print_json(plan_json(plan))
    else:
        _print_plan(plan, every)
    return 0 if plan.fits else 1


@click.command()
@click.argument("source")
@click.argument("file", type=click.Path(path_type=Path))
@matching
@opening
@click.option("--save", required=True, type=click.Path(path_type=Path), help="Save the weights.")
@click.option("--partial", is_flag=True, help="Load what fits; the rest keeps its own values.")
@click.option(
    "--training", is_flag=True, help="Save optimizer, epoch and all else of FILE along, re-bound."
)
@click.option("--force", is_flag=True, help="Overwrite.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def load(
    source: str,
    file: Path,
    recipe: Path | None,
    choices: tuple[str, ...],
    save: Path,
    partial: bool,
    training: bool,
    force: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Load FILE into SOURCE, all or nothing, and save the state dict that comes of it."""
    session = edited(source, recipe, options)
    plan = planned(session, file, choices)
    with Shown() as progress:
        loaded = load_plan(plan, partial=partial, progress=progress)
    session.adopt(loaded.document, f"Load {file.name}")
    if training:
        (saved,) = save_file(session.document, save, SaveOptions("training", overwrite=force))
        for note in _of_training(session):
            click.echo(f"note: {note}", err=True)
    else:
        saved = session.save(save, overwrite=force)
    if as_json:
        print_json(
            {
                **plan_json(plan),
                "tensors": loaded.tensors,
                "from_file": loaded.loaded,
                "random": list(loaded.random),
                "saved": str(saved),
            }
        )
    else:
        _print_conditions(plan.conditions)
        console.print(str(loaded), style="bold", markup=False)
        console.print(f"saved {beside(saved)}", style="green", markup=False)
    return 0


def _of_training(session: Session) -> tuple[str, ...]:
    training = session.document.training
    if training is None:
        return ("The file holds nothing beside its weights.",)
    found = rebound(training, session.document)
    return (*found.notes, *found.warnings)


def edited(source: str, recipe: Path | None, options: dict[str, Any]) -> Session:
    """Open a source and make the edits of a recipe."""
    session = open_session(source, **options)
    if recipe is None:
        return session
    return Session(session.document, replay(read_recipe(recipe), session.document))


def planned(session: Session, file: Path, choices: Sequence[str] = ()) -> Plan:
    """Match a file to a session's document, and look whether something in it looks exchanged."""
    origin = session.history.origin if session.history.edits else None
    plan = match_file(session.document, read_contents(file), origin=origin, choices=choices)
    return replace(plan, conditions=(*plan.conditions, *doubts(plan)))


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return what ``match --json`` prints. ``loaded`` names all that come from the file."""
    rows = plan.rows
    return {
        "loaded": [row.name for row in rows if row.status in FROM_FILE],
        "renamed": [
            {"name": row.name, "from": row.stored}
            for row in rows
            if row.status in FROM_FILE and row.name != row.stored
        ],
        "converted": [_json(row) for row in plan.with_status("converted")],
        "sliced": [_json(row) for row in plan.with_status("sliced")],
        "missing": [row.name for row in plan.with_status("missing")],
        "left": [row.name for row in plan.with_status("left")],
        "new": [row.name for row in plan.with_status("new")],
        "own": [row.name for row in plan.with_status("own")],
        "unexpected": [row.stored for row in plan.with_status("unexpected")],
        "dropped": [row.stored for row in plan.with_status("dropped")],
        "mismatched": [_json(row) for row in plan.with_status("shape differs")],
        "conditions": [
            {
                "kind": each.kind,
                "text": each.sentence,
                "standing": each.standing,
                "choices": [choice.text for choice in each.choices],
            }
            for each in plan.conditions
        ],
        "weights": plan.weights.label,
        "tensors": plan.tensors,
        "complete": plan.complete,
        "fits": plan.fits,
    }


def _json(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "from": row.stored,
        "shape": list(row.shape or ()),
        "file_shape": list(row.stored_shape or ()),
        "dtype": row.dtype,
        "file_dtype": row.stored_dtype,
        "note": row.note,
    }


def _print_plan(plan: Plan, every: bool) -> None:
    _print_conditions(plan.conditions)
    rows = [row for row in plan.rows if every or row.status not in ("loaded", "own", "ignored")]
    simply = all(row.status == "renamed" for row in rows)
    shown = rows if every else rows[: 6 if simply else _SHOWN]
    if shown:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for title in ("", "in the model", "in the file", "shape", "note"):
            table.add_column(title, overflow="fold")
        for row in shown:
            table.add_row(*map(escape, _cells(row)))
        console.print(table)
    if len(shown) < len(rows):
        console.print(f"... and {len(rows) - len(shown)} more (--all lists them)", style="dim")
    colour = "green" if plan.complete else "yellow" if plan.fits else "red"
    console.print(str(plan), style=f"bold {colour}", markup=False)


def _cells(row: Row) -> tuple[str, ...]:
    here, there = _size(row.shape), _size(row.stored_shape)
    size = here if here == there or not there else f"{there} -> {here}" if here else there
    return row.status, row.name or "-", row.stored or "-", size, row.note


def _size(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else "×".join(map(str, shape)) or "1"


def _print_conditions(conditions: Sequence[Condition]) -> None:
    for each in conditions:
        console.print(
            f"{each.standing:>8}  {each.sentence}", style=_COLOURS[each.standing], markup=False
        )
        for choice in each.choices:
            console.print(f"{'':>10}--choose {choice.text}   {choice.label}", markup=False)
