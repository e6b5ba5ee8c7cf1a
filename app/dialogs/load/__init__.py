"""The sheet where a file of weights is understood, matched, placed and loaded."""

from app.dialogs.load.sheet import LoadSheet

__all__ = ["LoadSheet"]
