"""The ledger: what happened to every weight between two documents, and the key map."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from core.document.document import Document
from core.document.lineage import origin_of, weight_id

Status = Literal["kept", "moved", "sliced", "copied", "converted", "loaded", "new", "dropped"]
_WeightId = tuple[int, int, tuple[int, ...]]


@dataclass(frozen=True)
class Entry:
    """One tensor of the state dict.

    ``name`` is its name now (for a dropped one: its name before), ``before`` the name of the tensor
    its values come from, ``kept`` how many of its values are those of the first document.
    """

    name: str
    status: Status
    shape: tuple[int, ...]
    before: str | None
    values: int
    kept: int
    is_parameter: bool


@dataclass(frozen=True)
class Ledger:
    """Every tensor kept, moved, sliced, copied, new or dropped, in the order of the state dict."""

    entries: tuple[Entry, ...]
    values_before: int

    def count(self, status: Status) -> int:
        """Return how many tensors have this status."""
        return sum(entry.status == status for entry in self.entries)

    def values(self, status: Status) -> int:
        """Return how many numbers the parameters with this status hold."""
        return sum(e.values for e in self.entries if e.status == status and e.is_parameter)

    @property
    def share_kept(self) -> float:
        """The share of the first document's parameter values that are still there, 0 to 1."""
        if not self.values_before:
            return 1.0
        # A copy keeps nothing that its original does not keep already.
        kept = sum(e.kept for e in self.entries if e.is_parameter and e.status != "copied")
        return min(1.0, kept / self.values_before)

    def __str__(self) -> str:
        kinds: tuple[Status, ...] = (
            "kept",
            "moved",
            "sliced",
            "copied",
            "converted",
            "loaded",
            "new",
            "dropped",
        )
        counts = [f"{self.count(kind)} {kind}" for kind in kinds if self.count(kind)]
        return (
            f"{', '.join(counts) or 'no tensors'};"
            f" {_percent(self.share_kept)} of the trained values kept,"
            f" {self.values('new'):,} new, {self.values('dropped'):,} dropped"
        )


def ledger(before: Document, after: Document) -> Ledger:
    """Compare the weights of two documents of one history, by storage and lineage."""
    old = _tensors(before)
    names: dict[_WeightId, list[str]] = {}
    for name, (tensor, _) in old.items():
        names.setdefault(weight_id(tensor), []).append(name)
    used: set[_WeightId] = set()
    entries = []
    counted: set[_WeightId] = set()
    for name, (tensor, is_parameter) in _tensors(after).items():
        number = weight_id(tensor)
        entry = _entry(name, tensor, is_parameter, names, used)
        if number in counted:  # a tied weight: its values are there once
            entry = Entry(
                *(entry.name, entry.status, entry.shape, entry.before), 0, 0, is_parameter
            )
        counted.add(number)
        entries.append(entry)
    for name, (tensor, is_parameter) in old.items():
        number = weight_id(tensor)
        if number not in used and names[number][0] == name:
            size = tensor.numel()
            entries.append(Entry(name, "dropped", tuple(tensor.shape), name, size, 0, is_parameter))
    total = sum(t.numel() for t, p in _unique(old.values()) if p)
    return Ledger(tuple(entries), total)


def key_map(before: Document, after: Document) -> dict[str, str]:
    """Return name now -> name before, for every tensor whose values are the same ones.

    With it the original checkpoint loads into the edited model, and optimizer state follows its
    parameter. Tensors that were cut or are new are not in it: the ledger has those.
    """
    return {
        entry.name: entry.before
        for entry in ledger(before, after).entries
        if entry.status in ("kept", "moved") and entry.before is not None
    }


def _entry(
    name: str,
    tensor: Tensor,
    is_parameter: bool,
    names: dict[_WeightId, list[str]],
    used: set[_WeightId],
) -> Entry:
    shape, size = tuple(tensor.shape), tensor.numel()
    number = weight_id(tensor)
    if number in names:
        used.add(number)
        known = names[number]
        status: Status = "kept" if name in known else "moved"
        before = name if name in known else known[0]
        return Entry(name, status, shape, before, size, size, is_parameter)
    how: Status = "new"
    kept = size
    step = origin_of(tensor)
    while step is not None:
        kept = min(kept, step.values)
        how = "sliced" if "sliced" in (how, step.how) else step.how
        number = weight_id(step.tensor)
        if number in names:
            if how != "copied":
                used.add(number)
            return Entry(name, how, shape, names[number][0], size, kept, is_parameter)
        step = origin_of(step.tensor)
    return Entry(name, "new", shape, None, size, 0, is_parameter)


def _tensors(document: Document) -> dict[str, tuple[Tensor, bool]]:
    """Return the state dict with the objects themselves, and whether each is a parameter."""
    state = document.root.state_dict(keep_vars=True)
    return {
        name: (tensor, isinstance(tensor, nn.Parameter))
        for name, tensor in state.items()
        if isinstance(tensor, Tensor)
    }


def _unique(tensors: Iterable[tuple[Tensor, bool]]) -> list[tuple[Tensor, bool]]:
    seen: dict[_WeightId, tuple[Tensor, bool]] = {}
    for tensor, is_parameter in tensors:
        seen.setdefault(weight_id(tensor), (tensor, is_parameter))
    return list(seen.values())


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.9995 or share == 1.0 else "over 99.9%"
