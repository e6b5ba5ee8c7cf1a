"""Sheets on the user's own blocks: saving one, and the shelf they are on."""

from app.dialogs.blocks.save_block import SaveBlockSheet
from app.dialogs.blocks.shelf import ShelfSheet

__all__ = ["SaveBlockSheet", "ShelfSheet"]
