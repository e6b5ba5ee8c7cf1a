"""The sheet that saves a checkpoint: what, how, where, and what will stand there."""

from app.dialogs.save.sheet import SaveSheet

__all__ = ["SaveSheet"]
