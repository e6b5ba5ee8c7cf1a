"""The window that looks into a file of weights, lazily: nothing is read before it is looked at."""

from app.explorer.window import ExplorerWindow

__all__ = ["ExplorerWindow"]
