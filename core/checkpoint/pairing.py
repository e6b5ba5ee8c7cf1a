"""Which tensor is which, by all that is understood of names and all that the user has said."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.checkpoint.choices import Choices
from core.checkpoint.weight_norm import Normed, paired_whole
from core.files.naming import Pairing, Shape, pair
from core.files.renaming import Renaming, as_renamed, renamings


@dataclass(frozen=True)
class Paired:
    """A pairing, and what else could be paired if somebody said so.

    ``whole`` are the weights that the file holds apart, name in the model -> its two tensors; they
    are in the pairing where that was said. ``renamings`` would pair more, and were not said.
    """

    pairing: Pairing
    whole: Mapping[str, Normed]
    renamings: tuple[Renaming, ...] = ()


def paired(model: Mapping[str, Shape], file: Mapping[str, Shape], said: Choices) -> Paired:
    """Pair the tensors of a model with those of a file."""
    told = as_renamed(file, [Renaming(*each) for each in said.renames])
    real = {now: name for name, now in told.items()}
    named = {told[name]: shape for name, shape in file.items()}
    pairing = pair(model, named, said.prefix, said.keep)
    again, whole = paired_whole(pairing, model, named, said.prefix, said.keep)
    if said.weight_norm:
        pairing = again
    offered: tuple[Renaming, ...] = ()
    if len(pairing.pairs) < min(len(model), len(named)):
        offered = renamings(model, named)
    if offered:
        better = as_renamed(named, offered)
        shapes = {better[name]: shape for name, shape in named.items()}
        found = pair(model, shapes, said.prefix, said.keep)
        if len(found.pairs) <= len(pairing.pairs):
            offered = ()
        elif not found.rivals:  # which prefix is meant is no question any more
            pairing = replace(pairing, rivals=())
    pairs = {own: real[stored] for own, stored in pairing.pairs.items()}
    apart = {n: Normed(real[each.direction], real[each.lengths]) for n, each in whole.items()}
    return Paired(replace(pairing, pairs=pairs), apart, offered)
