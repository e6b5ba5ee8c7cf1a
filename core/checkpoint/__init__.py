"""Weights in files: matching, loading and proving, saving, converting, comparing."""

from core.checkpoint.amount import Amount, amount_in, amount_of
from core.checkpoint.choices import pair_text
from core.checkpoint.diff import Difference, by_module, diff
from core.checkpoint.doubts import doubts
from core.checkpoint.load import Loaded, load
from core.checkpoint.match import match
from core.checkpoint.plan import Choice, Condition, Plan, Row
from core.checkpoint.save import SaveOptions, save, save_state_dict
from core.checkpoint.state_dict import load_state_dict
from core.files.writing.atomic import atomic_write

__all__ = [
    "Amount",
    "Choice",
    "Condition",
    "Difference",
    "Loaded",
    "Plan",
    "Row",
    "SaveOptions",
    "amount_in",
    "amount_of",
    "atomic_write",
    "by_module",
    "diff",
    "doubts",
    "load",
    "load_state_dict",
    "match",
    "pair_text",
    "save",
    "save_state_dict",
]
