"""The inspector: arguments, shapes, weights and documentation of what is selected."""

from app.panels.inspector.panel import InspectorPanel

__all__ = ["InspectorPanel"]
