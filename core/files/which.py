"""Which model a file is of, from the names and shapes of its tensors alone.

They are compared with those of every torchvision model and of our U-Nets, which stand in
``resources/fingerprints.json.gz`` (``resources/fingerprints.py`` writes it). torch is not needed.
"""

import functools
import gzip
import json
import re
from collections import Counter
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.files.naming import Pairing, pair, unwrapped

Shape = tuple[int, ...]
_FILE = Path(__file__).parent.parent.parent / "resources" / "fingerprints.json.gz"
_LEAST = 0.3  # share of all tensors of both sides below which nothing is said
_NEAR = 0.6  # of the likeliest one's share: what is further off is not worth a line
_CLOSER = 6  # so many of the likeliest are compared tensor by tensor
_COUNTERS = re.compile(r"(^|\.)num_batches_tracked$")


@dataclass(frozen=True)
class Guess:
    """A model that a file may be of.

    ``source`` is what ``core.open`` understands, ``matched`` how many of the model's ``of`` tensors
    are in the file with name and shape. ``differs`` are (name in the model, shape in the file,
    shape in the model), ``twins`` other models with the very same tensors.
    """

    source: str
    matched: int
    of: int
    differs: tuple[tuple[str, Shape, Shape], ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    evidence: tuple[str, ...]
    twins: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Tensors that agree, of all that are on either side; 0 to 1."""
        return self.matched / (self.of + len(self.unexpected)) if self.of else 0.0

    @property
    def whole(self) -> bool:
        """Whether all is there and alike, but perhaps the number of classes."""
        return self.alike and not self.missing and not self.unexpected

    @property
    def alike(self) -> bool:
        """Whether what is in both is alike, but perhaps the number of classes."""
        return not self.differs or _classes(self.differs) is not None

    def __str__(self) -> str:
        name = self.source.partition("(")[0].replace(":", " ")
        return ", ".join([f"{name}, {self.matched} of {self.of} tensors", *self.evidence])


class Fingerprints:
    """The tensors of many models: names and shapes once each, a model as a row of numbers."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self._held = held
        self._names: list[str] = held["names"]
        self._shapes: list[Shape] = [tuple(shape) for shape in held["shapes"]]
        self._rows: dict[str, list[int]] = held["models"]
        self.index = {name: number for number, name in enumerate(self._names)}
        self.sets = {source: frozenset(row[::2]) for source, row in self._rows.items()}

    @classmethod
    def of(cls, models: Mapping[str, Mapping[str, Shape]]) -> "Fingerprints":
        """Return those of models: source -> name of a tensor -> shape."""
        names: dict[str, int] = {}
        shapes: dict[Shape, int] = {}
        rows = {
            source: [
                number
                for name, shape in tensors.items()
                for number in (
                    names.setdefault(name, len(names)),
                    shapes.setdefault(tuple(shape), len(shapes)),
                )
            ]
            for source, tensors in models.items()
        }
        return cls({"names": list(names), "shapes": [list(s) for s in shapes], "models": rows})

    @classmethod
    def read(cls, data: bytes) -> "Fingerprints":
        """Read what :meth:`written` wrote; raises ``OSError``, ``ValueError``, ``LookupError``."""
        return cls(json.loads(gzip.decompress(data)))

    def written(self) -> bytes:
        """Return them as compressed JSON."""
        return gzip.compress(json.dumps(self._held, separators=(",", ":")).encode(), 6)

    def model(self, source: str) -> dict[str, Shape]:
        """Return name -> shape of one model."""
        row = self._rows[source]
        return {
            self._names[name]: self._shapes[shape]
            for name, shape in zip(row[::2], row[1::2], strict=True)
        }


def which(shapes: Mapping[str, Shape], among: Fingerprints | None = None) -> tuple[Guess, ...]:
    """Return the models that tensors of these names and shapes may belong to, likeliest first.

    They are looked for ``among`` these; without any, among torchvision's.
    """
    known = _known() if among is None else among
    plain, _ = unwrapped(shapes)
    prefix = common_prefix(set(plain.values()), known.index)
    names = {name.removeprefix(prefix) for name in plain.values()}
    found = {known.index[name] for name in names if name in known.index}
    if not found:
        return ()
    scored = [
        (len(found & ids) / (len(ids) + len(names) - len(found & ids)), source)
        for source, ids in known.sets.items()
    ]
    best = sorted(scored, key=lambda each: (-each[0], len(each[1]), each[1]))[:_CLOSER]
    guesses = [_guess(source, known.model(source), shapes) for score, source in best if score > 0]
    guesses = [each for each in guesses if each.share >= _LEAST]
    guesses.sort(key=lambda each: -each.share)
    near = [each for each in guesses if each.share >= _NEAR * guesses[0].share]
    return _without_twins(near)


@functools.cache
def _known() -> Fingerprints:
    return Fingerprints.read(_FILE.read_bytes())


def common_prefix(names: Collection[str], known: Container[str]) -> str:
    """Return the beginning without which most of the names are known; mostly ``""``."""
    votes: Counter[str] = Counter({"": sum(name in known for name in names)})
    for name in names:
        at = name.find(".")
        while at >= 0:
            if name[at + 1 :] in known:
                votes[name[: at + 1]] += 1
            at = name.find(".", at + 1)
    return max(votes, key=lambda each: (votes[each], -len(each)))


def _guess(source: str, model: Mapping[str, Shape], shapes: Mapping[str, Shape]) -> Guess:
    found = pair(model, shapes)
    equal = {name for name, there in found.pairs.items() if shapes[there] == model[name]}
    differs = tuple(
        (name, shapes[there], model[name])
        for name, there in found.pairs.items()
        if name not in equal
    )
    missing = tuple(name for name in model if name not in found.pairs)
    counters = sum(bool(_COUNTERS.search(name)) for name in missing)
    used = set(found.pairs.values())
    unexpected = tuple(name for name in shapes if name not in used)
    classes = _classes(differs)
    evidence = [*_changes(differs, classes), *_absent(missing, counters), *_paths(found)]
    if unexpected:
        evidence.append(f"{len(unexpected)} tensors more ({_parts(unexpected)})")
    if classes is not None:
        source = _of_classes(source, classes)
    return Guess(source, len(equal), len(model), differs, missing, unexpected, tuple(evidence))


def _classes(differs: tuple[tuple[str, Shape, Shape], ...]) -> int | None:
    """Return the number of classes, where nothing differs but the outputs of one last layer."""
    if not differs:
        return None
    layers = {name.rpartition(".")[0] for name, _, _ in differs}
    counts = {there[0] for _, there, here in differs if there and there[1:] == here[1:]}
    plain = all(there and there[1:] == here[1:] for _, there, here in differs)
    return counts.pop() if plain and len(layers) == 1 and len(counts) == 1 else None


def _of_classes(source: str, classes: int) -> str:
    """Return the source with so many classes, where it says or may say how many."""
    if "(" not in source:
        return f"{source}(num_classes={classes})"
    return re.sub(r"n_classes=\d+", f"n_classes={classes}", source)


def _changes(differs: tuple[tuple[str, Shape, Shape], ...], classes: int | None) -> list[str]:
    if classes is not None:
        return [f"{differs[0][0].rpartition('.')[0]} changed to {classes} classes"]
    return [
        f"{name} is {_size(there)} instead of {_size(here)}" for name, there, here in differs[:3]
    ] + ([f"{len(differs) - 3} more differ"] if len(differs) > 3 else [])


def _absent(missing: tuple[str, ...], counters: int) -> list[str]:
    told = []
    if counters:
        told.append("without num_batches_tracked")
    others = [name for name in missing if not _COUNTERS.search(name)]
    if others:
        told.append(f"{len(others)} are not in the file ({_parts(others)})")
    return told


def _paths(found: Pairing) -> list[str]:
    told = [f"names begin with '{each}'" for each in found.wrapped]
    told += [f"under '{each.file}'" for each in found.prefixes if each.file]
    return told + [f"old names: {each}" for each in found.spellings]


def _parts(names: tuple[str, ...] | list[str]) -> str:
    parts = list(dict.fromkeys(name.partition(".")[0] for name in names))
    return ", ".join(parts[:3]) + (", ..." if len(parts) > 3 else "")


def _size(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "one number"


def _without_twins(guesses: list[Guess]) -> tuple[Guess, ...]:
    """Keep one of several models with the very same tensors, and let it name the others."""
    kept: dict[tuple[object, ...], Guess] = {}
    for each in guesses:
        key = (each.matched, each.of, each.differs, each.missing, each.unexpected)
        first = kept.get(key)
        kept[key] = each if first is None else replace(first, twins=(*first.twins, each.source))
    return tuple(kept.values())
