"""Sheets that re-wire a module: what comes in and goes out of it, its steps, what it stands on."""

from app.dialogs.rewire.add_input import AddInputSheet
from app.dialogs.rewire.add_output import AddOutputSheet
from app.dialogs.rewire.group import GroupSheet
from app.dialogs.rewire.remove_input import RemoveInputSheet
from app.dialogs.rewire.remove_output import RemoveOutputSheet
from app.dialogs.rewire.steps import RemoveStepSheet, RenameStepSheet
from app.dialogs.rewire.swap_encoder import SwapEncoderSheet
from app.dialogs.rewire.way_form import WayForm
from app.dialogs.rewire.wrap import WrapSheet

__all__ = [
    "AddInputSheet",
    "AddOutputSheet",
    "GroupSheet",
    "RemoveInputSheet",
    "RemoveOutputSheet",
    "RemoveStepSheet",
    "RenameStepSheet",
    "SwapEncoderSheet",
    "WayForm",
    "WrapSheet",
]
