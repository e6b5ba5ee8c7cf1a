"""What the sheets on one forward have in common: its graph, read behind the window."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

import core
from app.dialogs.rewire.edit_sheet import EditSheet
from app.jobs import Jobs
from app.state import State
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.analysis import Flow
    from core.dataflow import Graph, Node


class FlowSheet(EditSheet):
    """Asks about the forward of the module at ``path``.

    :meth:`know` is called once its graph is read; where it cannot be, the sheet says why.
    """

    def __init__(
        self, title: str, state: State, path: str, jobs: Jobs, parent: QWidget | None = None
    ) -> None:
        super().__init__(title, state, jobs, parent)
        self.path = path
        self.flow: Flow | None = None

    def read(self) -> None:
        """Read the graph; the fields have to be there."""
        report, path = self.report, self.path
        self._jobs.start(
            lambda _: core.flow(report, path, picture=False), self._know, self.refuse, wait=0.02
        )

    def know(self, graph: "Graph") -> None:
        """Offer what there is to choose."""
        raise NotImplementedError

    def told(self, node: "Node") -> str:
        """Return what the sheet calls a step: its name, what it does, and what it gives."""
        assert self.flow is not None
        value = self.flow.tensors.get(node.name)
        gives = f", {value}" if value is not None and value.tensors() else ""
        title = "" if node.title == node.name else f" ({node.title})"
        return f"{node.name}{title}{gives}"

    def check_known(self) -> None:
        """Raise EditRefused where the forward cannot be re-wired; on any thread."""
        if self.flow is not None and self.flow.graph is None:
            raise EditRefused(self.flow.reason)

    def _know(self, flow: "Flow") -> None:
        self.flow = flow
        if flow.graph is None:
            self.refuse(EditRefused(flow.reason))
        else:
            self.know(flow.graph)
