"""Which weight is which: identity by storage, and where a changed weight came from.

Freezing makes a new ``Parameter`` over the same storage, so the storage tells weights apart, not
the Python object. A weight that an edit cut, padded or copied from another one has a new storage;
it remembers its origin here for as long as it lives.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.parameter import is_lazy

from core.document.identity import IdentityCache

How = Literal["sliced", "copied", "converted", "loaded"]


@dataclass(frozen=True)
class Origin:
    """``values`` numbers of the weight were taken from ``tensor``; ``how`` they were."""

    tensor: Tensor
    how: How
    values: int


_origins: IdentityCache[Origin] = IdentityCache()


def weight_id(tensor: Tensor) -> tuple[int, int, tuple[int, ...]]:
    """Return what identifies a weight while it lives: storage, offset and shape.

    Tensors on the meta device have storages too, each its own, without bytes.
    """
    if is_lazy(tensor):
        return id(tensor), 0, ()
    return tensor.untyped_storage()._cdata, int(tensor.storage_offset()), tuple(tensor.shape)


def derive(tensor: Tensor, origin: Tensor, how: How, values: int) -> None:
    """Remember that ``tensor`` was made from ``origin``."""
    _origins.set(tensor, Origin(origin, how, values))


def origin_of(tensor: Tensor) -> Origin | None:
    """Return what ``tensor`` was made from, or ``None`` where it is an original."""
    return _origins.get(tensor)


def is_loaded(tensor: Tensor) -> bool:
    """Say whether values of ``tensor`` came from a file, then or before it was cut or copied."""
    step = _origins.get(tensor)
    while step is not None:
        if step.how == "loaded":
            return True
        step = _origins.get(step.tensor)
    return False


def hand_on(tensor: Tensor, successor: Tensor) -> None:
    """Give ``successor``, another object over the same storage, the origin of ``tensor``."""
    origin = _origins.get(tensor)
    if origin is not None:
        _origins.set(successor, origin)
