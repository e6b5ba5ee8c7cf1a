"""The sheets on single steps: one that takes a step out, one that calls it otherwise."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

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


class StepSheet(FlowSheet):
    """Asks about one step of the module at ``path``; ``of`` is the one that is offered."""

    def __init__(
        self,
        title: str,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        of: str = "",
    ) -> None:
        super().__init__(title.format(title_of(state.document, path)), state, path, jobs, parent)
        self._of = of
        self.step = StepBox(self.tr("Step"))
        self.form.addRow(self.tr("&Step"), self.step)
        self.step.stepped.connect(self.changed)

    def know(self, graph: "Graph") -> None:
        steps = [(n.name, self.told(n)) for n in graph.nodes if n.kind not in ("input", "output")]
        calls = graph.calls_of(self._of) if self._of else ()
        self.step.offer(steps, calls[0].name if calls else self._of)


class RemoveStepSheet(StepSheet):
    """Asks which step goes: what read it then reads what it read."""

    def __init__(
        self,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        of: str = "",
    ) -> None:
        super().__init__("Remove a step of {}", state, path, jobs, parent, of=of)
        self.keep = QCheckBox(self.tr("&Keep its module with its weights, and lead past it"))
        self.form.addRow("", self.keep)
        self.keep.toggled.connect(self.changed)
        self.read()
        self.step.setFocus()

    def wanted(self) -> "Callable[[], Edit]":
        path, step = self.path, self.step.step
        kind = core.Bypass if self.keep.isChecked() else core.RemoveNode

        def make() -> "Edit":
            self.check_known()
            if not step:
                raise EditRefused("Choose the step that is to go.")
            return kind(path, step)

        return make


class RenameStepSheet(StepSheet):
    """Asks what a step is to be called in the code that is written of the forward."""

    def __init__(
        self,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        of: str = "",
    ) -> None:
        super().__init__("Rename a step of {}", state, path, jobs, parent, of=of)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("letters, digits and _, such as features_1"))
        self.form.addRow(self.tr("&Name"), self.name)
        self.name.textChanged.connect(self.changed)
        self.step.stepped.connect(self._begin_name)
        self.read()
        self.name.setFocus()

    def _begin_name(self) -> None:
        """Begin with the name it has, all of it selected, to be typed over."""
        self.name.setText(self.step.step)
        self.name.selectAll()

    def wanted(self) -> "Callable[[], Edit]":
        path, step, name = self.path, self.step.step, self.name.text().strip()

        def make() -> "Edit":
            self.check_known()
            if not name or name == step:
                raise EditRefused(f"{step} is called so already; type another name for it.")
            return core.RenameNode(path, step, name)

        return make
