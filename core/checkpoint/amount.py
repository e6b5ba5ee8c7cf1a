"""How much weights are: before they are written, and in a file, without reading their numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from torch.nn.parameter import is_lazy

from core.document import Document, weight_id
from core.errors import CheckpointError
from core.files import read_contents


@dataclass(frozen=True)
class Amount:
    """The number of tensors, by name, and their bytes; what is tied is written once."""

    tensors: int
    bytes: int


def amount_of(weights: Document | Mapping[str, Tensor]) -> Amount:
    """Return how much would be written."""
    state = weights.state_dict() if isinstance(weights, Document) else weights
    tensors = [each for each in state.values() if isinstance(each, Tensor)]
    sized = {weight_id(each): each for each in tensors if not is_lazy(each)}
    return Amount(len(tensors), sum(t.numel() * t.element_size() for t in sized.values()))


def amount_in(path: str | Path) -> Amount | None:
    """Return how much stands in a file of weights, of any format; ``None`` where it is none."""
    try:
        contents = read_contents(path)
    except CheckpointError:
        return None
    return Amount(len(contents.tensors), contents.bytes)
