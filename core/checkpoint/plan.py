"""The plan of a load: tensor by tensor what would happen, and what was noticed on the way."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from core.document import Document
from core.files import Contents, StoredTensor, WeightSet

Status = Literal[
    "loaded",  # as it is, under its name
    "renamed",  # as it is, from another name
    "converted",  # another dtype, other channels, another grid: computed from the file's values
    "sliced",  # what overlaps is taken, the rest keeps the model's own values
    "own",  # not in the file, and the model knows it better: a counter, an index table
    "new",  # made by an edit: the file cannot have it, so it keeps the model's own values
    "left",  # the user said so: it keeps the model's own values
    "missing",
    "unexpected",  # in the file, and nowhere in the model
    "dropped",  # in the file, and taken out of the model by an edit
    "ignored",  # in the file, and of no use: an index table the model makes itself, or left out
    "shape differs",
]
Standing = Literal["repaired", "asks", "offers", "warns", "notes"]

#: Statuses of tensors whose values come from the file.
FROM_FILE = frozenset({"loaded", "renamed", "converted", "sliced"})


class Row(NamedTuple):
    """One tensor. ``name`` is its name in the model, ``stored`` in the file; one may be missing.

    ``how`` says how the values are made where not as they are: ``"dtype"``, ``"overlap"``,
    ``"channels sum"``, ``"channels mean"``, ``"channels slice"``, ``"positions"``,
    ``"weight norm"`` (``stored`` is then the direction; the lengths stand beside it).
    """

    status: Status
    name: str | None
    stored: str | None
    shape: tuple[int, ...] | None = None
    stored_shape: tuple[int, ...] | None = None
    dtype: str = ""
    stored_dtype: str = ""
    how: str = ""
    note: str = ""


@dataclass(frozen=True)
class Choice:
    """Something the user can say about a condition; ``text`` is how: ``"channels=mean"``."""

    text: str
    label: str


@dataclass(frozen=True)
class Condition:
    """Something about the file that was recognised, in a sentence.

    ``repaired``: the plan allows for it already. ``asks``: nothing is loaded until one of
    ``choices`` is made. ``offers``: the choices would help. ``warns``: look at it. ``notes``: good
    to know. ``switch`` is the choice that leaves a repair undone (``"keep=prefix"``), where that
    can be said; it stands on the condition also when it was.
    """

    kind: str
    sentence: str
    standing: Standing
    choices: tuple[Choice, ...] = ()
    switch: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """What loading ``weights`` of a file into ``document`` would do. Nothing has been done yet.

    ``trained`` is the document before its edits, where the file is of that one.
    """

    document: Document
    contents: Contents
    weights: WeightSet
    rows: tuple[Row, ...]
    conditions: tuple[Condition, ...] = ()
    trained: Document | None = None
    counts: Counter[Status] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", Counter(row.status for row in self.rows))

    def with_status(self, *statuses: Status) -> Iterator[Row]:
        """Yield the rows that have one of these statuses."""
        return (row for row in self.rows if row.status in statuses)

    @property
    def from_file(self) -> int:
        """How many of the model's tensors get their values from the file."""
        return sum(count for status, count in self.counts.items() if status in FROM_FILE)

    @property
    def tensors(self) -> int:
        """How many tensors the model has."""
        return sum(row.name is not None for row in self.rows)

    @property
    def complete(self) -> bool:
        """Whether every tensor of model and file finds its partner, and nothing is to be asked."""
        return self.fits and not any(self.counts[each] for each in ("new", "dropped", "left"))

    @property
    def fits(self) -> bool:
        """Whether all finds its partner but for what edits, or the user, have set apart."""
        counts = self.counts
        left = counts["missing"] + counts["unexpected"] + counts["shape differs"]
        return not self.asks and not left

    @property
    def asks(self) -> tuple[Condition, ...]:
        """The questions without whose answers nothing is loaded."""
        return tuple(each for each in self.conditions if each.standing == "asks")

    def stored(self, row: Row) -> StoredTensor:
        """Return the tensor of the file that a row takes its values from."""
        assert row.stored is not None
        return self.weights.tensors[row.stored]

    def __str__(self) -> str:
        told = f"{self.from_file} of {self.tensors} tensors from the file"
        others: dict[Status, str] = {
            "own": "kept as the model makes them",
            "new": "new by edits",
            "left": "left as they are",
            "missing": "missing",
            "shape differs": "of another shape",
            "unexpected": "unexpected",
            "dropped": "dropped by edits",
        }
        parts = [f"{self.counts[s]} {text}" for s, text in others.items() if self.counts[s]]
        return "; ".join([told, ", ".join(parts)] if parts else [told])
