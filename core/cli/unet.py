"""``modelwright unet``: assemble a U-Net, show its stages, save it."""

from pathlib import Path
from typing import Any, get_args

import click
from rich.markup import escape
from rich.table import Table

from core.analysis import Report, stages_in
from core.blocks import Assembly, check_image
from core.blocks.choices import Activation, Norm
from core.cli.opening import Shown, beside
from core.cli.output import console, model_json, print_json, print_problems, print_totals
from core.document import Document, parse_inputs
from core.session import Session


@click.command()
@click.option("--encoder", metavar="NAME", help="A torchvision backbone, such as resnet34.")
@click.option("--depth", type=int, help="How often the image is halved; 4, or as the encoder does.")
@click.option("--width", type=int, help="Channels at full size; 64, or 16 with an encoder.")
@click.option("--in", "in_channels", type=int, default=3, help="Channels of the image; 3.")
@click.option("--classes", type=int, default=2, help="Channels of the output; 2.")
@click.option("--bilinear", is_flag=True, help="Interpolate on the way up; else it is learned.")
@click.option("--norm", type=click.Choice(get_args(Norm)), default="batch", help="batch.")
@click.option("--activation", type=click.Choice(get_args(Activation)), default="ReLU", help="ReLU.")
@click.option("--input", "shape", metavar="SHAPE", help="What it is fed: 1,3,512,512.")
@click.option("--structure", is_flag=True, help="The structure only, without weights.")
@click.option("--save", type=click.Path(path_type=Path), help="Save the weights here.")
@click.option("--recipe", type=click.Path(path_type=Path), help="Save the recipe here.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def unet(
    shape: str | None,
    structure: bool,
    save: Path | None,
    recipe: Path | None,
    force: bool,
    as_json: bool,
    **wanted: Any,
) -> int:
    """Assemble a U-Net, plain or on an encoder of torchvision, and save it.

    The recipe opens like any source: ``modelwright edit unet.json --swap-encoder resnet50``.
    """
    inputs = None if shape is None else parse_inputs(shape)
    with Shown() as progress:
        session = Session.open(
            str(Assembly(**wanted)),
            inputs=inputs,
            structure=structure or None,
            progress=progress,
        )
    if inputs is not None:
        check_image(session.document.root, inputs[0].shape)
    report = session.report
    held_back = save is not None and bool(report.problems) and not force
    saved = [] if save is None or held_back else [session.save(save, overwrite=force)]
    if recipe is not None:
        saved.append(session.save_recipe(recipe, overwrite=force))
    if as_json:
        found = model_json(session.document, report, None)
        stages = [
            {
                "stage": each.title,
                "output": each.output.to_json() if each.output else None,
                "parameters": each.parameters,
            }
            for each in stages_in(report)
        ]
        print_json({**found, "stages": stages, "saved": [str(path) for path in saved]})
    else:
        _print(session.document, report, saved)
    if held_back:
        click.echo(
            f"Not saved to {save}: it has a problem. Save it all the same with --force.", err=True
        )
    return 1 if report.problems else 0


def _print(document: Document, report: Report, saved: list[Path]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("stage", no_wrap=True)
    table.add_column("output", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    for each in stages_in(report):
        output = "" if each.output is None else str(each.output)
        table.add_row(escape(each.title), output, f"{each.parameters:,}")
    console.print(table)
    print_totals(document, report)
    print_problems(report.problems)
    for path in saved:
        console.print(f"saved {beside(path)}", style="green", markup=False)
