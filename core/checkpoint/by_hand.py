"""Pairs of tensors that the user made: they stand before all that a match finds by itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from core.errors import CheckpointError, nearest
from core.files import WeightSet
from core.files.renaming import has_part

#: Name in the model -> name in the file; ``None``: from nowhere.
Pairs = Mapping[str, str | None]


def check(pairs: Pairs, own: Collection[str], sets: Sequence[WeightSet], file: object) -> None:
    """Raise :class:`~core.errors.CheckpointError` for a name that nobody has."""
    if not pairs:
        return
    theirs = {name: None for each in sets for name in each.tensors}
    for name, stored in pairs.items():
        if stored is None and name not in own and name not in theirs:
            raise CheckpointError(
                f"Neither the model nor {file} has a tensor '{name}', so it cannot be left."
                f"{nearest(name, {**dict.fromkeys(own), **theirs})}"
            )
        if stored is not None and name not in own:
            raise CheckpointError(
                f"The model has no tensor '{name}' to be paired.{nearest(name, own)}"
            )
        if stored is not None and stored not in theirs:
            raise CheckpointError(
                f"{file} has no tensor '{stored}' to be paired.{nearest(stored, theirs)}"
            )


def check_renames(
    renames: Iterable[tuple[str, str]], own: Collection[str], sets: Sequence[WeightSet],
    file: object,
) -> None:  # fmt: skip
    """Raise :class:`~core.errors.CheckpointError` for a part of names that nobody has."""
    for here, there in renames:
        if not any(has_part(each.tensors, there) for each in sets):
            raise CheckpointError(f"No name in {file} has a part '{there}' to be renamed.")
        if not has_part(own, here):
            raise CheckpointError(f"No name in the model has a part '{here}'.")


def holding(pairs: Pairs, sets: Sequence[WeightSet]) -> tuple[WeightSet, ...]:
    """Return the sets of weights with all tensors that were named; all, if none has all."""
    named = {stored for stored in pairs.values() if stored is not None}
    return tuple(each for each in sets if named <= each.tensors.keys()) or tuple(sets)


class ByHand:
    """The user's pairs in the place of those ``found``, which is changed.

    ``left`` are the model's tensors that are taken from nowhere, with all names of a tied one;
    ``passed`` those of the file that nobody takes because of it.
    """

    def __init__(
        self, pairs: Pairs, found: dict[str, str], own: Collection[str], stored: Collection[str],
        tied: Iterable[Sequence[str]],
    ) -> None:  # fmt: skip
        self.left: set[str] = set()
        self.passed: set[str] = set()
        made = {name: there for name, there in pairs.items() if there in stored}
        if not pairs:
            return
        taken = set(made.values())
        for name, there in list(found.items()):
            if there in taken:
                del found[name]
        found.update((name, there) for name, there in made.items() if there is not None)
        for name in (name for name, there in pairs.items() if there is None):
            if name in own:
                self._leave(name, found, tied)
            elif name in stored:
                self.passed.add(name)
                for other in [each for each, there in found.items() if there == name]:
                    del found[other]

    def _leave(self, name: str, found: dict[str, str], tied: Iterable[Sequence[str]]) -> None:
        for each in next((names for names in tied if name in names), (name,)):
            self.left.add(each)
            if each in found:
                self.passed.add(found.pop(each))
