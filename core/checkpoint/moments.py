"""An optimizer's moments where their weight was loaded in another size than it was trained in.

What was cut is elementwise: the moment of a value goes where the value goes. What was computed anew
(a mean over channels, a grid that was interpolated) has gradients nobody has seen, and squares of
gradients are not linear: such a parameter begins afresh, its count of steps with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.checkpoint.fitting import fitted
from core.checkpoint.plan import FROM_FILE, Row
from core.document import Document, stacked

Named = list[tuple[str, nn.Parameter]]

#: Moments that torch.optim begins at zero, so that zero is right for a value that is new.
_FROM_ZERO = frozenset(
    {
        "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "square_avg", "grad_avg",
        "momentum_buffer", "acc_delta", "sum", "prev",
    }
)  # fmt: skip
#: Others that have a number for each value of their weight; ASGD's average, Rprop's steps.
_ELEMENTWISE = _FROM_ZERO | {"ax", "step_size"}
_CUT = ("overlap", "channels slice", "reshape")


@dataclass(frozen=True)
class Resized:
    """A parameter whose shape in the file is another than in the model.

    ``how`` is its row's; empty where its values did not come from the file. ``parts`` are the
    matrices stacked in it.
    """

    shape: tuple[int, ...]
    stored_shape: tuple[int, ...]
    how: str
    parts: int = 1


def resized(
    rows: Iterable[Row], document: Document, before: Mapping[str, str] | None
) -> dict[str, Resized]:
    """Return the parameters of another size, by their name in the model that was trained.

    ``before`` is name in the document -> that name, where edits lie between the two.
    """
    found: dict[str, Resized] = {}
    for row in rows:
        if row.name is None or row.shape is None or row.stored_shape in (None, row.shape):
            continue
        name = row.name if before is None else before.get(row.name)
        if name is None or row.stored_shape is None:
            continue
        path, _, last = row.name.rpartition(".")
        how = row.how if row.status in FROM_FILE else ""
        parts = stacked(document.module(path), last)
        found[name] = Resized(row.shape, row.stored_shape, how, parts)
    return found


def as_trained(parameters: Named, resized: Mapping[str, Resized]) -> Named:
    """Return the parameters in the shapes that the file has, which its moments have, too."""

    def then(name: str, parameter: nn.Parameter) -> nn.Parameter:
        if name not in resized:
            return parameter
        values = torch.empty(resized[name].stored_shape, device="meta")
        return nn.Parameter(values, parameter.requires_grad)

    return [(name, then(name, parameter)) for name, parameter in parameters]


def fitting_moments(
    state: Mapping[str, Any], names: Sequence[str], resized: Mapping[str, Resized]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return an optimizer's state with moments in the sizes of the model, and what was done.

    ``names`` are those of its parameters by number. The state that is given is not changed.
    """
    kept = dict(state["state"])
    cut: list[str] = []
    anew: list[str] = []
    for number, name in enumerate(names):
        if name not in resized or number not in kept:
            continue
        found = _fitting(kept[number], resized[name])
        if found is None:
            del kept[number]
            anew.append(name)
        elif found:
            kept[number] = found
            cut.append(name)
    return {**state, "state": kept}, tuple(_told(cut, anew))


def _fitting(entries: Mapping[str, Any], size: Resized) -> dict[str, Any] | None:
    """Return what is kept for one parameter in its new size; ``None`` where it cannot be."""
    grows = any(new > old for new, old in zip(size.shape, size.stored_shape, strict=False))
    known = _FROM_ZERO if grows else _ELEMENTWISE
    found: dict[str, Any] = {}
    for key, value in entries.items():
        if not isinstance(value, Tensor) or (value.dim() == 0 and key not in _ELEMENTWISE):
            found[key] = value  # a count of steps, a rate
        elif size.how in _CUT and key in known and tuple(value.shape) == size.stored_shape:
            found[key] = _cut(value, size)
        else:
            return None
    return found


def _cut(moment: Tensor, size: Resized) -> Tensor:
    if size.how == "reshape":
        return moment.reshape(size.shape)
    return fitted("overlap", moment, torch.zeros(size.shape, dtype=moment.dtype), size.parts)


def _told(cut: Sequence[str], anew: Sequence[str]) -> Iterator[str]:
    if cut:
        yield (
            f"the moments of {_listed(cut)} were cut as the weights were; those of values that"
            " the file has not are zero."
        )
    if anew:
        yield (
            f"the state of {_listed(anew)} was dropped, since the weights are not those it was"
            " kept for, value by value: they begin afresh."
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
