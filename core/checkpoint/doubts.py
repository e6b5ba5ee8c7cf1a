"""What PyTorch loads and says that all keys matched: weights that are NaN, tensors exchanged.

Of the latter there are three signs, none of them proof, so that they warn and change nothing:
numbers that a tensor of that name cannot hold, an order in the file that is the model's but for
two, and values that resemble what the model has under the other's name.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from core.checkpoint.plan import FROM_FILE, Condition, Plan, Row
from core.checkpoint.values import Mapped
from core.errors import CheckpointError

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)
_SAMPLE = 4096  # numbers of each weight that are compared
_ALIKE, _UNLIKE = 0.5, 0.2  # cosines
_MOST = 64  # tensors of one shape that are compared with each other


def doubts(plan: Plan) -> tuple[Condition, ...]:
    """Return a warning for what is NaN, and for each pair that looks exchanged; reads samples.

    Raises :class:`~core.errors.CheckpointError` where the file cannot be read.
    """
    rows = [row for row in plan.rows if row.status in ("loaded", "renamed", "converted")]
    spoilt = tuple(_spoilt(plan))
    rows = [row for row in rows if row.how in ("", "dtype")]
    seen = _Seen(plan)
    found: dict[frozenset[str], str] = {}
    for one, other, why in (
        *_impossible(plan, rows, seen),
        *_out_of_order(plan, rows),
        *_alike(plan, rows, seen),
    ):
        found.setdefault(frozenset((one, other)), f"{one} and {other} look exchanged: {why}.")
    return *spoilt, *(Condition("exchanged", text, "warns") for text in found.values())


def _spoilt(plan: Plan) -> Iterator[Condition]:
    """Warn of weights that are no numbers; only how each begins is read, for files may be large."""
    mapped = Mapped()
    rows = [row for row in plan.rows if row.status in FROM_FILE]
    names = [row.name or "" for row in rows if _not_finite(mapped.tensor(plan.stored(row)))]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        what = "One tensor holds" if len(names) == 1 else f"{len(names)} tensors hold"
        text = (
            f"{what} NaN or infinity, as when training has diverged: {', '.join(names[:3])}{more}."
            " Look at them in the explorer, and take an earlier checkpoint."
        )
        yield Condition("not finite", text, "warns")


def _not_finite(tensor: Tensor) -> bool:
    if not tensor.is_floating_point() and not tensor.is_complex():
        return False
    begin = tensor[:1] if tensor.dim() else tensor  # of a view, too, without a copy of all of it
    begin = begin.reshape(-1)[:_SAMPLE]
    return not bool(torch.isfinite(begin if begin.is_complex() else begin.double()).all())


class _Seen:
    """Samples of tensors of the file and of the document, as float32."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._mapped = plan, Mapped()
        self._own = plan.document.root.state_dict()

    def stored(self, row: Row) -> Tensor:
        return _sample(self._mapped.tensor(self._plan.stored(row)))

    def own(self, row: Row) -> Tensor:
        return _sample(self._own[row.name or ""])


def _sample(tensor: Tensor) -> Tensor:
    flat = tensor.detach().reshape(-1)
    step = max(1, flat.numel() // _SAMPLE)
    return flat[::step][:_SAMPLE].float()


def _impossible(plan: Plan, rows: list[Row], seen: _Seen) -> Iterator[tuple[str, str, str]]:
    """Normalisations: a variance is never negative, a fresh scale is near 1 and a shift near 0."""
    by_name = {row.name: row for row in rows}
    for path, module in plan.document.modules():
        if not isinstance(module, _NORMS):
            continue
        names = {n: f"{path}.{n}" if path else n for n in ("weight", "bias", "running_var")}
        there = {n: seen.stored(by_name[full]) for n, full in names.items() if full in by_name}
        variance = there.get("running_var")
        if variance is not None and bool((variance < 0).any()):
            mean = f"{path}.running_mean" if path else "running_mean"
            yield mean, names["running_var"], "a variance is never negative"
        scale, shift = there.get("weight"), there.get("bias")
        if scale is None or shift is None or not scale.numel():
            continue
        if abs(float(scale.mean())) < 0.1 and float(shift.mean()) > 0.5:
            why = "the scale is near 0 and the shift near 1, where it is the other way round"
            yield names["weight"], names["bias"], why


def _out_of_order(plan: Plan, rows: list[Row]) -> Iterator[tuple[str, str, str]]:
    """In the file two stand in each other's place, while all else is in the model's order."""
    place = {name: number for number, name in enumerate(plan.weights.tensors)}
    now = [place[row.stored or ""] for row in rows]
    wanted = sorted(now)
    strays = [number for number, at in enumerate(now) if at != wanted[number]]
    if not strays or len(strays) > 8:
        return  # sorted by name or by size: the order means nothing
    where = {now[number]: number for number in strays}
    for number in strays:
        other = where[wanted[number]]
        if number < other and now[other] == wanted[number] and now[number] == wanted[other]:
            one, two = rows[number], rows[other]
            if one.stored_shape == two.stored_shape:
                yield one.name or "", two.name or "", "they stand in each other's place in the file"


def _alike(plan: Plan, rows: list[Row], seen: _Seen) -> Iterator[tuple[str, str, str]]:
    """Each resembles what the model has under the other's name, and not under its own."""
    groups: dict[tuple[int, ...], list[Row]] = {}
    own = plan.document.root.state_dict()
    for row in rows:
        shape = row.shape or ()
        if len(shape) > 1 and row.dtype.startswith(("float", "bfloat")):
            if own[row.name or ""].is_meta:
                return
            groups.setdefault(shape, []).append(row)
    for group in groups.values():
        if 1 < len(group) <= _MOST:
            yield from _crosswise(group, seen)


def _crosswise(group: list[Row], seen: _Seen) -> Iterator[tuple[str, str, str]]:
    try:
        there = torch.stack([seen.stored(row) for row in group])
    except CheckpointError:
        return
    here = torch.stack([seen.own(row) for row in group])
    cosines = nn.functional.normalize(there) @ nn.functional.normalize(here).T
    for one in range(len(group)):
        for two in range(one + 1, len(group)):
            crossed = min(float(cosines[one, two]), float(cosines[two, one]))
            straight = max(float(cosines[one, one]), float(cosines[two, two]))
            if crossed > _ALIKE and straight < _UNLIKE:
                why = f"each resembles what the model has under the other's name ({crossed:.0%})"
                yield group[one].name or "", group[two].name or "", why
