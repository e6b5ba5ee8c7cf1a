"""``modelwright diff``: how two checkpoints differ."""

from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from core.checkpoint import by_module, diff as compare
from core.checkpoint.diff import Difference
from core.cli.output import console, print_json
from core.files import read_contents

_SHOWN = 40


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--depth", type=int, default=2, show_default=True, help="Levels of modules shown.")
@click.option("--all", "every", is_flag=True, help="List every tensor that differs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(a: Path, b: Path, depth: int, every: bool, as_json: bool) -> int:
    """Say how the weights of B differ from those of A, with the L2 norm of each change.

    Exit status 0 if they are the same, 1 if they differ, 2 if one cannot be read.
    """
    found = compare(read_contents(a), read_contents(b))
    modules = by_module(found, depth)
    differ = [each for each in found if each.kind != "same"]
    if as_json:
        print_json(
            {
                "same": sum(each.kind == "same" for each in found),
                "differences": [_json(each) for each in differ],
                "modules": {path: _json(each) for path, each in modules.items()},
            }
        )
    else:
        _print(found, differ, modules, every)
    return 1 if differ else 0


def _json(each: Difference) -> dict[str, Any]:
    return {
        "kind": each.kind, "before": each.before, "after": each.after, "shape": list(each.shape),
        "norm_of_change": each.change, "norm_before": each.size, "note": each.note,
    }  # fmt: skip


def _print(
    found: tuple[Difference, ...],
    differ: list[Difference],
    modules: dict[str, Difference],
    every: bool,
) -> None:
    counts = Counter(each.kind for each in found)
    if not differ:
        console.print(f"The same: {len(found)} tensors, bit for bit.", style="bold green")
        return
    shown = differ if every else [each for each in differ if each.kind != "changed"][:_SHOWN]
    marks = {"added": "+", "removed": "-", "renamed": ">"}
    for each in shown:
        name = f"{each.before} -> {each.after}" if each.kind == "renamed" else each.after
        note = each.note or (f"changed by {each.change:.4g}" if each.change else "")
        line = f"{marks.get(each.kind, '~')} {name or each.before}  {note}"
        console.print(line, markup=False, soft_wrap=True)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("module", "change", "relative", "tensors"):
        table.add_column(title, justify="left" if title == "module" else "right")
    for path, each in modules.items():
        if each.kind != "same":
            relative = f"{each.relative:.2%}" if each.size else "-"
            table.add_row(escape(path or "(all)"), f"{each.change:.4g}", relative, each.note)
    console.print(table)
    console.print(
        ", ".join(f"{count} {kind}" for kind, count in counts.most_common()), style="bold"
    )
