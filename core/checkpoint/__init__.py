"""Saving and loading weights as PyTorch does it."""

from core.checkpoint.atomic import atomic_write
from core.checkpoint.load import load_state_dict, read_state_dict
from core.checkpoint.save import save_state_dict

__all__ = ["atomic_write", "load_state_dict", "read_state_dict", "save_state_dict"]
