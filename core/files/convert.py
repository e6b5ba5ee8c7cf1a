"""The weights of one file in another format, streamed: no tensor is ever in memory as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import CheckpointError, SaveRefused
from core.files.contents import ITEM_BYTES, Contents, StoredTensor, WeightSet, locate
from core.files.naming import unwrapped
from core.files.reading import read_contents
from core.files.sentence import in_a_sentence
from core.files.writing.output import Asked, Progress
from core.files.writing.pieced import Part, PiecedBytes
from core.files.writing.runs import Bytes, FileBytes, HeldBytes
from core.files.writing.weights import OutgoingTensor, layout_of, write_weights

Prefix = Literal["add", "strip", "keep"]


@dataclass(frozen=True)
class Converted:
    """The files that were written, how many tensors are in them, and what was left out."""

    files: tuple[Path, ...]
    tensors: int
    notes: tuple[str, ...]


def convert(
    source: Path,
    target: Path,
    *,
    prefix: Prefix = "keep",
    weights: str | None = None,
    cast: Callable[[OutgoingTensor], OutgoingTensor] | None = None,
    shard_size: int | None = None,
    legacy: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: Asked | None = None,
) -> Converted:
    """Write the weights of ``source`` as the suffix of ``target`` says.

    ``prefix`` takes away what DataParallel put into names, or adds ``module.`` to all. ``weights``
    is the label of the set to take where there are several; ``cast`` changes a tensor's dtype.
    Raises :class:`~core.errors.CheckpointError`, :class:`~core.errors.SaveRefused`,
    :class:`~core.errors.Cancelled`; then nothing is left behind.
    """
    layout = layout_of(target, legacy=legacy)
    if target.exists() and not target.is_dir() and not overwrite:
        raise SaveRefused(f"{target} exists already; say yes to overwriting it, or choose another.")
    contents = read_contents(source)
    chosen = _chosen(contents, weights)
    names, notes = _named(chosen.tensors, prefix)
    locate(each.storage for each in chosen.tensors.values())
    outgoing = [_outgoing(names[name], each) for name, each in chosen.tensors.items()]
    if cast is not None:
        outgoing = [cast(each) for each in outgoing]
    files = write_weights(
        target,
        outgoing,
        layout,
        shard_size=shard_size,
        durable=target.exists(),  # a new file can be made again; the source stays where it is
        progress=progress,
        cancelled=cancelled,
    )
    return Converted(files, len(outgoing), (*notes, *_left_out(contents, chosen)))


def _chosen(contents: Contents, label: str | None) -> WeightSet:
    sets = contents.weights
    labels = ", ".join(f"'{each.label}'" for each in sets)
    if not sets:
        raise CheckpointError(
            f"{contents.path} holds no weights of a model. {in_a_sentence(contents, ())}."
        )
    if label is not None:
        for each in sets:
            if each.label == label:
                return each
        raise CheckpointError(f"{contents.path} has no weights '{label}'; it has {labels}.")
    if len(sets) > 1:
        raise CheckpointError(
            f"{contents.path} holds several sets of weights ({labels}): say which with --weights."
        )
    return sets[0]


def _named(
    tensors: Mapping[str, StoredTensor], prefix: Prefix
) -> tuple[dict[str, str], tuple[str, ...]]:
    if prefix == "add":
        return {name: f"module.{name}" for name in tensors}, ()
    if prefix == "keep":
        return {name: name for name in tensors}, ()
    names, places = unwrapped(tensors)
    if not places:
        return names, ("No name had a prefix to take away; the names are as they were.",)
    return names, (f"Taken out of the names: {', '.join(places)}",)


def _outgoing(name: str, tensor: StoredTensor) -> OutgoingTensor:
    if tensor.special:
        raise CheckpointError(f"{name} is {tensor.special}, which only PyTorch itself can write.")
    return OutgoingTensor(
        name,
        tensor.shape,
        tensor.dtype,
        _bytes_of(tensor),
        (tensor.storage.file, tensor.storage.key),
        tensor.offset,
        tensor.stride,
        tensor.parameter,
        tensor.requires_grad,
    )


def _bytes_of(tensor: StoredTensor) -> Bytes:
    storage = tensor.storage
    if tensor.pieces:
        parts = tuple((piece.at, _outgoing("", piece.tensor)) for piece in tensor.pieces)
        inside = tuple(Part(at, each.shape, each.packed()) for at, each in parts)
        return PiecedBytes(tensor.shape, ITEM_BYTES[tensor.dtype], inside)
    if storage.held is not None:
        return HeldBytes(storage.held)
    position = storage.position if storage.bytes else 0
    return FileBytes(storage.file, position, storage.bytes, storage.crc)


def _left_out(contents: Contents, chosen: WeightSet) -> tuple[str, ...]:
    notes = list(chosen.notes)
    others = len(contents.tensors) - len(chosen.tensors)
    if contents.kind in ("training checkpoint", "Lightning checkpoint", "whole model") or others:
        left = [name for name in contents.values if "." not in name][:6]
        what = [f"{others} tensors"] if others > 0 else []
        what += [", ".join(left)] if left else []
        if what:
            notes.append(f"Only the weights were taken; left out: {' and '.join(what)}.")
    return tuple(notes)
