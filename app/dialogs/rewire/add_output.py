"""The sheet that returns one tensor more."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit, QWidget

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


class AddOutputSheet(FlowSheet):
    """Asks which tensor of the module at ``path`` is to be returned too."""

    def __init__(
        self,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        of: str = "",
    ) -> None:
        title = f"Add an output to {title_of(state.document, path)}"
        super().__init__(title, state, path, jobs, parent)
        self._of = of
        self.tensor = StepBox(self.tr("Tensor"))
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("only where outputs have names; else after its step"))
        self.form.addRow(self.tr("Tens&or"), self.tensor)
        self.form.addRow(self.tr("&Name"), self.name)
        self.tensor.stepped.connect(self.changed)
        self.name.textChanged.connect(self.changed)
        self.read()
        self.tensor.setFocus()

    def know(self, graph: "Graph") -> None:
        assert self.flow is not None
        steps: list[tuple[str, str]] = []
        for node in graph.nodes:
            if node.kind == "output":
                continue
            steps.append((node.name, self.told(node)))
            value = self.flow.tensors.get(node.name)
            if value is not None and value.kind in ("list", "tuple"):
                for number, item in enumerate(value.items):
                    part = f"{node.name}[{number}]"
                    steps.append((part, f"{part}, {item}"))
        calls = graph.calls_of(self._of) if self._of else ()
        known = self._of if self._of in graph.by_name else steps[-1][0]
        self.tensor.offer(steps, calls[-1].name if calls else known)

    def wanted(self) -> "Callable[[], Edit]":
        path, tensor, name = self.path, self.tensor.step, self.name.text().strip()

        def make() -> "Edit":
            self.check_known()
            if not tensor:
                raise EditRefused("Choose the tensor that is to be returned too.")
            return core.AddOutput(path, tensor, name or None)

        return make
