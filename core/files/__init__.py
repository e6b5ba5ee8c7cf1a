"""What stands in a file of weights, of every format, without running it. No torch, no numpy."""

from core.files.contents import (
    Contents,
    Inert,
    Named,
    Piece,
    Storage,
    StoredTensor,
    WeightSet,
)
from core.files.reading import read_contents
from core.files.sentence import in_a_sentence

__all__ = [
    "Contents",
    "Inert",
    "Named",
    "Piece",
    "Storage",
    "StoredTensor",
    "WeightSet",
    "in_a_sentence",
    "read_contents",
]
