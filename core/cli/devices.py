"""``modelwright devices``: CPUs and GPUs, and the code that saves and loads for them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from core.cli.opening import open_session, opening
from core.cli.output import console, print_json
from core.document import Document
from core.placement import (
    OPTIMIZERS,
    Device,
    Layout,
    Placement,
    devices as found_devices,
    distributed_script,
    loading_script,
    need,
    outlooks,
    saving_script,
    try_forward,
)

_PLACES = click.Choice(["one", "several"])


@click.command()
@click.argument("source", required=False)
@click.option("--on", "place", default="cpu", help="Where to: cpu, cuda:0, dp:0,1 or ddp:0,1.")
@click.option(
    "--optimizer",
    type=click.Choice(list(OPTIMIZERS)),
    default="none",
    show_default=True,
    help="Trained with this; none: only run.",
)
@click.option("--batch", type=int, help="Samples at once; otherwise those of the input.")
@click.option("--try", "tried", is_flag=True, help="Put it there and run one forward.")
@opening
@click.option("--save-code", type=_PLACES, help="Print code that saves on one GPU or several.")
@click.option(
    "--load-code",
    type=click.Choice(["one", "several", "distributed"]),
    help="Print code that loads onto one GPU or several, or trains under torchrun.",
)
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
    source: str | None,
    place: str,
    optimizer: str,
    batch: int | None,
    tried: bool,
    save_code: str | None,
    load_code: str | None,
    saved: str,
    whole: bool,
    build: str,
    imports: str,
    file: str,
    gpus: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """List CPUs and GPUs with their memory; say whether SOURCE fits there; print code for scripts.

    Exit status 0 good, 1 it does not fit, 2 refused.
    """
    if save_code is not None:
        layout = _layout(save_code, whole, gpus)
        click.echo(saving_script(layout, build=build, imports=imports, file=file), nl=False)
        return 0
    if load_code == "distributed":
        script = distributed_script(gpus=gpus or 2, build=build, imports=imports, file=file)
        click.echo(script, nl=False)
        return 0
    if load_code is not None:
        there, here = _layout(saved, whole, gpus), _layout(load_code, whole, gpus)
        script = loading_script(there, here, build=build, imports=imports, file=file)
        click.echo(script, nl=False)
        return 0
    found = found_devices()
    if source is not None:
        document = open_session(source, **options).document
        return _fitted(
            document, Placement.read(place, found), found, optimizer, batch, tried, as_json
        )
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


def _fitted(
    document: Document, placement: Placement, found: Sequence[Device], optimizer: str,
    batch: int | None, tried: bool, as_json: bool,
) -> int:  # fmt: skip
    there = [each for each in found if each.name in placement.devices]
    parts = len(placement.devices)
    rows = outlooks(document, there, optimizer=optimizer, batch=batch, parts=parts)
    needed = need(document, optimizer=optimizer, batch=batch, parts=parts)
    verdicts = {row.device.name: row.verdict for row in rows}
    ran = try_forward(document, placement) if tried else None
    if as_json:
        told = {"need": {**asdict(needed), "total": needed.total}, "verdicts": verdicts}
        print_json({**told, "tried": None if ran is None else asdict(ran)})
    else:
        for part, count in {**asdict(needed), "total": needed.total}.items():
            console.print(f"{part:>12}  {_bytes(count)}", style="bold" if part == "total" else "")
        for row in rows:
            console.print(f"{row.device.name}: {row.verdict}. {row.sentence}", markup=False)
        if ran is not None:
            text = f"ran on {ran.device} in {ran.seconds * 1e3:.0f} ms, output {ran.output}"
            console.print(text, style="green", markup=False)
    return 1 if "does not fit" in verdicts.values() else 0


def _layout(place: str, whole: bool, gpus: str | None) -> Layout:
    several = place == "several"
    return Layout(several, whole, gpus or ("0,1" if several else "0"))


def _bytes(count: int | None) -> str:
    if count is None:
        return "?"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
