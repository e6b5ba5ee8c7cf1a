"""How tensors travel through the module that is selected, as a picture."""

from app.panels.flow.panel import FlowPanel

__all__ = ["FlowPanel"]
