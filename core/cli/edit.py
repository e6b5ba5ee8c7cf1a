"""``modelwright edit`` and ``modelwright replay``: change a model and take it home."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from core.checkpoint import Plan, load, match
from core.cli.opening import beside, open_session, opening, source_options
from core.cli.output import (
    console,
    model_json,
    print_json,
    print_problems,
    print_totals,
)
from core.cli.rewiring import REWIRING, Asked
from core.document import split
from core.edits import (
    Duplicate,
    Edit,
    Freeze,
    Insert,
    Move,
    Reinitialise,
    Remove,
    Rename,
    Replace,
    SetArguments,
    SwapEncoder,
    Unfreeze,
    Unwrap,
    Wrap,
    parse_value,
)
from core.errors import CheckpointError
from core.files import Contents, read_contents
from core.project import is_project
from core.recipe import open_recipe, replay as replay_edits
from core.session import Session


def _halves(text: str, form: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not equals or not right.strip():
        raise click.UsageError(f"'{text}' should read {form}.")
    return left.strip(), right.strip()


def _place(text: str, form: str) -> tuple[str, int | None]:
    """Read PATH@INDEX; the index may be ``end``."""
    parent, at, index = text.rpartition("@")
    if not at or not re.fullmatch(r"-?\d+|end", index.strip()):
        raise click.UsageError(f"'{text}' should read {form}; INDEX is a number or 'end'.")
    return parent.strip(), None if index.strip() == "end" else int(index)


def _replace(text: str) -> Edit:
    path, layer = _halves(text, "PATH=SPEC")
    return Replace(path, layer)


def _insert(text: str) -> Edit:
    where, layer = _halves(text, "PATH@INDEX=SPEC")
    parent, index = _place(where, "PATH@INDEX=SPEC")
    named = re.match(r"([A-Za-z_]\w*)\s*=(.*)", layer, re.S)
    name, layer = (named[1], named[2].strip()) if named else (None, layer)
    return Insert(parent, index, layer, name)


def _set(text: str) -> Edit:
    where, value = _halves(text, "PATH.ARG=VALUE")
    path, argument = split(where)
    return SetArguments(path, {argument: parse_value(value)})


def _rename(text: str) -> Edit:
    return Rename(*_halves(text, "PATH=NAME"))


def _move(text: str) -> Edit:
    path, where = _halves(text, "PATH=PARENT@INDEX")
    parent, index = _place(where, "PATH=PARENT@INDEX")
    return Move(path, parent, index)


def _wrap(text: str) -> Edit:
    path, equals, kind = text.partition("=")  # the path of the model itself is empty
    if not equals or not kind.strip():
        raise click.UsageError(f"'{text}' should read PATH=CONTAINER[:NAME].")
    container, _, name = kind.partition(":")
    return Wrap(path.strip(), container.strip(), name.strip() or None)


def _duplicate(text: str) -> Edit:
    path, equals, where = text.partition("=")
    if not equals:
        return Duplicate(path)
    parent, index = _place(where, "PATH=PARENT@INDEX")
    return Duplicate(path, parent, index)


def _swap_encoder(text: str) -> Edit:
    path, equals, encoder = text.partition("=")
    return SwapEncoder(encoder.strip(), path.strip()) if equals else SwapEncoder(text.strip())


#: Option, what it takes, what it does, and how it becomes an edit.
_EDITS: tuple[tuple[str, str, str, Callable[[str], Edit | Asked]], ...] = (
    ("replace", "PATH=SPEC", "Put another layer there.", _replace),
    ("insert", "PATH@INDEX=[NAME=]SPEC", "Insert into a container; INDEX may be 'end'.", _insert),
    ("remove", "PATH", "Take a module away.", Remove),
    ("set", "PATH.ARG=VALUE", "Change an argument, carrying the weights over.", _set),
    ("rename", "PATH=NAME", "Give a module another name.", _rename),
    ("move", "PATH=PARENT@INDEX", "Move a module; INDEX is its place afterwards.", _move),
    ("wrap", "PATH=CONTAINER[:NAME]", "Wrap in Sequential, ModuleList, or a new class.", _wrap),
    ("unwrap", "PATH", "Put a container's children in its place.", Unwrap),
    ("duplicate", "PATH[=PARENT@INDEX]", "Copy a module with its weights.", _duplicate),
    ("freeze", "PATH", "Stop training the parameters below PATH.", Freeze),
    ("unfreeze", "PATH", "Train them again.", Unfreeze),
    ("reinitialise", "PATH", "Give a part fresh random weights.", Reinitialise),
    ("swap-encoder", "[PATH=]NAME", "Give a U-Net another encoder.", _swap_encoder),
    *REWIRING,
)
_READERS = {name.replace("-", "_"): reader for name, _, _, reader in _EDITS}


class _InOrder(click.Command):
    """Keeps the edits in the order they were typed, which click by itself forgets."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        values, _, order = self.make_parser(ctx).parse_args(list(args))
        waiting = {name: iter(values.get(name) or ()) for name in _READERS}
        ctx.meta["edits"] = [
            (parameter.name, next(waiting[parameter.name]))
            for parameter in order
            if parameter.name in waiting
        ]
        return super().parse_args(ctx, args)


def _edit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, metavar, text, _ in reversed(_EDITS):
        option = click.option(
            f"--{name}", multiple=True, metavar=metavar, help=text, expose_value=False
        )
        command = option(command)
    return command


def _saving(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option(
            "--weights",
            type=click.Path(path_type=Path),
            help="A file of weights to load, of the model before or after the edits.",
        ),
        click.option(
            "--choose",
            "choices",
            multiple=True,
            metavar="KEY=VALUE",
            help="Answer a condition of that file, as in 'modelwright match'.",
        ),
        click.option("--partial", is_flag=True, help="Load what fits of it; the rest stays."),
        click.option(
            "--save",
            type=click.Path(path_type=Path),
            help="Save the weights here; NAME.modelwright saves the project.",
        ),
        click.option("--recipe", type=click.Path(path_type=Path), help="Save the edits here."),
        click.option("--force", is_flag=True, help="Overwrite, and save in spite of problems."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(cls=_InOrder)
@click.argument("source")
@_edit_options
@opening
@_saving
@click.pass_context
def edit(
    ctx: click.Context,
    /,
    source: str,
    weights: Path | None,
    choices: tuple[str, ...],
    partial: bool,
    save: Path | None,
    recipe: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Change SOURCE, in the order the edits are given, and save what comes of it.

    A file given with --weights is loaded before the edits where it fits the model as opened, or
    after them where it fits the edited one; it is matched as by ``modelwright match``.
    """
    edits = [_READERS[name](text) for name, text in ctx.meta["edits"]]
    session = open_session(source, **options)
    file = None if weights is None else _Weights(read_contents(weights), choices, partial)
    session = _edited(session, edits, file)
    return _finish(session, save, recipe, force, as_json)


@click.command()
@click.argument("recipe_file", metavar="RECIPE", type=click.Path(path_type=Path))
@opening
@_saving
def replay(
    recipe_file: Path,
    weights: Path | None,
    choices: tuple[str, ...],
    partial: bool,
    save: Path | None,
    recipe: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Make the edits of RECIPE again, on the weights of another checkpoint if you like."""
    if weights is None:
        session = open_session(str(recipe_file), **options)
    else:
        file = _Weights(read_contents(weights), choices, partial)
        session = _replayed(recipe_file, file, options)
    return _finish(session, save, recipe, force, as_json)


@dataclass(frozen=True)
class _Weights:
    """A file of weights, and what was said about it."""

    contents: Contents
    choices: tuple[str, ...]
    partial: bool

    def before(self, session: Session) -> Session | None:
        """Load into the model as it was opened; ``None`` where the file does not fit that."""
        try:
            plan = match(session.document, self.contents, choices=self.choices)
        except CheckpointError:
            return None
        if not plan.fits:
            return None
        _say(plan)
        loaded = load(plan)
        if not session.history.edits:  # nothing is lost: the weights are what it begins with
            return Session(loaded.document)
        session.adopt(loaded.document, f"Load {self.contents.path.name}")
        return session

    def after(self, session: Session) -> Session:
        """Load into the edited model; raises CheckpointError."""
        origin = session.history.origin if session.history.edits else None
        plan = match(session.document, self.contents, origin=origin, choices=self.choices)
        _say(plan)
        loaded = load(plan, partial=self.partial)
        session.adopt(loaded.document, f"Load {self.contents.path.name}")
        click.echo(f"{self.contents.path.name}: {loaded}", err=True)
        return session


def _say(plan: Plan) -> None:
    for condition in plan.conditions:
        click.echo(f"note: {condition.sentence}", err=True)


def _replayed(recipe_file: Path, file: _Weights, options: dict[str, Any]) -> Session:
    found, document = open_recipe(recipe_file, **source_options(**options))
    loaded = file.before(Session(document))
    start = document if loaded is None else loaded.document
    session = Session(start, replay_edits(found, start))
    return session if loaded is not None else file.after(session)


def _edited(session: Session, edits: Sequence[Edit | Asked], file: _Weights | None) -> Session:
    if file is not None:
        loaded = file.before(session)
        session, file = (session, file) if loaded is None else (loaded, None)
    for each in edits:
        session.apply(each if isinstance(each, Edit) else each(session.document))
        for note in session.document.notes:
            click.echo(f"note: {note}", err=True)
    return session if file is None else file.after(session)


def _finish(
    session: Session, save: Path | None, recipe: Path | None, force: bool, as_json: bool
) -> int:
    report = session.report
    problems = report.problems
    saved: list[Path] = []
    project = save is not None and is_project(str(save))  # which may wait for its repairs
    held_back = bool(problems) and not force and save is not None and not project
    if save is not None and not held_back:
        if project:
            saved += session.save_project(save, overwrite=force).files
        elif session.needs_code:
            taken = session.take_home(save, overwrite=force)
            saved += [taken.weights, taken.code]
            click.echo(f"{beside(taken.code)}: {taken.verdict}", err=as_json)
        else:
            saved.append(session.save(save, overwrite=force))
    if recipe is not None:
        saved.append(session.save_recipe(recipe, overwrite=force))
    if as_json:
        print_json(_result_json(session, saved))
    else:
        _print_result(session, saved)
    if held_back:
        click.echo(
            f"Not saved to {save}: the model has {len(problems)} problem(s)."
            " Repair them, or save all the same with --force.",
            err=True,
        )
    return 1 if problems else 0


def _result_json(session: Session, saved: Sequence[Path]) -> dict[str, Any]:
    ledger = session.ledger
    return {
        **model_json(session.document, session.report, None),
        "edits": [msgspec.to_builtins(each) for each in session.history.edits],
        "ledger": [
            {"name": e.name, "status": e.status, "before": e.before, "shape": list(e.shape)}
            for e in ledger.entries
        ],
        "share_kept": ledger.share_kept,
        "saved": [str(path) for path in saved],
    }


def _print_result(session: Session, saved: Sequence[Path]) -> None:
    for change in session.difference:
        colour = {"+": "green", "-": "red"}.get(str(change)[0], "yellow")
        console.print(str(change), style=colour, markup=False)
    print_totals(session.document, session.report)
    console.print(f"weights: {session.ledger}", markup=False)
    print_problems(session.problems)
    for path in saved:
        console.print(f"saved {beside(path)}", style="green", markup=False)
