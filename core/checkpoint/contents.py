"""How much a state dict is, before it is written, and in a file, without reading its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

from torch import Tensor
from torch.nn.parameter import is_lazy

from core.checkpoint.state_dict import read_state_dict
from core.document import Document, weight_id
from core.errors import CheckpointError


@dataclass(frozen=True)
class Contents:
    """The number of tensors, by name, and their bytes; what is tied is written once."""

    tensors: int
    bytes: int


def contents_of(weights: Document | Mapping[str, Tensor]) -> Contents:
    """Return how much would be written."""
    state = weights.state_dict() if isinstance(weights, Document) else weights
    tensors = [each for each in state.values() if isinstance(each, Tensor)]
    sized = {weight_id(each): each for each in tensors if not is_lazy(each)}
    return Contents(len(tensors), sum(t.numel() * t.element_size() for t in sized.values()))


def contents_of_file(path: str | Path) -> Contents | None:
    """Return how much stands in a file; ``None`` where that is not to be seen at a glance.

    A file that torch writes today is mapped, not read: this takes milliseconds, whatever its size.
    """
    try:
        return contents_of(read_state_dict(path)) if is_zipfile(path) else None
    except (CheckpointError, OSError):
        return None
