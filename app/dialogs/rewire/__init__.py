"""Sheets that re-wire a module: an input more, an output more, a new class around it."""

from app.dialogs.rewire.add_input import AddInputSheet
from app.dialogs.rewire.add_output import AddOutputSheet
from app.dialogs.rewire.way_form import WayForm
from app.dialogs.rewire.wrap import WrapSheet

__all__ = ["AddInputSheet", "AddOutputSheet", "WayForm", "WrapSheet"]
