"""What the user has said about a file's conditions: ``weights=model_ema``, ``channels=mean``.

Also which tensor is which: ``pair=fc.weight<-head.weight`` takes the model's ``fc.weight`` from the
file's ``head.weight``, ``leave=fc.bias`` takes it from nowhere, or passes over a tensor of the file
that the model has no name for. ``rename=stage<-layer`` says that what is called ``layer`` in the
file's names is ``stage`` in the model's. ``keep=prefix`` switches off what would be repaired by
itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.errors import CheckpointError

#: What can be said about sizes that differ, and what each means.
ANSWERS = {
    "classes": {"slice": "take the rows that overlap; the rest keeps the model's own values"},
    "channels": {
        "sum": "share the sum over the file's channels out over the model's",
        "mean": "give every channel the mean of the file's",
        "slice": "take the first channels as they are",
    },
    "positions": {"interpolate": "interpolate the grid of positions, bicubic"},
    "sizes": {"slice": "take what overlaps; the rest keeps the model's own values"},
    "weight_norm": {"compute": "compute each weight of its direction and its lengths: g * v / |v|"},
    "order": {"file": "the list's first tensor is the model's first, and so on"},
    "edits": {
        "before": "the file is of the model before its edits: follow them",
        "after": "the file is of the model as it is now: names are what they say",
    },
}


#: What is repaired unasked and can be kept as it is, and what that means.
KEPT = {
    "module prefix": "names keep what DataParallel and torch.compile wrote into them",
    "prefix": "no prefix is taken away or added",
    "spelling": "old names are not understood as the new ones",
}
_ARROW = "<-"
_KEYS = ("weights", "prefix", *ANSWERS, "rename", "pair", "leave", "keep")


@dataclass(frozen=True)
class Choices:
    """The answers; ``None`` where nothing was said.

    ``pairs`` are name in the model -> name in the file; ``None`` for what is left as it is.
    ``renames`` are parts of names, (in the model, in the file).
    """

    weights: str | None = None
    prefix: str | None = None
    classes: str | None = None
    channels: str | None = None
    positions: str | None = None
    sizes: str | None = None
    weight_norm: str | None = None
    order: str | None = None
    edits: str | None = None
    pairs: Mapping[str, str | None] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()
    renames: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, texts: Iterable[str], pairs: Mapping[str, str | None] | None = None) -> "Choices":
        """Read ``KEY=VALUE`` texts; raises :class:`~core.errors.CheckpointError`.

        ``pairs`` are further ones, said as names.
        """
        said: dict[str, str] = {}
        paired: dict[str, str | None] = {}
        kept: set[str] = set()
        renames: dict[tuple[str, str], None] = {}
        for key, value in _parted(texts):
            if key == "keep":
                kept.add(value)
            elif key == "rename":
                renames[_arrow(key, value)] = None
            elif key in ("pair", "leave"):
                _add(paired, *_pair(key, value))
            elif said.setdefault(key, value) != value:
                raise CheckpointError(f"{key} was chosen twice: '{said[key]}' and '{value}'.")
        for name, stored in (pairs or {}).items():
            _add(paired, name, stored)
        return cls(**said, pairs=paired, keep=frozenset(kept), renames=tuple(renames))


def pair_text(name: str, stored: str | None) -> str:
    """Return the choice that pairs a tensor of the model with one of the file, or with none."""
    return f"leave={name}" if stored is None else f"pair={name}{_ARROW}{stored}"


def rename_text(model: str, file: str) -> str:
    """Return the choice that says what a part of the file's names is called in the model."""
    return f"rename={model}{_ARROW}{file}"


def _parted(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or key not in _KEYS:
            raise CheckpointError(
                f"'{text}' is no choice; one reads KEY=VALUE, KEY of {', '.join(_KEYS)}."
            )
        known: Mapping[str, str] = KEPT if key == "keep" else ANSWERS.get(key, {})
        if known and value not in known:
            raise CheckpointError(f"'{text}': {key} can be {' or '.join(known)}, not '{value}'.")
        yield key, value


def _pair(key: str, value: str) -> tuple[str, str | None]:
    if key == "leave":
        return value, None
    return _arrow(key, value)


def _arrow(key: str, value: str) -> tuple[str, str]:
    name, arrow, stored = (part.strip() for part in value.partition(_ARROW))
    if not (arrow and name and stored):
        raise CheckpointError(
            f"'{key}={value}' is no pair; write {key}=NAME IN THE MODEL{_ARROW}NAME IN THE FILE."
        )
    return name, stored


def _add(pairs: dict[str, str | None], name: str, stored: str | None) -> None:
    if pairs.setdefault(name, stored) != stored:
        first, second = (pair_text(name, each) for each in (pairs[name], stored))
        raise CheckpointError(f"{name} was paired twice: {first} and {second}.")
