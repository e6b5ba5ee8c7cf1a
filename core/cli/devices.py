"""``modelwright devices``: CPUs and GPUs, and the code that saves and loads for them."""

from dataclasses import asdict

import click
from rich.markup import escape
from rich.table import Table

from core.cli.output import console, print_json
from core.placement import Layout, devices as found_devices, loading_script, saving_script

_PLACES = click.Choice(["one", "several"])


@click.command()
@click.option("--save-code", type=_PLACES, help="Print code that saves on one GPU or several.")
@click.option("--load-code", type=_PLACES, help="Print code that loads onto one GPU or several.")
@click.option(
    "--saved", type=_PLACES, default="one", show_default=True, help="How the file was saved."
)
@click.option("--whole", is_flag=True, help="The whole model, not the weights alone.")
@click.option("--build", default="models.resnet50()", show_default=True, help="Builds the model.")
@click.option("--imports", default="from torchvision import models", help="What that needs.")
@click.option("--file", default="model.pth", show_default=True, help="The file of weights.")
@click.option("--gpus", help="What CUDA_VISIBLE_DEVICES is set to, such as 0,1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def devices(
    save_code: str | None,
    load_code: str | None,
    saved: str,
    whole: bool,
    build: str,
    imports: str,
    file: str,
    gpus: str | None,
    as_json: bool,
) -> int:
    """List CPUs and GPUs with their memory, or print code for a training script."""
    if save_code is not None:
        layout = _layout(save_code, whole, gpus)
        click.echo(saving_script(layout, build=build, imports=imports, file=file), nl=False)
        return 0
    if load_code is not None:
        there, here = _layout(saved, whole, gpus), _layout(load_code, whole, gpus)
        script = loading_script(there, here, build=build, imports=imports, file=file)
        click.echo(script, nl=False)
        return 0
    found = found_devices()
    if as_json:
        print_json([asdict(each) for each in found])
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("device", "what it is", "memory", "free"):
        table.add_column(title, justify="right" if title in ("memory", "free") else "left")
    for each in found:
        name = each.name or "hidden by CUDA_VISIBLE_DEVICES"
        table.add_row(name, escape(each.title), _bytes(each.total), _bytes(each.free))
    console.print(table)
    return 0


def _layout(place: str, whole: bool, gpus: str | None) -> Layout:
    several = place == "several"
    return Layout(several, whole, gpus or ("0,1" if several else "0"))


def _bytes(count: int | None) -> str:
    return "?" if count is None else f"{count / 1e9:.1f} GB"
