"""``modelwright graph``: how tensors travel through a module."""

from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from core.analysis import Flow, flow, repeats, shape_comments
from core.checkpoint import atomic_write
from core.cli.opening import open_session, opening
from core.cli.output import console, print_json
from core.dataflow import Edge, Node, write_class
from core.dataflow.drawing import svg
from core.errors import SaveRefused


@click.command()
@click.argument("source")
@opening
@click.option("--module", "path", default="", metavar="PATH", help="A module; the model itself.")
@click.option("--code", is_flag=True, help="Print it as the Python it would be written as.")
@click.option("--svg", "file", type=click.Path(path_type=Path), help="Draw it into a file.")
@click.option("--force", is_flag=True, help="Overwrite that file.")
@click.option("--fold", is_flag=True, help="Show equal blocks in a row as one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: nodes and edges with shapes.")
def graph(
    source: str,
    path: str,
    code: bool,
    file: Path | None,
    force: bool,
    fold: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Show the steps of the forward of SOURCE, or of a module in it, with the tensors between.

    Where a forward cannot be read, it is run once, and its calls are shown with the reason.
    """
    session = open_session(source, **options)
    found = flow(session.report, path)
    if file is not None and found.graph is not None:
        _draw(found, file, force)
    if as_json:
        print_json(_json(found))
    elif code and found.graph is not None and found.can_be_rewired:
        module = session.document.module(path)
        print(write_class(module, found.graph, shapes=shape_comments(found)).text, end="")
    else:
        _print(found, repeats(found, session.document.module(path)) if fold else ())
    return 0 if found.can_be_rewired else 1


def _draw(found: Flow, file: Path, force: bool) -> None:
    if found.graph is None:
        return
    if file.exists() and not force:
        raise SaveRefused(f"{file} exists already; say --force to overwrite it.")
    shapes = {n: str(value) for n, value in found.tensors.items() if value.tensors()}
    with atomic_write(file) as out:
        out.write(svg(found.graph, shapes, found.path or found.type).encode())


def _print(found: Flow, runs: tuple[tuple[str, ...], ...]) -> None:
    if found.graph is None:
        console.print(f"[yellow]{escape(found.reason)}[/]")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("step", "what it is", "reads", "gives"):
        table.add_column(title, overflow="fold")
    ends = {run[0]: run for run in runs}
    hidden = {name for run in runs for name in run[1:]}
    for node in found.graph.nodes:
        if node.name in hidden:
            continue
        run = ends.get(node.name, (node.name,))
        only = f" [dim]({'training' if node.when == 'train' else 'eval mode'} only)[/]"
        table.add_row(
            escape(node.name if len(run) == 1 else f"{run[0]} ... {run[-1]}"),
            escape(_what(node) + (f" x {len(run)}" if len(run) > 1 else ""))
            + (only if node.when else ""),
            escape(", ".join(node.reads)),
            escape(str(found.tensors.get(node.name, ""))),
        )
    console.print(table)
    for note in found.graph.notes:
        console.print(f"[yellow]{escape(note)}[/]")
    for problem in found.problems:
        console.print(f"[yellow]note:[/] {escape(problem.message)}")
        for repair in problem.repairs:
            console.print(f"      repair: {escape(repair.label)}", style="dim")


def _what(node: Node) -> str:
    if node.kind == "call":
        return f"self.{node.target}"
    return node.title if node.kind in ("function", "method", "attribute") else node.kind


def _json(found: Flow) -> dict[str, Any]:
    drawn = found.graph
    return {
        "path": found.path,
        "type": found.type,
        "can_be_rewired": found.can_be_rewired,
        "reason": found.reason,
        "nodes": [_node_json(node, found) for node in (drawn.nodes if drawn else ())],
        "edges": [_edge_json(edge, found) for edge, _ in found.edges],
        "notes": list(drawn.notes) if drawn else [],
        "problems": [
            {"path": p.path, "message": p.message, "repairs": [e.label for e in p.repairs]}
            for p in found.problems
        ],
    }


def _node_json(node: Node, found: Flow) -> dict[str, Any]:
    value = found.tensors.get(node.name)
    return {
        "name": node.name,
        "kind": node.kind,
        "target": str(node.target) if node.kind in ("call", "attribute") else node.title,
        "when": node.when,
        "source": node.source,
        "gives": value.to_json() if value is not None else None,
    }


def _edge_json(edge: Edge, found: Flow) -> dict[str, Any]:
    value = found.tensors.get(edge.source)
    return {
        "source": edge.source,
        "target": edge.target,
        "port": edge.port,
        "shape": value.to_json() if value is not None else None,
        "dtype": value.dtype if value is not None else "",
    }
