"""What a user can do: one small frozen class each; and History."""

from core.edits.arguments import SetArguments, carry_over
from core.edits.base import Edit
from core.edits.containers import is_container, is_positional
from core.edits.encoders import SwapEncoder
from core.edits.grouping import Group, Ungroup
from core.edits.history import History, Proposal, Step
from core.edits.lists import RouteByKey, RunInOrder
from core.edits.ports import AddInput, AddOutput, RemoveInput, RemoveOutput
from core.edits.rewiring import (
    AddNode,
    Bypass,
    Connect,
    Disconnect,
    InsertOnEdge,
    OutOfPlace,
    RemoveNode,
    RenameNode,
    Reroute,
)
from core.edits.structure import (
    Duplicate,
    Insert,
    Move,
    Remove,
    Rename,
    Replace,
    Unwrap,
    Wrap,
)
from core.edits.text import parse_edit, parse_value
from core.edits.together import AnyEdit, SetInputs, Together
from core.edits.training import Freeze, Reinitialise, Unfreeze

__all__ = [
    "AddInput",
    "AddNode",
    "AddOutput",
    "AnyEdit",
    "Bypass",
    "Connect",
    "Disconnect",
    "Duplicate",
    "Edit",
    "Freeze",
    "Group",
    "History",
    "Insert",
    "InsertOnEdge",
    "Move",
    "OutOfPlace",
    "Proposal",
    "Reinitialise",
    "Remove",
    "RemoveInput",
    "RemoveNode",
    "RemoveOutput",
    "Rename",
    "RenameNode",
    "Replace",
    "Reroute",
    "RouteByKey",
    "RunInOrder",
    "SetArguments",
    "SetInputs",
    "Step",
    "SwapEncoder",
    "Together",
    "Unfreeze",
    "Ungroup",
    "Unwrap",
    "Wrap",
    "carry_over",
    "is_container",
    "is_positional",
    "parse_edit",
    "parse_value",
]
