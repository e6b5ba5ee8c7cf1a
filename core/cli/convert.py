"""``modelwright convert``: the same weights in another format. No torch, unless dtypes change."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.cli.percent import percent
from core.files.convert import convert as convert_file

_DTYPES = ("float32", "float16", "bfloat16", "float64")
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def read_size(text: str) -> int:
    """Read ``500MB`` or ``2GB`` as bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B?)", text.strip().upper())
    if not found or found[2] not in _UNITS or float(found[1]) <= 0:
        raise click.BadParameter(f"'{text}' is no size; write 500MB or 2GB.")
    return int(float(found[1]) * _UNITS[found[2]])


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--prefix",
    type=click.Choice(["add", "strip", "keep"]),
    default="keep",
    help="Take 'module.' out of all names (strip), or put it before them (add).",
)
@click.option("--dtype", type=click.Choice(_DTYPES), help="Make all floating numbers of this kind.")
@click.option("--shard-size", metavar="SIZE", help="Split into files of at most 500MB, 2GB, ...")
@click.option("--weights", metavar="LABEL", help="Which set, where FILE holds several.")
@click.option("--legacy", is_flag=True, help="As PyTorch wrote before 1.6, for old readers.")
@click.option("--force", is_flag=True, help="Overwrite.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def convert(
    file: Path,
    out: Path,
    prefix: Any,
    dtype: str | None,
    shard_size: str | None,
    weights: str | None,
    legacy: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Write the weights of FILE to OUT, whose suffix says how.

    .pth, .pt, .pkl and .bin are written as torch.save does, .safetensors as safetensors. Bytes are
    copied tensor by tensor; tied weights stay tied in .pth and are written twice in .safetensors,
    which knows no ties.
    """
    done = convert_file(
        file,
        out,
        prefix=prefix,
        weights=weights,
        cast=None if dtype is None else _casting(dtype),
        shard_size=None if shard_size is None else read_size(shard_size),
        legacy=legacy,
        overwrite=force,
        progress=percent(),
    )
    if as_json:
        files = [str(each) for each in done.files]
        told = {"files": files, "tensors": done.tensors, "notes": list(done.notes)}
        click.echo(json.dumps(told, indent=2))
        return 0
    for note in done.notes:
        click.echo(note)
    click.echo(f"{done.tensors:,} tensors written to {', '.join(each.name for each in done.files)}")
    return 0


def _casting(dtype: str) -> Callable[[Any], Any]:
    from core.checkpoint.casting import casting  # torch, only now

    return casting(dtype)
