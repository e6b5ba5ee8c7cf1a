"""The sheet that returns one thing less."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QWidget

import core
from app.dialogs.rewire.edit_sheet import title_of
from app.dialogs.rewire.flow_sheet import FlowSheet
from app.jobs import Jobs
from app.state import State
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.dataflow import Graph
    from core.edits import Edit

ONE_THING = "It returns one thing, which cannot be left out; it would return nothing then."


class RemoveOutputSheet(FlowSheet):
    """Asks which output of the module at ``path`` goes: by its number, or its name in a dict."""

    def __init__(self, state: State, path: str, jobs: Jobs, parent: QWidget | None = None) -> None:
        title = f"Remove an output of {title_of(state.document, path)}"
        super().__init__(title, state, path, jobs, parent)
        self.output = QComboBox()
        self.output.setAccessibleName(self.tr("Output"))
        self.form.addRow(self.tr("&Output"), self.output)
        self.output.currentIndexChanged.connect(self.changed)
        self.read()
        self.output.setFocus()

    def know(self, graph: "Graph") -> None:
        self.output.blockSignals(True)
        for which, text in outputs_of(graph):
            self.output.addItem(text, which)
        self.output.setCurrentIndex(self.output.count() - 1)
        self.output.blockSignals(False)
        self.changed()

    def wanted(self) -> "Callable[[], Edit]":
        path, which = self.path, self.output.currentData()

        def make() -> "Edit":
            self.check_known()
            if which is None:
                raise EditRefused(ONE_THING)
            return core.RemoveOutput(path, which)

        return make


def outputs_of(graph: "Graph") -> list[tuple[int | str, str]]:
    """Return what a forward returns, where it is several things: which, and what to call it."""
    from core.dataflow.graph import Items, refs

    value: Any = graph.output.args[0]
    if not isinstance(value, Items) or (value.kind not in (tuple, list) and not value.keys):
        return []
    found: list[tuple[int | str, str]] = []
    for number, each in enumerate(value.values):
        which = value.keys[number] if value.keys else number
        steps = ", ".join(ref.name for ref in refs(each)) or repr(each)
        found.append((which, f"{which}: {steps}"))
    return found
