"""How two sets of weights differ: what came, went and moved, and how far the values went."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import torch
from torch import Tensor

from core.checkpoint.values import Mapped
from core.document import Document
from core.errors import Cancelled, CheckpointError
from core.files import Contents, StoredTensor, in_a_sentence

Kind = Literal["same", "changed", "added", "removed", "renamed", "shape", "dtype"]
_PIECE = 1 << 20  # numbers compared at once: two large files in little memory


@dataclass(frozen=True)
class Difference:
    """One tensor. ``before`` and ``after`` are its names, one of them empty where it came or went.

    ``change`` is the L2 norm of (after - before), ``size`` that of before; both 0 where values
    cannot be compared. ``kind`` ``"dtype"`` and ``"shape"`` say that these differ.
    """

    kind: Kind
    before: str
    after: str
    shape: tuple[int, ...]
    change: float = 0.0
    size: float = 0.0
    note: str = ""

    @property
    def relative(self) -> float:
        """The change as a share of what was there; infinite where that was zero."""
        return self.change / self.size if self.size else (float("inf") if self.change else 0.0)


def diff(
    before: Contents | Document,
    after: Contents | Document,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Difference, ...]:
    """Compare the first set of weights of two files, or of documents, tensor by tensor.

    Tensors are mapped and compared piece by piece. A tensor whose values stand under another name
    is ``renamed``. ``progress`` counts tensors. Raises :class:`~core.errors.CheckpointError`,
    :class:`~core.errors.Cancelled`.
    """
    old, new = _Weights(before), _Weights(after)
    found: list[Difference] = []
    total = len(set(old) | set(new))
    for each in _compared(old, new):
        if cancelled is not None and cancelled():
            raise Cancelled("The comparison was stopped.")
        found.append(each)
        if progress is not None:
            progress(min(len(found), total), total, each.after or each.before)
    return tuple(found)


def by_module(found: tuple[Difference, ...], depth: int | None = None) -> dict[str, Difference]:
    """Add the changes up for each module, to ``depth`` levels: path -> what became of all in it."""
    sums: dict[str, list[Difference]] = {}
    for each in found:
        parts = (each.after or each.before).split(".")[:-1]
        for level in range(len(parts) + 1):
            if depth is None or level <= depth:
                sums.setdefault(".".join(parts[:level]), []).append(each)
    return {
        path: Difference(
            "same" if all(each.kind == "same" for each in inside) else "changed",
            path, path, (),
            sqrt(sum(each.change**2 for each in inside)), sqrt(sum(e.size**2 for e in inside)),
            f"{sum(each.kind != 'same' for each in inside)} of {len(inside)} tensors differ",
        )
        for path, inside in sorted(sums.items())
    }  # fmt: skip


class _Weights:
    """Tensors by name, out of a file or a document; those of a file are mapped when asked for."""

    def __init__(self, source: Contents | Document) -> None:
        self._mapped = Mapped()
        self._held: Mapping[str, Tensor | StoredTensor]
        if isinstance(source, Document):
            self._held = {k: v for k, v in source.state_dict().items() if isinstance(v, Tensor)}
        else:
            if not source.weights:
                raise CheckpointError(
                    f"{source.path} holds no weights of a model. {in_a_sentence(source, ())}."
                )
            self._held = source.weights[0].tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._held[name].shape)

    def dtype(self, name: str) -> str:
        return str(self._held[name].dtype).removeprefix("torch.")

    def tensor(self, name: str) -> Tensor:
        held = self._held[name]
        return held if isinstance(held, Tensor) else self._mapped.tensor(held)


def _compared(old: _Weights, new: _Weights) -> Iterator[Difference]:
    renamed = _renamed(old, new)
    came_from = {now: then for then, now in renamed.items()}
    for name in new:
        if name in came_from:
            yield Difference("renamed", came_from[name], name, new.shape(name))
        elif name not in old:
            yield Difference("added", "", name, new.shape(name), note=new.dtype(name))
        else:
            yield _of_one_name(name, old, new)
    for name in old:
        if name not in new and name not in renamed:
            yield Difference("removed", name, "", old.shape(name), note=old.dtype(name))


def _of_one_name(name: str, old: _Weights, new: _Weights) -> Difference:
    before, after = old.shape(name), new.shape(name)
    if before != after:
        note = f"{'×'.join(map(str, before)) or '1'} -> {'×'.join(map(str, after)) or '1'}"
        return Difference("shape", name, name, after, note=note)
    one, other = old.tensor(name), new.tensor(name)
    if one.is_meta or other.is_meta:
        return Difference("same", name, name, after, note="no values on one side")
    change, size = _norms(one, other)
    if one.dtype != other.dtype:
        note = f"{old.dtype(name)} -> {new.dtype(name)}"
        return Difference("dtype", name, name, after, change, size, note)
    same = not change and _equal(one, other)
    return Difference("same" if same else "changed", name, name, after, change, size)


def _renamed(old: _Weights, new: _Weights) -> dict[str, str]:
    """Return old name -> new name of what has other names and the same values."""
    waiting: dict[tuple[object, ...], list[str]] = {}
    for name in new:
        if name not in old:
            waiting.setdefault((new.shape(name), new.dtype(name)), []).append(name)
    found: dict[str, str] = {}
    for name in old:
        if name in new:
            continue
        candidates = waiting.get((old.shape(name), old.dtype(name)), [])
        # Of several equal ones (fresh biases are zero) that with the same last name comes first.
        last = name.rpartition(".")[2]
        candidates.sort(key=lambda each: each.rpartition(".")[2] != last)
        for candidate in candidates:
            if _equal(old.tensor(name), new.tensor(candidate)):
                found[name] = candidate
                candidates.remove(candidate)
                break
    return found


def _pieces(one: Tensor, other: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    first, second = one.detach().cpu().reshape(-1), other.detach().cpu().reshape(-1)
    for begin in range(0, first.numel(), _PIECE):
        yield first[begin : begin + _PIECE], second[begin : begin + _PIECE]


def _norms(one: Tensor, other: Tensor) -> tuple[float, float]:
    """Return the L2 norms of the change and of what was there, in double precision."""
    change = size = 0.0
    for first, second in _pieces(one, other):
        wide = torch.complex128 if first.is_complex() else torch.float64
        before = first.to(wide)
        change += float((second.to(wide) - before).abs().square().sum())
        size += float(before.abs().square().sum())
    return sqrt(change) if change == change else float("nan"), sqrt(size) if size == size else 0.0


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether all numbers are the same; NaN is the same as NaN."""
    return all(
        torch.equal(first, second)
        or bool(((first == second) | ((first != first) & (second != second))).all())
        for first, second in _pieces(one, other)
    )
