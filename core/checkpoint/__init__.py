"""Weights in files: matching, loading and proving, saving, converting, comparing."""

from core.checkpoint.amount import Amount, amount_in, amount_of
from core.checkpoint.choices import pair_text
from core.checkpoint.diff import Difference, by_module, diff
from core.checkpoint.doubts import doubts
from core.checkpoint.expected import Expected, expected
from core.checkpoint.load import Loaded, load, not_loaded
from core.checkpoint.match import match
from core.checkpoint.plan import Choice, Condition, Plan, Row
from core.checkpoint.save import SaveOptions, save, save_state_dict
from core.checkpoint.state_dict import load_state_dict
from core.checkpoint.values import tensor_of
from core.files.writing.atomic import atomic_write

__all__ = [
    "Amount",
    "Choice",
    "Condition",
    "Difference",
    "Expected",
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
    "expected",
    "load",
    "load_state_dict",
    "match",
    "not_loaded",
    "pair_text",
    "save",
    "save_state_dict",
    "tensor_of",
]
