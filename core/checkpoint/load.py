"""Loading by value, all or nothing: a new document, proven before it is handed out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from core.checkpoint.fitting import fitted
from core.checkpoint.plan import FROM_FILE, Plan, Row
from core.checkpoint.training import training_of
from core.checkpoint.values import Mapped
from core.checkpoint.weight_norm import normed_in, whole_weight
from core.document import Document, derive, key_map, stacked, weight_id
from core.document.surgery import retensored
from core.errors import Cancelled, CheckpointError
from core.files.contents import locate


@dataclass(frozen=True, eq=False)
class Loaded:
    """What came of a load: the document, and how many of its tensors are from the file.

    ``random`` are the names of those that are not, nor made by the model itself: they keep the
    values they had.
    """

    document: Document
    loaded: int
    tensors: int
    random: tuple[str, ...]

    def __str__(self) -> str:
        left = f" ({', '.join(self.random[:4])}{', ...' if len(self.random) > 4 else ''})"
        return (
            f"{self.loaded} of {self.tensors} loaded, {len(self.random)} still random"
            f"{left if self.random else ''}"
        )


def load(
    plan: Plan,
    *,
    partial: bool = False,
    training: bool = True,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Loaded:
    """Do what a plan says and return the new document; the one of the plan is never touched.

    The bytes are mapped, not read, and taken over without a copy where shape and dtype are the
    document's. What is missing, of another shape or unexpected is refused, unless ``partial``:
    then it keeps its own values, or is passed over. What a training checkpoint has beside its
    weights goes with the document (:attr:`~core.document.Document.training`), unless ``training``
    is false. Raises :class:`~core.errors.CheckpointError`, also where the file is not the one that
    was read any more, and :class:`~core.errors.Cancelled`.
    """
    _refuse(plan, partial)
    plan.contents.check_unchanged()
    rows = [row for row in plan.rows if row.status in FROM_FILE]
    own = plan.document.root.state_dict(keep_vars=True)
    locate(plan.stored(row).storage for row in rows)
    taken = _Taken(plan, own)
    for number, row in enumerate(rows):
        if cancelled is not None and cancelled():
            raise Cancelled("Loading was stopped; nothing was changed.")
        taken.add(row)
        if progress is not None:
            progress(number + 1, len(rows), row.name or "")
    document = plan.document.with_root(retensored(plan.document.root, taken.swaps))
    taken.prove(document)
    if document.source.structure_only and not any(
        each.is_meta for each in document.root.state_dict().values() if isinstance(each, Tensor)
    ):
        document = replace(document, source=replace(document.source, structure_only=False))
    state = training_of(plan.contents, document, plan.trained, plan.rows) if training else None
    if state is not None:
        document = replace(document, training=state)
    unfilled = plan.with_status("missing", "shape differs", "new", "left")
    random = tuple(row.name for row in unfilled if row.name)
    return Loaded(document, len(rows), plan.tensors, random)


def not_loaded(loads: Iterable[Loaded], document: Document) -> frozenset[str]:
    """Return the tensors of a document that none of the loads before it has given values.

    They are followed through the edits since by the key map; what came later is not among them.
    """
    left: frozenset[str] | None = None
    for each in loads:
        then = key_map(each.document, document)
        random = set(each.random)
        found = frozenset(now for now, before in then.items() if before in random)
        left = found if left is None else left & found
    return left or frozenset()


class _Taken:
    """The tensors of a file on their way into a document."""

    def __init__(self, plan: Plan, own: Mapping[str, Tensor]) -> None:
        self._plan, self._own, self._mapped = plan, own, Mapped()
        self.swaps: dict[int, Tensor] = {}
        self._values: dict[str, Tensor] = {}
        self._sources: dict[int, Row] = {}
        self._taken: set[object] = set()

    def add(self, row: Row) -> None:
        """Make the tensor that takes the place of the model's."""
        assert row.name is not None
        old = self._own[row.name]
        first = self._sources.setdefault(id(old), row)
        if first is not row:
            self._check_tie(first, row)
            self._values[row.name] = self._values[first.name or ""]
            return
        found = self._mapped.tensor(self._plan.stored(row))
        values = self._fitted(row, found, old)
        if not old.is_meta:
            values = values.to(old.device)
        if weight_id(values) in self._taken:
            values = values.clone()  # one tensor in the file, two in the model
        self._taken.add(weight_id(values))
        new = nn.Parameter(values, old.requires_grad) if isinstance(old, nn.Parameter) else values
        derive(new, old, "loaded", 0)
        self.swaps[id(old)] = self._values[row.name] = new

    def _fitted(self, row: Row, found: Tensor, old: Tensor) -> Tensor:
        if not row.how:
            return found
        if row.how == "reshape":
            return found.reshape(old.shape).to(old.dtype)
        if row.how == "weight norm":
            return self._whole(row, found).to(old.dtype)
        path, _, name = (row.name or "").rpartition(".")
        parts = stacked(self._plan.document.module(path), name)
        return fitted(row.how, found, old.detach(), parts)

    def _whole(self, row: Row, direction: Tensor) -> Tensor:
        """Return the weight that ``weight_norm`` kept apart; half numbers are counted as whole."""
        tensors = self._plan.weights.tensors
        shapes = {name: each.shape for name, each in tensors.items()}
        (apart,) = (n for n in normed_in(shapes).values() if n.direction == row.stored)
        lengths = self._mapped.tensor(tensors[apart.lengths])
        kind = torch.promote_types(direction.dtype, torch.float32)
        return whole_weight(direction.to(kind), lengths.to(kind))

    def _check_tie(self, first: Row, row: Row) -> None:
        """A tensor with two names here must have one value in the file."""
        if first.stored == row.stored:
            return
        one, other = (self._mapped.tensor(self._plan.stored(each)) for each in (first, row))
        if not _same(one, other):
            raise CheckpointError(
                f"{first.name} and {row.name} are one tensor in the model, but {first.stored} and"
                f" {row.stored} differ in the file. Nothing was loaded; make the two independent"
                " in the model first, or load a file in which they are equal."
            )

    def prove(self, document: Document) -> None:
        """Compare what stands in the new document with the file, name by name."""
        state = document.root.state_dict()
        for row in self._plan.rows:
            if row.status not in FROM_FILE:
                continue
            name = row.name or ""
            there, meant = state[name], self._values[name]
            in_place = there.data_ptr() == meant.data_ptr() and there.shape == meant.shape
            if in_place and not row.how:
                found = self._mapped.tensor(self._plan.stored(row))
                in_place = found.data_ptr() == there.data_ptr() or _same(found, there)
            if not in_place:
                raise CheckpointError(
                    f"{name} does not hold what {row.stored} in the file does. Nothing was loaded;"
                    " this is a fault of Modelwright: please report it with the file's names."
                )


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same bytes; NaN equals itself here."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    first, second = (
        each.detach().cpu().contiguous().reshape(-1).view(torch.uint8) for each in (one, other)
    )
    return torch.equal(first, second)


def _refuse(plan: Plan, partial: bool) -> None:
    if plan.asks:
        asked = plan.asks[0]
        choices = " or ".join(choice.text for choice in asked.choices)
        raise CheckpointError(f"{asked.sentence} ({choices})")
    if plan.fits or partial:
        return
    parts = []
    for status in ("missing", "unexpected", "shape differs"):
        rows = [row for row in plan.rows if row.status == status]
        if rows:
            names = ", ".join(row.name or row.stored or "" for row in rows[:3])
            what = "of another shape" if status == "shape differs" else status
            parts.append(f"{len(rows)} {what} ({names}{', ...' if len(rows) > 3 else ''})")
    hints = "".join(f" {c.sentence}" for c in plan.conditions if c.kind == "layout")
    offers = [c for c in plan.conditions if c.standing == "offers"]
    hints += "".join(
        f" {offer.sentence} Say {' or '.join(choice.text for choice in offer.choices)}."
        for offer in offers[:2]
    )
    if plan.from_file and not hints:
        hints = " What fits can be loaded alone (--partial); the rest stays as it is."
    raise CheckpointError(
        f"The weights do not fit this model: of {plan.tensors} tensors {plan.from_file} come from"
        f" the file; {'; '.join(parts)}. Nothing was loaded.{hints}"
    )
