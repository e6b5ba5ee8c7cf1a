"""What a block may be asked for by a word: its normalisation, its activation; and sizes checked."""

import inspect
from typing import Literal, get_args

from torch import nn

Norm = Literal["batch", "instance", "group", "none"]
Activation = Literal[
    "ReLU", "LeakyReLU", "ELU", "SELU", "SiLU", "GELU", "Mish", "Hardswish", "ReLU6", "Tanh",
    "Identity",
]  # fmt: skip
_MOST_GROUPS = 32  # Wu and He, Group Normalization (2018)


def normalisation(norm: str, channels: int) -> nn.Module:
    """Return the layer that normalises ``channels`` channels; an ``Identity`` for ``"none"``.

    A place is kept where nothing stands, so that the layers behind it keep their names.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    if norm == "group":
        groups = next(n for n in range(_MOST_GROUPS, 0, -1) if channels % n == 0)
        return nn.GroupNorm(groups, channels)
    if norm == "none":
        return nn.Identity()
    raise ValueError(f"norm is one of {', '.join(get_args(Norm))}; '{norm}' came.")


def activation_layer(activation: str) -> nn.Module:
    """Return the activation called so in ``torch.nn``, writing over its input where it can."""
    if activation not in get_args(Activation):
        raise ValueError(
            f"activation is one of {', '.join(get_args(Activation))}; '{activation}' came."
        )
    cls = getattr(nn, activation)
    layer: nn.Module = (
        cls(inplace=True) if "inplace" in inspect.signature(cls).parameters else cls()
    )
    return layer


def at_least_one(**sizes: int) -> None:
    """Raise ValueError, naming the first of the sizes that is below 1."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is 1 or more; {size} came.")
