"""Weights in files: matching, loading and proving, saving, converting, comparing."""

from core.checkpoint.atomic import atomic_write
from core.checkpoint.contents import Contents, contents_of, contents_of_file
from core.checkpoint.doubts import doubts
from core.checkpoint.load import Loaded, load
from core.checkpoint.match import match
from core.checkpoint.plan import Choice, Condition, Plan, Row
from core.checkpoint.save import save_state_dict
from core.checkpoint.state_dict import load_state_dict, read_state_dict

__all__ = [
    "Choice",
    "Condition",
    "Contents",
    "Loaded",
    "Plan",
    "Row",
    "atomic_write",
    "contents_of",
    "contents_of_file",
    "doubts",
    "load",
    "load_state_dict",
    "match",
    "read_state_dict",
    "save_state_dict",
]
