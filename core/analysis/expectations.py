"""What the layers of torch expect of their input, in the words people use.

Used twice: to go on after a failure (a layer is run with the input it expects), and to say what was
expected and what came.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Size, Tensor, nn

from core.analysis.descriptions import Description
from core.analysis.rules import tensor

_NORMS = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)
_INTEGERS = (torch.int64, torch.int32)


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that does not fit: ``fc expects 2048 features, gets 512``.

    ``aspect`` names what kind of thing it is: rank, features, channels, groups, window, dtype,
    shape. ``fitting`` describes an input that would do.
    """

    aspect: str
    expected: str
    got: str
    fitting: Description


Check = Callable[[Any, Description], Expectation | None]


def expectation(module: nn.Module, x: Description) -> Expectation | None:
    """Return the first thing about ``x`` that ``module`` does not accept, where it is known."""
    for kind, check in _CHECKS.items():
        if isinstance(module, kind):
            return check(module, x) or _dtype(module, x)
    return None


def _features(x: Description, wanted: int, dimension: int, aspect: str) -> Expectation | None:
    shape = list(x[0])
    if shape[dimension] == wanted:
        return None
    got, shape[dimension] = shape[dimension], wanted
    return Expectation(aspect, f"{wanted} {aspect}", str(got), tensor(tuple(shape), x[2]))


def _linear(module: nn.Linear, x: Description) -> Expectation | None:
    if not x[0]:
        return Expectation("rank", "at least one dimension", "a single number", x)
    if len(x[0]) == 4 and x[0][-1] != module.in_features:
        fitting = tensor((x[0][0], module.in_features), x[2])
        got = f"{x[0][-1]} in {_dimensions(x)}"
        return Expectation("rank", f"{module.in_features} features", got, fitting)
    return _features(x, module.in_features, -1, "features")


def _convolution(module: Any, x: Description) -> Expectation | None:
    spatial = len(module.kernel_size)
    shape = x[0]
    if len(shape) not in (spatial + 1, spatial + 2):
        wanted = "(" + ", ".join(("B", "C", "D", "H", "W")[:2] + ("D", "H", "W")[-spatial:]) + ")"
        fitting = tensor((1, module.in_channels, *[64] * spatial), x[2])
        return Expectation("rank", f"{spatial + 2} dimensions {wanted}", _dimensions(x), fitting)
    found = _features(x, module.in_channels, -spatial - 1, "channels")
    return found or _window(module, x, spatial)


def _window(module: Any, x: Description, spatial: int) -> Expectation | None:
    if isinstance(module, nn.modules.conv._ConvTransposeNd) or isinstance(module.padding, str):
        return None
    needed = [d * (k - 1) + 1 for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    return _room(x, needed, [2 * p for p in module.padding], spatial, "kernel")


def _room(
    x: Description, needed: list[int], padding: list[int], spatial: int, what: str
) -> Expectation | None:
    sizes = list(x[0][-spatial:])
    grown = [max(n, k - p) for n, k, p in zip(sizes, needed, padding, strict=True)]
    if grown == sizes:
        return None
    expected = f"at least {_by(grown)} (its {what} is {_by(needed)})"
    return Expectation("window", expected, _by(sizes), tensor((*x[0][:-spatial], *grown), x[2]))


def _pool(module: Any, x: Description) -> Expectation | None:
    spatial = 1 if type(module).__name__.endswith("1d") else 3
    spatial = 2 if type(module).__name__.endswith("2d") else spatial
    if len(x[0]) not in (spatial + 1, spatial + 2):
        fitting = tensor((1, 1, *[64] * spatial), x[2])
        return Expectation("rank", f"{spatial + 2} dimensions", _dimensions(x), fitting)
    if not hasattr(module, "kernel_size"):
        return None
    kernel = _each(module.kernel_size, spatial)
    dilation = _each(getattr(module, "dilation", 1), spatial)
    padding = [2 * p for p in _each(module.padding, spatial)]
    needed = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    return _room(x, needed, padding, spatial, "window")


def _each(value: Any, count: int) -> list[int]:
    return [int(each) for each in value] if isinstance(value, (tuple, list)) else [value] * count


_RANKS = {"1d": (2, 3), "2d": (4,), "3d": (5,)}


def _norm(module: Any, x: Description) -> Expectation | None:
    shape = x[0]
    ranks = _RANKS.get(type(module).__name__[-2:])
    if len(shape) < 2 or (ranks is not None and len(shape) not in ranks):
        wanted = " or ".join(map(str, ranks or (2,)))
        fitting = tensor((1, module.num_features, *[8] * ((ranks or (2,))[0] - 2)), x[2])
        return Expectation("rank", f"{wanted} dimensions", _dimensions(x), fitting)
    if not module.num_features:
        return None
    return _features(x, module.num_features, 1, "channels")


def _group_norm(module: nn.GroupNorm, x: Description) -> Expectation | None:
    return None if len(x[0]) < 2 else _features(x, module.num_channels, 1, "channels")


def _layer_norm(module: nn.LayerNorm, x: Description) -> Expectation | None:
    over = tuple(module.normalized_shape)
    got = tuple(x[0][-len(over) :])
    if got == over:
        return None
    fitting = tensor((*x[0][: max(0, len(x[0]) - len(over))], *over), x[2])
    if len(over) == 1:
        return Expectation("features", f"{over[0]} features", _by(got), fitting)
    return Expectation("shape", f"the last dimensions {_by(over)}", _by(got), fitting)


def _embedding(_: Any, x: Description) -> Expectation | None:
    if x[2] in _INTEGERS:
        return None
    return Expectation("dtype", "whole numbers (int64)", _name(x[2]), tensor(x[0], torch.int64))


def _recurrent(module: Any, x: Description) -> Expectation | None:
    if len(x[0]) not in (2, 3):
        fitting = tensor((1, 1, module.input_size), x[2])
        return Expectation("rank", "2 or 3 dimensions", _dimensions(x), fitting)
    return _features(x, module.input_size, -1, "features")


def _attention(module: nn.MultiheadAttention, x: Description) -> Expectation | None:
    if len(x[0]) not in (2, 3):
        fitting = tensor((1, 1, module.embed_dim), x[2])
        return Expectation("rank", "2 or 3 dimensions", _dimensions(x), fitting)
    return _features(x, module.embed_dim, -1, "features")


def _dtype(module: nn.Module, x: Description) -> Expectation | None:
    """Return the mismatch between the input's dtype and that of the weights."""
    weight = next((p for p in module._parameters.values() if p is not None), None)
    if (
        weight is None
        or weight.dtype == x[2]
        or isinstance(module, (nn.Embedding, nn.EmbeddingBag))
    ):
        return None
    return Expectation("dtype", _name(weight.dtype), _name(x[2]), tensor(x[0], weight.dtype))


_CHECKS: dict[Any, Check] = {
    nn.Linear: _linear,
    nn.modules.conv._ConvNd: _convolution,
    _NORMS: _norm,
    nn.GroupNorm: _group_norm,
    nn.LayerNorm: _layer_norm,
    (nn.Embedding, nn.EmbeddingBag): _embedding,
    nn.RNNBase: _recurrent,
    nn.MultiheadAttention: _attention,
    (
        nn.modules.pooling._MaxPoolNd, nn.modules.pooling._AvgPoolNd,
        nn.modules.pooling._AdaptiveAvgPoolNd, nn.modules.pooling._AdaptiveMaxPoolNd,
    ): _pool,
}  # fmt: skip


def _by(sizes: Any) -> str:
    return "×".join(map(str, sizes))


def _dimensions(x: Description) -> str:
    return f"{len(x[0])} ({_by(x[0])})" if x[0] else "a single number"


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


_JOINING = frozenset({"cat", "concat", "concatenate"})
_BINARY = frozenset(
    f"{pre}{name}{post}"
    for name in ("add", "sub", "mul", "div", "truediv", "maximum", "minimum", "where")
    for pre, post in (("", ""), ("", "_"), ("__", "__"), ("__i", "__"), ("__r", "__"))
)


def assumed_result(name: str, args: tuple[Any, ...]) -> Tensor | None:
    """Return what a failing operator would likely have given, so that the rest can be shown.

    The first operand for a sum or a product; for ``cat`` the sum along its dimension, with the
    other dimensions of the first.
    """
    if name in _BINARY and args:
        first = next((each for each in args if isinstance(each, Tensor)), None)
        return None if first is None else torch.empty(first.shape, dtype=first.dtype, device="meta")
    if name in _JOINING and args and args[0]:
        dimension = args[1] if len(args) > 1 and isinstance(args[1], int) else 0
        return _joined(list(args[0]), dimension)
    return None


def _joined(tensors: list[Tensor], dimension: int) -> Tensor | None:
    first = tensors[0]
    if not -first.dim() <= dimension < first.dim():
        return None
    shape = list(first.shape)
    alike = [each for each in tensors if each.dim() == first.dim()]
    shape[dimension] = sum(each.shape[dimension] for each in alike)
    return torch.empty(Size(shape), dtype=first.dtype, device="meta")
