"""Saving and loading weights as PyTorch does it."""

from core.checkpoint.atomic import atomic_write
from core.checkpoint.contents import Contents, contents_of, contents_of_file
from core.checkpoint.save import save_state_dict
from core.checkpoint.state_dict import load_state_dict, read_state_dict

__all__ = [
    "Contents",
    "atomic_write",
    "contents_of",
    "contents_of_file",
    "load_state_dict",
    "read_state_dict",
    "save_state_dict",
]
