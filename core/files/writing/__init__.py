"""Writing files of weights without torch: streamed, in bounded memory, each file whole or not."""

from core.files.writing.atomic import atomic_write
from core.files.writing.output import Meter, Output
from core.files.writing.runs import Bytes, FileBytes
from core.files.writing.weights import Layout, OutgoingTensor, layout_of, write_weights

__all__ = [
    "Bytes",
    "FileBytes",
    "Layout",
    "Meter",
    "OutgoingTensor",
    "Output",
    "atomic_write",
    "layout_of",
    "write_weights",
]
