"""The sheet that returns one tensor more."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit, QWidget

import core
from app.dialogs.rewire.edit_sheet import EditSheet, title_of
from app.dialogs.rewire.step_box import StepBox
from app.jobs import Jobs
from app.state import State
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.analysis import Flow
    from core.edits import Edit


class AddOutputSheet(EditSheet):
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
        super().__init__(title, state, jobs, parent)
        self.path, self._of = path, of
        self.flow: Flow | None = None
        self.tensor = StepBox(self.tr("Tensor"))
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("only where outputs have names; else after its step"))
        self.form.addRow(self.tr("Tens&or"), self.tensor)
        self.form.addRow(self.tr("&Name"), self.name)
        self.tensor.stepped.connect(self.changed)
        self.name.textChanged.connect(self.changed)
        report = self.report
        self._jobs.start(
            lambda _: core.flow(report, path, picture=False), self._know, self.refuse, wait=0.02
        )
        self.tensor.setFocus()

    def _know(self, flow: "Flow") -> None:
        """Offer the tensors, once they are known."""
        self.flow = flow
        if flow.graph is None:
            self.refuse(EditRefused(flow.reason))
            return
        steps: list[tuple[str, str]] = []
        for node in flow.graph.nodes:
            if node.kind == "output":
                continue
            value = flow.tensors.get(node.name)
            told = f", {value}" if value is not None and value.tensors() else ""
            title = "" if node.title == node.name else f" ({node.title})"
            steps.append((node.name, f"{node.name}{title}{told}"))
            if value is not None and value.kind in ("list", "tuple"):
                for number, item in enumerate(value.items):
                    part = f"{node.name}[{number}]"
                    steps.append((part, f"{part}, {item}"))
        calls = flow.graph.calls_of(self._of) if self._of else ()
        known = self._of if self._of in flow.graph.by_name else steps[-1][0]
        self.tensor.offer(steps, calls[-1].name if calls else known)

    def wanted(self) -> "Callable[[], Edit]":
        path, tensor, name = self.path, self.tensor.step, self.name.text().strip()
        flow = self.flow

        def make() -> "Edit":
            if flow is not None and flow.graph is None:
                raise EditRefused(flow.reason)
            if not tensor:
                raise EditRefused("Choose the tensor that is to be returned too.")
            return core.AddOutput(path, tensor, name or None)

        return make
