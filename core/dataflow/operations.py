"""The operations that can be placed between layers: ``cat(1)``, ``add``, ``unsqueeze(1)``, ...

Written as a call with the arguments beside the tensors; the tensors come from the edges.
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from core.dataflow.graph import Items, Ref
from core.errors import SpecError, nearest

Arguments = tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]


def fit_to(x: Tensor, like: Tensor) -> Tensor:
    """Pad or crop ``x`` (B, C, H, W), centred, to the height and width of ``like``."""
    dy, dx = like.shape[-2] - x.shape[-2], like.shape[-1] - x.shape[-1]
    # A negative padding crops. The odd row or column goes to the far side, as in the U-Net paper's
    # many re-implementations.
    return F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])


@dataclass(frozen=True)
class Operation:
    """What an operation is called, how many tensors it takes, and what it is in PyTorch.

    ``most`` is ``None`` where any number may come. ``named`` are its further arguments in order;
    the first ``needed`` of them must be given. ``together`` says that the tensors are one list.
    """

    name: str
    function: Callable[..., Any]
    least: int
    most: int | None
    named: tuple[str, ...] = ()
    needed: int = 0
    together: bool = False
    spread: bool = False
    summary: str = ""


def _several(name: str, function: Callable[..., Any], summary: str) -> Operation:
    return Operation(name, function, 1, None, ("dim",), together=True, summary=summary)


def _two(name: str, function: Callable[..., Any], summary: str) -> Operation:
    return Operation(name, function, 2, 2, summary=summary)


def _one(
    name: str, function: Callable[..., Any], summary: str, *named: str, needed: int = 0
) -> Operation:
    spread = name in ("reshape", "permute")
    return Operation(name, function, 1, 1, named, needed, spread=spread, summary=summary)


_SIZES = ("size", "scale_factor", "mode", "align_corners")
_ALL = (
    _several("cat", torch.cat, "Lay tensors side by side"),
    _several("stack", torch.stack, "Lay tensors along a new dimension"),
    _two("add", operator.add, "Sum of two tensors"),
    _two("sub", operator.sub, "Difference of two tensors"),
    _two("mul", operator.mul, "Product, element by element"),
    _two("matmul", torch.matmul, "Matrix product"),
    _two("fit_to", fit_to, "Pad or crop the first to the size of the second, centred"),
    _one("flatten", torch.flatten, "Several dimensions as one", "start_dim", "end_dim"),
    _one("reshape", torch.reshape, "Another shape", "shape", needed=1),
    _one("permute", torch.permute, "Dimensions in another order", "dims", needed=1),
    _one("unsqueeze", torch.unsqueeze, "A new dimension of size 1", "dim", needed=1),
    _one("squeeze", torch.squeeze, "Without a dimension of size 1", "dim"),
    _one("mean", torch.mean, "Mean over dimensions", "dim", "keepdim", needed=1),
    _one("interpolate", F.interpolate, "Another height and width", *_SIZES),
    _one("split", torch.split, "Into parts", "split_size_or_sections", "dim", needed=1),
    _one("softmax", torch.softmax, "Shares that add up to 1", "dim", needed=1),
    _one("sigmoid", torch.sigmoid, "Each number to between 0 and 1"),
    _one("item", operator.getitem, "One of several results", "index", needed=1),
)
OPERATIONS = {each.name: each for each in _ALL}

#: ``cat`` joins channels, as nearly everybody means.
_DEFAULTS = {"cat": {"dim": 1}, "flatten": {"start_dim": 1}}


def is_operation(text: str) -> bool:
    """Say whether a text names an operation rather than a layer: those begin with a capital."""
    name = text.partition("(")[0].strip()
    return name.isidentifier() and name[0].islower()


def read_operation(text: str) -> tuple[Operation, dict[str, Any]]:
    """Read ``cat(1)``, ``mean((2, 3), keepdim=True)``, or the name alone.

    Nothing is evaluated. Raises :class:`~core.errors.SpecError`.
    """
    name = text.partition("(")[0].strip()
    found = OPERATIONS.get(name)
    if found is None:
        raise SpecError(f"There is no operation '{name}'.{nearest(name, OPERATIONS)}")
    try:
        call: Any = ast.parse(text if "(" in text else f"{name}()", mode="eval").body
        args = [ast.literal_eval(each) for each in call.args]
        kwargs = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    except (SyntaxError, ValueError, AttributeError, TypeError, MemoryError, RecursionError):
        raise SpecError(
            f"The arguments of {name} are plain numbers, texts and tuples; '{text}' came."
        ) from None
    if found.spread and len(args) > 1:
        args = [tuple(args)]
    unknown = [key for key in kwargs if key not in found.named]
    if unknown or len(args) > len(found.named):
        takes = ", ".join(found.named) or "no arguments beside its tensors"
        raise SpecError(f"{name} takes {takes}; '{text}' came.")
    given = {**_DEFAULTS.get(name, {}), **dict(zip(found.named, args, strict=False)), **kwargs}
    missing = [each for each in found.named[: found.needed] if each not in given]
    if missing:
        raise SpecError(f"{name} needs {' and '.join(missing)}: write {name}({missing[0]}=...).")
    if name == "interpolate" and not given.keys() & {"size", "scale_factor"}:
        raise SpecError("interpolate needs a size or a scale_factor: interpolate(scale_factor=2).")
    return found, given


def arguments(operation: Operation, given: dict[str, Any], tensors: tuple[Ref, ...]) -> Arguments:
    """Return the arguments of the node; raises SpecError where the number of tensors is wrong."""
    count, most = len(tensors), operation.most
    if count < operation.least or (most is not None and count > most):
        wanted = str(operation.least) if most == operation.least else f"at least {operation.least}"
        raise SpecError(f"{operation.name} takes {wanted} tensor(s); {count} came.")
    first: tuple[Any, ...] = (Items(list, tensors),) if operation.together else tensors
    # What stands in the order of the signature needs no name; behind a gap it does.
    positional: list[Any] = []
    for name in operation.named:
        if name not in given or name in ("keepdim", "size", "scale_factor", "mode"):
            break
        positional.append(_held(given[name]))
    named = tuple((k, _held(given[k])) for k in operation.named[len(positional) :] if k in given)
    return (*first, *positional), named


def _held(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return Items(type(value), tuple(map(_held, value)))
    return value
