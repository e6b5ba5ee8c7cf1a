"""Shape rules for the commonest layers and operators; anything unusual is left to torch.

A convolution's shape rule in torch's meta backend costs more than the convolution of a small
picture, so the commonest layers have one here, and a property test holds each against torch. A rule
answers only what it is sure of (plain contiguous input, dtypes and channels that fit) and returns
``None`` otherwise: errors are always raised by torch itself.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Size, nn

from core.analysis.descriptions import Description, Kind
from core.analysis.operators import Operator, remembered

#: The output's description (or ``SAME`` for the very input), and the function with its arguments
#: (tensors by their description) where it multiplies matrices.
Answer = tuple[Description, tuple[Any, ...] | None]
SAME: Description = (Kind.SAME, 0)

_NO_KEYWORDS: Description = (Kind.NODE, dict, (), ())
_FLOATS = frozenset({torch.float32, torch.float16, torch.bfloat16, torch.float64})


@lru_cache(maxsize=4096)
def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of a plain contiguous tensor."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size if size > 1 else 1
    return tuple(reversed(strides))


def plain(x: Description) -> bool:
    """Say whether ``x`` is contiguous, floating, and has no dimension of zero."""
    shape, stride, dtype = x
    return dtype in _FLOATS and stride == contiguous(shape) and 0 not in shape


def tensor(shape: tuple[int, ...], dtype: torch.dtype) -> Description:
    """Return the description of a contiguous tensor."""
    return (Size(shape), contiguous(shape), dtype)


def operator_of(cost: tuple[Any, ...]) -> Operator:
    """Return the operator that a rule named: the same one that running the layer would have met."""
    function, output, arguments = cost
    parts = tuple([_part(each) for each in arguments])
    described = (Kind.NODE, tuple, None, ((Kind.NODE, tuple, None, parts), _NO_KEYWORDS))
    return remembered(function, described, output)


def _part(value: Any) -> Description:
    if type(value) is not tuple:
        return (Kind.PLAIN, value)
    if type(value[0]) is Size:
        return value
    return (Kind.NODE, tuple, None, tuple([(Kind.PLAIN, each) for each in value]))


def _weight(value: Any) -> Description | None:
    return None if value is None else (value.shape, value.stride(), value.dtype)


def _own(module: Any) -> tuple[Any, Any]:
    """Return weight and bias, past ``Module.__getattr__``; a replaced weight is left to torch."""
    tensors = module._parameters
    return tensors.get("weight"), tensors.get("bias")


def _fits(dtype: torch.dtype, size: int, *vectors: Any) -> bool:
    return all(v is None or (v.dtype == dtype and v.shape == (size,)) for v in vectors)


def linear(module: Any, x: Description) -> Answer | None:
    """``nn.Linear``: the last dimension becomes ``out_features``."""
    shape, _, dtype = x
    weight, bias = _own(module)
    if (
        weight is None
        or not shape
        or weight.dim() != 2
        or weight.shape[1] != shape[-1]
        or weight.dtype != dtype
    ):
        return None
    if not _fits(dtype, weight.shape[0], bias):
        return None
    output = tensor((*shape[:-1], weight.shape[0]), dtype)
    return output, (F.linear, output, (x, _weight(weight), _weight(bias)))


_CONVOLUTIONS: dict[type, tuple[int, Any]] = {
    nn.Conv1d: (1, F.conv1d),
    nn.Conv2d: (2, F.conv2d),
    nn.Conv3d: (3, F.conv3d),
}


def convolution(module: Any, x: Description) -> Answer | None:
    """``nn.Conv1d/2d/3d`` with zero padding given in numbers."""
    spatial, function = _CONVOLUTIONS[type(module)]
    shape, _, dtype = x
    weight, bias = _own(module)
    if (
        weight is None
        or len(shape) != spatial + 2
        or module.padding_mode != "zeros"
        or type(module.padding) is str
    ):
        return None
    described = (kernel, strides, of) = (weight.shape, weight.stride(), weight.dtype)
    if of != dtype or len(kernel) != spatial + 2 or kernel[1] * module.groups != shape[1]:
        return None
    if strides != contiguous(kernel) or 0 in kernel or not _fits(dtype, kernel[0], bias):
        return None
    sizes = _windows(shape[2:], kernel[2:], module.stride, module.padding, module.dilation)
    if sizes is None:
        return None
    output = tensor((shape[0], kernel[0], *sizes), dtype)
    numbers = (module.stride, module.padding, module.dilation, module.groups)
    return output, (function, output, (x, described, _weight(bias), *numbers))


def _windows(
    sizes: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    *,
    up: bool = False,
) -> list[int] | None:
    """Return floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 of each.

    The formula of torch.nn.Conv2d's documentation; ``None`` where no window fits. A pool may round
    ``up``, but its last window has to start inside the picture or its left padding.
    """
    found = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        if room < 0 or s < 1:
            return None
        count = (room + s - 1 if up else room) // s + 1
        found.append(count - 1 if up and (count - 1) * s >= n + p else count)
    return found


_NORMED = {nn.BatchNorm1d: (2, 3), nn.BatchNorm2d: (4,), nn.BatchNorm3d: (5,)}


def batch_norm(module: Any, x: Description) -> Answer | None:
    """``nn.BatchNorm1d/2d/3d`` in eval mode: the shape stays."""
    shape, _, dtype = x
    if len(shape) not in _NORMED[type(module)] or module.training or module.running_mean is None:
        return None
    vectors = (module.weight, module.bias, module.running_mean, module.running_var)
    if not _fits(dtype, shape[1], *vectors):
        return None
    return x, None


def layer_norm(module: Any, x: Description) -> Answer | None:
    """``nn.LayerNorm`` over the last dimensions."""
    shape, _, dtype = x
    over = tuple(module.normalized_shape)
    if not over or tuple(shape[-len(over) :]) != over:
        return None
    for each in (module.weight, module.bias):
        if each is not None and (each.dtype != dtype or tuple(each.shape) != over):
            return None
    return x, None


def activation(module: Any, x: Description) -> Answer | None:
    """Functions of each number: a tensor like the input, or the input itself where in place."""
    return (SAME if getattr(module, "inplace", False) else x), None


def dropout(module: Any, _: Description) -> Answer | None:
    """``nn.Dropout`` in eval mode hands on its input."""
    return None if module.training else (SAME, None)


def _pair(value: Any) -> tuple[int, int] | None:
    if type(value) is int:
        return (value, value)
    if type(value) is tuple and len(value) == 2 and all(type(each) is int for each in value):
        return value
    return None


def pool(module: Any, x: Description) -> Answer | None:
    """``nn.MaxPool2d`` and ``nn.AvgPool2d`` over ``(B, C, H, W)``."""
    shape, _, dtype = x
    kernel, stride, padding = map(_pair, (module.kernel_size, module.stride, module.padding))
    dilation = _pair(getattr(module, "dilation", 1))
    if len(shape) != 4 or getattr(module, "return_indices", False):
        return None
    if kernel is None or stride is None or padding is None or dilation is None:
        return None
    if min(kernel) < 1 or min(dilation) < 1 or min(padding) < 0:
        return None
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        return None
    sizes = _windows(shape[2:], kernel, stride, padding, dilation, up=module.ceil_mode)
    return None if sizes is None else (tensor((*shape[:2], *sizes), dtype), None)


def adaptive_pool(module: Any, x: Description) -> Answer | None:
    """``nn.AdaptiveAvgPool2d`` over ``(B, C, H, W)`` to a given size."""
    size = _pair(module.output_size)
    if len(x[0]) != 4 or size is None or min(size) < 1:
        return None
    return tensor((*x[0][:2], *size), x[2]), None


_ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Hardswish, nn.Hardsigmoid,
    nn.LeakyReLU, nn.ELU, nn.Mish, nn.Softplus,
)  # fmt: skip

#: Rules for layers of exactly these classes.
RULES: dict[type, Callable[[Any, Description], Answer | None]] = {
    nn.Linear: linear,
    nn.LayerNorm: layer_norm,
    nn.MaxPool2d: pool,
    nn.AvgPool2d: pool,
    nn.AdaptiveAvgPool2d: adaptive_pool,
    **dict.fromkeys(_CONVOLUTIONS, convolution),
    **dict.fromkeys(_NORMED, batch_norm),
    **dict.fromkeys(_ACTIVATIONS, activation),
    nn.Dropout: dropout,
}


def by_rule(module: nn.Module, x: Description) -> Answer | None:
    """Return what ``module`` makes of one tensor ``x``, where a rule is sure of it."""
    kind = type(module)
    if kind is nn.Identity:
        return SAME, None
    rule = RULES.get(kind)
    if rule is None or not plain(x):
        return None
    return rule(module, x)
