"""The sheet that puts a module into a new class, as ``Model(net)`` in so many scripts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit, QWidget

import core
from app.dialogs.rewire.edit_sheet import EditSheet, title_of
from app.jobs import Jobs
from app.state import State
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.edits import Edit


class WrapSheet(EditSheet):
    """Asks for the name of the class, and of the module in it."""

    def __init__(self, state: State, path: str, jobs: Jobs, parent: QWidget | None = None) -> None:
        title = f"Wrap {title_of(state.document, path)} in a class"
        super().__init__(title, state, jobs, parent)
        self.path = path
        own = path.rpartition(".")[2]
        self.kind = QLineEdit("Block" if path else "Model")
        self.name = QLineEdit(own if own.isidentifier() else "net")
        self.form.addRow(self.tr("&Class"), self.kind)
        self.form.addRow(self.tr("&Name of the module in it"), self.name)
        for field in (self.kind, self.name):
            field.textChanged.connect(self.changed)
        self.kind.selectAll()
        self.kind.setFocus()
        self.changed()

    def wanted(self) -> "Callable[[], Edit]":
        path, kind, name = self.path, self.kind.text().strip(), self.name.text().strip()

        def make() -> "Edit":
            if not kind:
                raise EditRefused("Give the class a name, such as Model.")
            return core.Wrap(path, kind, name or None)

        return make
