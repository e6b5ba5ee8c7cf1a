"""A part of names that is called something else in a model: ``layer1.0.conv`` is ``stage1.0.conv``.

A part is what stands between dots, without the number at its end. It is another's name where all
tensors below it have the same names, shapes and order on both sides, and no third part could be
either; it is never taken for that unless somebody says so.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.files.naming import Shape, unwrapped

_NUMBERED = re.compile(r"(.*?)(\d*)")
_FEWEST = 2  # of one tensor nothing can be said


@dataclass(frozen=True)
class Renaming:
    """``file`` in the names of a file is ``model`` in those of the model, in ``count`` tensors."""

    model: str
    file: str
    count: int = 0

    def of(self, name: str) -> str:
        """Return what a name of the file is in the model; the last part is no container's."""
        *parts, last = name.split(".")
        return ".".join([*map(self._part, parts), last])

    def _part(self, part: str) -> str:
        if part == self.file:
            return self.model
        stem, number = _stem(part)
        return f"{self.model}{number}" if stem == self.file else part


def renamings(model: Mapping[str, Shape], file: Mapping[str, Shape]) -> tuple[Renaming, ...]:
    """Return the parts that can only be each other, of names that stand on one side alone."""
    ours, theirs = _plain(model), _plain(file)
    here = {name: shape for name, shape in ours.items() if name not in theirs}
    there = {name: shape for name, shape in theirs.items() if name not in ours}
    below_here, below_there = _by_part(here), _by_part(there)
    found = []
    for part, names in below_there.items():
        if len(names) < _FEWEST:
            continue
        for other, wanted in below_here.items():
            if len(names) != len(wanted):
                continue
            renaming = Renaming(other, part, len(names))
            again = [(renaming.of(name), there[name]) for name in names]
            if again == [(name, here[name]) for name in wanted]:
                found.append(renaming)
    alone = [
        each
        for each in found
        if sum(each.file == e.file or each.model == e.model for e in found) == 1
    ]
    return tuple(alone)


def as_renamed(names: Iterable[str], said: Iterable[Renaming]) -> dict[str, str]:
    """Return name in the file -> name to look for; two that would become one stay as they are."""
    names = list(names)
    told = {name: name for name in names}
    for renaming in said:
        told = {name: renaming.of(now) for name, now in told.items()}
    return told if len(set(told.values())) == len(names) else {name: name for name in names}


def has_part(names: Iterable[str], part: str) -> bool:
    """Whether a part of that name stands in any of the names."""
    return any(part in (each, _stem(each)[0]) for name in names for each in name.split(".")[:-1])


def _plain(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    plain, _ = unwrapped(shapes)
    return {plain[name]: shape for name, shape in shapes.items()}


def _by_part(shapes: Mapping[str, Shape]) -> dict[str, list[str]]:
    """Return the names in which each part stands, in order."""
    found: dict[str, list[str]] = {}
    for name in shapes:
        for stem in dict.fromkeys(_stem(part)[0] for part in name.split(".")[:-1]):
            if stem:
                found.setdefault(stem, []).append(name)
    return found


def _stem(part: str) -> tuple[str, str]:
    found = _NUMBERED.fullmatch(part)
    return (found[1], found[2]) if found else (part, "")
