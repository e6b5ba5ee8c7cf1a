"""A weight that a file holds apart, as ``weight_norm`` trains it: its direction and its lengths.

``torch.nn.utils.weight_norm`` calls them ``weight_v`` and ``weight_g``, the parametrization of
today ``parametrizations.weight.original1`` and ``original0``. The weight is ``g * v / ||v||``, the
norm taken over all dimensions but one, mostly the first (Salimans and Kingma, 2016).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from core.files.naming import Pairing, pair

Shape = tuple[int, ...]

_LENGTHS = re.compile(r"(^|.*\.)(?:(\w+)_g|parametrizations\.(\w+)\.original0)$")


@dataclass(frozen=True)
class Normed:
    """The names in a file of the two tensors that a weight is made of."""

    direction: str
    lengths: str


def normed_in(shapes: Mapping[str, Shape]) -> dict[str, Normed]:
    """Return the weights held apart, by the name each would have; from names and shapes alone."""
    found: dict[str, Normed] = {}
    for name, shape in shapes.items():
        place = _LENGTHS.match(name)
        if place is None:
            continue
        before, old, new = place.groups()
        direction = f"{before}{old}_v" if old else f"{before}parametrizations.{new}.original1"
        whole = f"{before}{old or new}"
        there = shapes.get(direction)
        if there is not None and whole not in shapes and _dimension(there, shape) is not None:
            found[whole] = Normed(direction, name)
    return found


def paired_whole(
    pairing: Pairing,
    model: Mapping[str, Shape],
    file: Mapping[str, Shape],
    prefix: str | None,
    keep: Collection[str],
) -> tuple[Pairing, dict[str, Normed]]:
    """Pair once more, what a file holds apart and nobody took being one weight.

    Returns the pairing, in which such a weight has the name of its direction, and name in the model
    -> the two tensors; the pairing that was given, and nothing, where it finds no more.
    """
    used = set(pairing.pairs.values())
    left = {name: shape for name, shape in file.items() if name not in used}
    whole = normed_in(left)
    if not whole:
        return pairing, {}
    apart = {name for each in whole.values() for name in (each.direction, each.lengths)}
    folded = {name: shape for name, shape in file.items() if name not in apart}
    folded.update((name, file[each.direction]) for name, each in whole.items())
    again = pair(model, folded, prefix, keep)
    made = {
        own: whole[stored]
        for own, stored in again.pairs.items()
        if stored in whole and model[own] == folded[stored]
    }
    if not made or len(again.pairs) < len(pairing.pairs) + len(made):
        return pairing, {}
    pairs = {
        own: made[own].direction if own in made else stored
        for own, stored in again.pairs.items()
        if own in made or stored not in whole
    }
    return (
        Pairing(
            pairs, again.wrapped, again.wrapped_here, again.prefixes, again.spellings, again.rivals
        ),
        made,
    )


def whole_weight(direction: Tensor, lengths: Tensor) -> Tensor:
    """Return ``g * v / ||v||`` as torch computes it; ``lengths`` have one size other than 1."""
    dimension = _dimension(tuple(direction.shape), tuple(lengths.shape))
    assert dimension is not None
    return torch._weight_norm(direction.contiguous(), lengths.contiguous(), dimension)


def _dimension(direction: Shape, lengths: Shape) -> int | None:
    """Return the dimension each of whose entries has a length of its own."""
    if len(direction) != len(lengths) or not direction:
        return None
    for number, size in enumerate(direction):
        if lengths == tuple(size if n == number else 1 for n in range(len(direction))):
            return number
    return None
