"""``modelwright block ...``: the user's own blocks, saved, listed, given away, taken in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from core.catalog import (
    BlockFile,
    allow_block,
    block_files,
    blocks_folder,
    export_block,
    find_layer,
    import_block,
    remove_block,
    rename_block,
)
from core.cli.opening import beside, open_session, opening
from core.cli.output import console, print_json
from core.document import join
from core.edits import Group
from core.export import BlockParameter, numbers_in, save_block, suggest_parameters

_FORM = "NAME=PLACE[,PLACE]"


@click.group()
def block() -> None:
    """Keep parts of models as blocks of your own: layers like others, each a plain .py."""


def _as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


@block.command()
@click.argument("source")
@click.option("--module", "path", default="", metavar="PATH", help="Which module; the whole model.")
@click.option(
    "--steps",
    metavar="STEP[,STEP]",
    help="Of that module, only these steps of its forward, as one block.",
)
@click.option("--name", required=True, metavar="CLASS", help="What the block is called.")
@click.option("--doc", "summary", default="", metavar="TEXT", help="What it is, in a line.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar=_FORM,
    help="A number that can be chosen, and where it stands; instead of those suggested.",
)
@click.option("--fixed", is_flag=True, help="No parameters at all.")
@click.option("--numbers", is_flag=True, help="Only list the places that can be parameters.")
@click.option("--force", is_flag=True, help="Overwrite a block of that name.")
@_as_json
@opening
def save(
    source: str,
    path: str,
    steps: str | None,
    name: str,
    summary: str,
    parameters: tuple[str, ...],
    fixed: bool,
    numbers: bool,
    force: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Save a module of SOURCE as a block; its weights are fresh where it is placed.

    What comes in and what goes out becomes a parameter where that can be deduced.
    """
    document = open_session(source, **options).document
    if steps is not None:
        chosen = tuple(each.strip() for each in steps.split(",") if each.strip())
        document = Group(path, chosen, "saved_block").apply(document)
        path = join(path, "saved_block")
    found = numbers_in(document, path)
    if numbers:
        return _print_numbers(found, as_json)
    if parameters:
        wanted = tuple(_parameter(each, found) for each in parameters)
    else:
        wanted = () if fixed else suggest_parameters(document, path)
    file = save_block(document, path, name, wanted, summary=summary, overwrite=force)
    if as_json:
        print_json(_json(file))
    else:
        named = ", ".join(f"{each.name}={each.default!r}" for each in wanted)
        console.print(f"saved {name}({named}) as {beside(file.path)}", style="green", markup=False)
    return 0


@block.command("list")
@_as_json
def list_blocks(as_json: bool) -> int:
    """List your blocks, with their parameters, and files that nobody has agreed to run."""
    files = block_files()
    if as_json:
        print_json([_json(each) for each in files])
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("block", "arguments", "what it is", "file"):
        table.add_column(title, overflow="fold", no_wrap=title == "block")
    for file in files:
        for name in file.names or ("",):
            told = f"[yellow]{escape(file.problem)}[/yellow]" if file.problem else ""
            table.add_row(name, escape(_arguments(file, name)), told or escape(file.summary),
                          file.path.name)  # fmt: skip
    folder = blocks_folder()
    console.print(table if files else f"No blocks of yours yet in {beside(folder)}.")
    return 0


@block.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trust", is_flag=True, help="Allow running the file, now and from now on.")
@click.option("--force", is_flag=True, help="Overwrite blocks of the same names.")
@_as_json
def import_file(file: Path, trust: bool, force: bool, as_json: bool) -> int:
    """Take in somebody's .py of blocks; that runs its code, so look at it first."""
    return _done("imported", import_block(file, trust=trust, overwrite=force), as_json)


@block.command()
@click.argument("name")
@click.option("--trust", is_flag=True, help="Allow running the file, now and from now on.")
@_as_json
def allow(name: str, trust: bool, as_json: bool) -> int:
    """Agree to run a file that was put into the folder by other ways, or changed there."""
    return _done("allowed", allow_block(name, trust=trust), as_json)


@block.command()
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def export(name: str, target: Path, force: bool) -> int:
    """Copy the .py of a block to TARGET, a file or a folder, to give it away."""
    written = export_block(name, target, overwrite=force)
    console.print(f"saved {beside(written)}", style="green", markup=False)
    return 0


@block.command()
@click.argument("old")
@click.argument("new")
@_as_json
def rename(old: str, new: str, as_json: bool) -> int:
    """Give a block another name."""
    return _done("renamed", rename_block(old, new), as_json)


@block.command()
@click.argument("name")
@_as_json
def remove(name: str, as_json: bool) -> int:
    """Throw a block's file away."""
    return _done("removed", remove_block(name), as_json)


def _done(what: str, file: BlockFile, as_json: bool) -> int:
    if as_json:
        print_json(_json(file))
    else:
        names = ", ".join(file.names)
        console.print(f"{what} {names} ({file.path.name})", style="green", markup=False)
    return 0


def _parameter(text: str, found: dict[str, Any]) -> BlockParameter:
    name, equals, rest = text.partition("=")
    places = tuple(each.strip() for each in rest.split(",") if each.strip())
    if not equals or not places:
        raise click.UsageError(f"'{text}' should read {_FORM}.")
    # A place that is not there is refused when it is written, with those that are.
    return BlockParameter(name.strip(), found.get(places[0], 0), places)


def _print_numbers(found: dict[str, Any], as_json: bool) -> int:
    if as_json:
        print_json(found)
        return 0
    for place, value in found.items():
        console.print(f"{place} = {value!r}", markup=False, highlight=False)
    return 0


def _arguments(file: BlockFile, name: str) -> str:
    if file.problem or not name:
        return ""
    parameters = find_layer(name).parameters
    return ", ".join(
        each.name if each.required else f"{each.name}={each.default!r}" for each in parameters
    )


def _json(file: BlockFile) -> dict[str, Any]:
    return {
        "file": str(file.path),
        "names": list(file.names),
        "summary": file.summary,
        "agreed": file.agreed,
        "problem": file.problem,
    }
