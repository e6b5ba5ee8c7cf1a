"""Whether the selected modules are trained, and starting them anew."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QWidget

import core
from app.panels.inspector.shapes import outermost

if TYPE_CHECKING:
    from core.document import Document
    from core.edits.together import AnyEdit


class TrainingRow(QWidget):
    """A check box "Frozen" and a button; hidden where there is nothing to train."""

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._document: Document | None = None
        self._paths: tuple[str, ...] = ()
        self.frozen = QCheckBox(self.tr("Frozen"))
        self.frozen.setToolTip(self.tr("Frozen weights are left as they are in training"))
        self.frozen.clicked.connect(lambda _: self._freeze())
        self.anew = QPushButton(self.tr("Reinitialise"))
        self.anew.setToolTip(self.tr("Give it fresh random weights"))
        self.anew.clicked.connect(self._start_anew)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.frozen)
        row.addStretch(1)
        row.addWidget(self.anew)

    def show_modules(self, document: "Document", paths: tuple[str, ...]) -> None:
        """Show whether what these modules hold is trained: all of it, some, or nothing."""
        self._document, self._paths = document, outermost(paths)
        trained = {p.requires_grad for path in paths for p in document.module(path).parameters()}
        self.setVisible(bool(trained))
        self.frozen.setTristate(len(trained) == 2)
        if len(trained) == 2:
            self.frozen.setCheckState(Qt.CheckState.PartiallyChecked)
        else:
            self.frozen.setChecked(trained == {False})

    def _freeze(self) -> None:
        """Ask for it; from "some" the next state is frozen."""
        document = self._document
        assert document is not None
        partly = self.frozen.isTristate()
        freezing = partly or self.frozen.isChecked()
        self.frozen.setTristate(False)
        self.frozen.setChecked(freezing)
        edits: list[AnyEdit] = []
        done: set[int] = set()
        for path in self._paths:
            # A weight that is shared is frozen with the first module that has it.
            parameters = {id(p): p for p in document.module(path).parameters()}
            if any(p.requires_grad == freezing and n not in done for n, p in parameters.items()):
                edits.append(core.Freeze(path) if freezing else core.Unfreeze(path))
            done |= parameters.keys()
        title = self.tr("Freeze {} modules") if freezing else self.tr("Unfreeze {} modules")
        self._ask(edits, title)

    def _start_anew(self) -> None:
        document = self._document
        assert document is not None
        edits: list[AnyEdit] = [
            core.Reinitialise(path)
            for path in self._paths
            if any(True for _ in document.module(path).parameters())
        ]
        self._ask(edits, self.tr("Reinitialise {} modules"))

    def _ask(self, edits: "list[AnyEdit]", title: str) -> None:
        if len(edits) == 1:
            self.asked.emit(edits[0])
        elif edits:
            self.asked.emit(core.Together(tuple(edits), title.format(len(edits))))
