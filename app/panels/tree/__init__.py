"""The module tree: rows that people drag, and what stands above them."""

from app.panels.tree.panel import TreePanel
from app.spots import Spot

__all__ = ["Spot", "TreePanel"]
