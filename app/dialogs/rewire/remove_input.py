"""The sheet that takes an input away."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

import core
from app.dialogs.rewire.edit_sheet import title_of
from app.dialogs.rewire.flow_sheet import FlowSheet
from app.dialogs.rewire.step_box import StepBox
from app.jobs import Jobs
from app.state import State
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.dataflow import Graph
    from core.edits import Edit


class RemoveInputSheet(FlowSheet):
    """Asks which input of the module at ``path`` goes; the steps that only serve it go too."""

    def __init__(
        self,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        of: str = "",
    ) -> None:
        title = f"Remove an input of {title_of(state.document, path)}"
        super().__init__(title, state, path, jobs, parent)
        self._of = of
        self.input = StepBox(self.tr("Input"))
        self.form.addRow(self.tr("&Input"), self.input)
        self.input.stepped.connect(self.changed)
        self.read()
        self.input.setFocus()

    def know(self, graph: "Graph") -> None:
        inputs = [(each.name, self.told(each)) for each in graph.inputs]
        self.input.offer(inputs, self._of or (inputs[-1][0] if inputs else ""))

    def wanted(self) -> "Callable[[], Edit]":
        path, name = self.path, self.input.step
        alone = self.input.count() == 1

        def make() -> "Edit":
            self.check_known()
            if alone:
                raise EditRefused("It is the only input; without it there is nothing to compute.")
            if not name:
                raise EditRefused("Choose the input that is to go.")
            return core.RemoveInput(path, name)

        return make
