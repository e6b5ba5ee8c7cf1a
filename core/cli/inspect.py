"""``modelwright inspect``: what is in a file of weights. Imports neither torch nor rich."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from core.cli.percent import percent
from core.files import Contents, StoredTensor, in_a_sentence, read_contents
from core.files.which import Guess, which

_TENSORS, _VALUES, _NAMES, _GUESSES = 16, 24, 12, 3


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "every", is_flag=True, help="List every tensor, value and name.")
@click.option(
    "--timm",
    "ask_timm",
    is_flag=True,
    help="Compare with timm's models, too, where none of torchvision's fits. Slow the first time.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="How long --timm may build models that it does not know yet.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(file: Path, every: bool, ask_timm: bool, seconds: float, as_json: bool) -> int:
    """Say what is in FILE, and which model it is of. Nothing in it is run or loaded.

    FILE is a checkpoint of any kind: .pth, .pt, .pkl, .bin, .ckpt, .safetensors, an index of
    shards, a folder of torch.distributed.checkpoint. What matters is what stands in it, not its
    suffix.
    """
    contents = read_contents(file)
    guesses = _guesses(contents)
    if ask_timm and contents.weights and not any(each.whole for each in guesses):
        guesses = _with_timm(contents, guesses, seconds)
    if as_json:
        click.echo(json.dumps(as_plain(contents, guesses), indent=2))
    else:
        for line in _told(contents, guesses, every):
            click.echo(line)
    return 0


def _guesses(contents: Contents) -> tuple[Guess, ...]:
    if not contents.weights:
        return ()
    return which({name: each.shape for name, each in contents.weights[0].tensors.items()})


def _with_timm(contents: Contents, guesses: tuple[Guess, ...], seconds: float) -> tuple[Guess, ...]:
    """Add timm's models to the guesses, the likeliest first."""
    from core.source.timm_likely import likely  # torch, only now

    shapes = {name: each.shape for name, each in contents.weights[0].tensors.items()}
    found = likely(shapes, seconds=seconds, progress=percent())
    if not found.finished:
        told = f"{found.compared} of {found.of} models" if found.of else "too few of its families"
        click.echo(
            f"note: after {seconds:g} s {told} of timm were compared; asked again, it goes on"
            " from there (--seconds).",
            err=True,
        )
    return tuple(sorted((*guesses, *found.guesses), key=lambda each: -each.share))


def as_plain(contents: Contents, guesses: tuple[Guess, ...]) -> dict[str, Any]:
    """Return what ``inspect --json`` prints."""
    return {
        "sentence": in_a_sentence(contents, guesses),
        "kind": contents.kind,
        "format": contents.format,
        "bytes": contents.bytes,
        "tensors": [
            {
                "name": name,
                "shape": list(tensor.shape),
                "dtype": tensor.dtype,
                "bytes": tensor.bytes,
                "device": tensor.device,
                "storage": tensor.storage.key,
                **({"special": tensor.special} if tensor.special else {}),
                **({"pieces": len(tensor.pieces)} if tensor.pieces else {}),
            }
            for name, tensor in contents.tensors.items()
        ],
        "values": dict(contents.values),
        "globals": [
            {"name": each.name, "verdict": each.verdict, "why": each.why} for each in contents.names
        ],
        "model": [
            {
                "source": each.source,
                "matched": each.matched,
                "of": each.of,
                "differs": [
                    {"name": name, "file": list(there), "model": list(here)}
                    for name, there, here in each.differs
                ],
                "evidence": str(each),
                "same_tensors": list(each.twins),
            }
            for each in guesses
        ],
        "weights": [
            {"label": each.label, "tensors": len(each.tensors), "averaged": each.averaged}
            for each in contents.weights
        ],
        "metadata": dict(contents.metadata),
        "notes": list(contents.notes),
    }


def _told(contents: Contents, guesses: tuple[Guess, ...], every: bool) -> Iterator[str]:
    tensors = contents.tensors
    name = click.style(contents.path.resolve().name, bold=True)
    yield f"{name}: {in_a_sentence(contents, guesses)}."
    yield _fact("kind", f"{contents.kind} ({contents.format})")
    yield _fact("tensors", f"{len(tensors):,}, {_bytes(contents.bytes)}, {_dtypes(tensors)}")
    devices = sorted({each.device for each in tensors.values()} - {""})
    if devices:
        yield _fact("saved from", ", ".join(devices))
    shared = len(tensors) - sum(1 for _ in contents.storages())
    if shared:
        yield _fact("shared", f"{shared} tensors share a storage with another")
    for each in contents.weights:
        about = ", the moving average" if each.averaged else ""
        about += f", of {each.module}" if each.module else ""
        about += f", wrapped in {' in '.join(each.wrappers)}" if each.wrappers else ""
        yield _fact(
            "weights", f"{each.label or 'the file itself'}: {len(each.tensors):,} tensors{about}"
        )
    for guess in guesses[:_GUESSES]:
        yield _fact("model", click.style(str(guess), fg="green" if guess.share > 0.9 else None))
        yield _fact("", f"modelwright match '{guess.source}' {contents.path.name}")
    for note in (*contents.notes, *(note for each in contents.weights for note in each.notes)):
        yield _fact("note", note)
    yield from _values("values", contents.values, every)
    yield from _values("metadata", contents.metadata, every)
    yield from _names(contents, every)
    yield from _tensors(tensors, every)


def _fact(title: str, text: str) -> str:
    return f"  {title:<11} {text}"


def _values(title: str, values: Mapping[str, str], every: bool) -> Iterator[str]:
    shown = list(values.items()) if every else list(values.items())[:_VALUES]
    if not shown:
        return
    yield ""
    yield click.style(title, bold=True)
    wide = min(32, max(len(name) for name, _ in shown))
    room = max(20, shutil.get_terminal_size((100, 24)).columns - wide - 4)
    for name, text in shown:
        yield f"  {name:<{wide}}  {text if len(text) <= room else text[: room - 1] + '…'}"
    if len(values) > len(shown):
        yield f"  … and {len(values) - len(shown)} more (--all)"


def _names(contents: Contents, every: bool) -> Iterator[str]:
    if not contents.names:
        return
    yield ""
    dangerous = contents.dangerous
    title = "classes and functions it names"
    if dangerous:
        yield click.style(
            f"{title}: {len(dangerous)} would run code if it were unpickled", fg="red", bold=True
        )
    else:
        yield click.style(f"{title}: all known", bold=True)
    shown = contents.names if every else (dangerous or contents.names)[:_NAMES]
    wide = min(48, max(len(each.name) for each in shown))
    for each in shown:
        line = f"  {each.name:<{wide}}  {each.verdict}: {each.why}"
        yield click.style(line, fg="red" if each.verdict == "would run code" else None)
    if len(contents.names) > len(shown):
        yield f"  … and {len(contents.names) - len(shown)} more (--all)"


def _tensors(tensors: Mapping[str, StoredTensor], every: bool) -> Iterator[str]:
    if not tensors:
        return
    items = list(tensors.items())
    shown = items if every or len(items) <= _TENSORS else [*items[: _TENSORS - 4], *items[-3:]]
    names = min(56, max(len(name) for name, _ in shown))
    shapes = max(5, *(len(_shape(each)) for _, each in shown))
    yield ""
    yield click.style(f"  {'tensor':<{names}}  {'shape':<{shapes}}  {'dtype':<9}  bytes", bold=True)
    for number, (name, each) in enumerate(shown):
        if len(shown) < len(items) and number == _TENSORS - 4:
            yield f"  … {len(items) - len(shown):,} more (--all)"
        special = f"  {each.special}" if each.special else ""
        special += f"  in {len(each.pieces)} pieces" if each.pieces else ""
        size = f"{each.dtype:<9}  {_bytes(each.bytes)}{special}"
        yield f"  {name:<{names}}  {_shape(each):<{shapes}}  {size}"


def _shape(tensor: StoredTensor) -> str:
    return "×".join(map(str, tensor.shape)) or "()"


def _dtypes(tensors: Mapping[str, StoredTensor]) -> str:
    counts = Counter(each.dtype for each in tensors.values())
    return ", ".join(f"{dtype} ({count:,})" for dtype, count in counts.most_common(4)) or "none"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
