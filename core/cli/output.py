"""How a model is printed: as tables for people, as JSON for scripts."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import nn

from core.analysis import Problem, Report
from core.catalog import arguments_of, summary_text
from core.document import Document, InputSpec

#: Where nobody watches, lines are long rather than folded, for grep.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def print_json(value: Any) -> None:
    """Print ``value`` as indented JSON."""
    print(json.dumps(value, indent=2, default=str))


def model_json(document: Document, report: Report, depth: int | None) -> dict[str, Any]:
    """Return what ``show --json`` prints; shapes are lists of sizes."""
    return {
        "source": document.source.text,
        "inputs": [input_json(each) for each in document.inputs],
        "parameters": report.parameters,
        "trainable": report.trainable,
        "macs": report.macs,
        "modules": [
            _module_json(path, module, report)
            for path, module in document.modules()
            if depth is None or _depth(path) <= depth
        ],
        "problems": [problem_json(problem) for problem in report.problems],
        "notes": [*document.source.notes, *report.notes],
    }


def input_json(spec: InputSpec) -> dict[str, Any]:
    """Return one input as plain values."""
    if spec.kind == "tensor":
        return {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype}
    return {"name": spec.name, spec.kind: [input_json(item) for item in spec.items]}


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem with its repairs: what each is called, and the edit it is."""
    return {
        "path": problem.path,
        "message": problem.message,
        "repairs": [
            {"label": repair.label, "edit": msgspec.to_builtins(repair)}
            for repair in problem.repairs
        ],
    }


def print_model(document: Document, report: Report, depth: int | None) -> None:
    """Print the tree down to ``depth``, the totals and the problems."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("module", no_wrap=True)
    table.add_column("type")
    table.add_column("arguments", overflow="fold", ratio=1)
    table.add_column("output", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("MACs", justify="right", no_wrap=True)
    wrong = {problem.path for problem in report.problems}
    hidden = 0
    for path, module in document.modules():
        if depth is not None and _depth(path) > depth:
            hidden += 1
            continue
        table.add_row(*_row(path, module, report, path in wrong))
    console.print(table)
    if hidden:
        console.print(f"[dim]and {hidden} modules further down (--depth N shows more)[/dim]")
    print_totals(document, report)
    print_problems(report.problems)


def print_totals(document: Document, report: Report) -> None:
    """Print the input, the size and the cost of the model, and what there is to say about them."""
    inputs = "; ".join(map(str, document.inputs)) or "unknown"
    frozen = report.parameters - report.trainable
    console.print(
        f"\n[bold]{escape(document.source.text)}[/bold]  input {escape(inputs)}"
        f" -> {escape(str(report.output))}\n"
        f"{report.parameters:,} parameters"
        + (f" ({frozen:,} frozen)" if frozen else "")
        + f", {amount(report.bytes, 'B')}, {amount(report.macs)} MACs"
    )
    for note in (*document.source.notes, *report.notes):
        console.print(f"[dim]{escape(note)}[/dim]")


def print_problems(problems: Iterable[Problem]) -> None:
    """Print each problem with the repairs that are offered for it."""
    for problem in problems:
        console.print(f"[red bold]problem[/] at [bold]{escape(problem.path or '(root)')}[/]:")
        console.print(f"  {escape(problem.message)}")
        for repair in problem.repairs:
            console.print(f"  [green]repair:[/] {escape(repair.label)}")


def amount(number: float | None, unit: str = "") -> str:
    """Return a number for people: 4.09 G, 25.6 M, 97.7 MB."""
    if number is None:
        return "unknown"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}{unit}"
    return f"{number:g} {unit}".strip()


def _module_json(path: str, module: nn.Module, report: Report) -> dict[str, Any]:
    found = report.module(path)
    return {
        "path": path,
        "type": type(module).__name__,
        "args": _plain(arguments_of(module)),
        "output": found.output.to_json() if found.output is not None else None,
        "parameters": found.parameters,
        "macs": found.macs,
    }


def _plain(value: Any) -> Any:
    """Return constructor arguments as JSON has them; anything else by its name."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, nn.Module):
        return f"{type(value).__name__}({summary_text(value)})"
    return getattr(value, "__name__", None) or str(value)


def _row(path: str, module: nn.Module, report: Report, wrong: bool) -> tuple[str, ...]:
    found = report.module(path)
    name = path.rpartition(".")[2] or "(root)"
    shape = "" if found.output is None else str(found.output)
    if found.assumed:
        shape += " (assumed)"
    label = "  " * _depth(path) + name
    return (
        f"[red bold]{escape(label)} ![/]" if wrong else escape(label),
        escape(type(module).__name__),
        f"[dim]{escape(summary_text(module))}[/]",
        escape(shape),
        f"{found.parameters:,}" if found.parameters else "",
        amount(found.macs) if found.macs else "",
    )


def _depth(path: str) -> int:
    return path.count(".") + 1 if path else 0
