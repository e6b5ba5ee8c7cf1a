"""``modelwright layers`` and ``modelwright models``: what there is."""

from typing import Any

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from core.catalog import Layer, search
from core.cli.output import amount, console, print_json
from core.source import ModelEntry, models as all_models, torchvision_problem


@click.command()
@click.argument("words", metavar="[SEARCH]", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def layers(words: tuple[str, ...], as_json: bool) -> int:
    """List the layers that can be placed, with their arguments; SEARCH in names and summaries."""
    found = search(" ".join(words))
    if as_json:
        print_json([_layer_json(layer) for layer in found])
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("layer", "group", "arguments", "what it does"):
        table.add_column(title, overflow="fold", no_wrap=title == "layer")
    for layer in found:
        arguments = ", ".join(_argument(each) for each in layer.parameters)
        table.add_row(layer.name, layer.group, escape(arguments), escape(layer.summary))
    console.print(table if found else f"No layer matches '{escape(' '.join(words))}'.")
    return 0


@click.command()
@click.argument("words", metavar="[SEARCH]", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(words: tuple[str, ...], as_json: bool) -> int:
    """List the models that can be opened by name; SEARCH in names and tasks ("timm:" for timm)."""
    found = all_models(" ".join(words))
    trouble = torchvision_problem()
    if trouble:
        click.echo(trouble, err=True)
    if as_json:
        print_json([_plain(each) for each in found])
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("model", "task", "parameters", "GFLOPs", "score", "weights"):
        right = title in ("parameters", "GFLOPs", "score")
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "weights")
    for each in found:
        table.add_row(*_model_row(each))
    console.print(table if found else f"No model matches '{escape(' '.join(words))}'.")
    return 0


def _layer_json(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "group": layer.group,
        "summary": layer.summary,
        "url": layer.url,
        "parameters": [_plain(each) for each in layer.parameters],
    }


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=str, str_keys=True)


def _argument(parameter: Any) -> str:
    return str(parameter.name) if parameter.required else f"{parameter.name}={parameter.default!r}"


def _model_row(entry: ModelEntry) -> tuple[str, ...]:
    return (
        entry.name,
        entry.task,
        amount(entry.parameters) if entry.parameters else "",
        f"{entry.gflops:.2f}" if entry.gflops else "",
        f"{entry.score:.1f}" if entry.score else "",
        ", ".join(entry.weights),
    )
