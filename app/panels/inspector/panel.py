"""The inspector: everything about what is selected, and its arguments as a form."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.jobs import Jobs
from app.panels.inspector.about import AboutView
from app.panels.inspector.form import ArgumentsForm
from app.panels.inspector.header import Header
from app.panels.inspector.shapes import Shapes
from app.panels.inspector.weights import Weights
from app.parts import Section, ToneLabel
from app.state import State

if TYPE_CHECKING:
    from core.document import Document


class InspectorPanel(QWidget):
    """``asked``: an edit of arguments, trainability or weights."""

    asked = Signal(object)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Inspector"))
        self._document: Document | None = None
        self._selection: tuple[str, ...] = ()
        self.header = Header()
        self.form = ArgumentsForm(jobs)
        self.shapes = Shapes()
        self.weights = Weights(jobs)
        self.about = AboutView()
        self.form.asked.connect(self.asked)
        self.weights.asked.connect(self.asked)
        self.empty = ToneLabel()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setMargin(24)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self._inspecting())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages)
        self._show_empty(State())

    def show_state(self, state: State) -> None:
        """Show what is selected; fields that are being edited keep focus and text."""
        if state.document is None or not state.selection:
            self._show_empty(state)
            return
        self.header.show_state(state)
        if state.document is not self._document or state.selection != self._selection:
            self._document, self._selection = state.document, state.selection
            self.form.show_modules(state.document, state.selection)
            self.weights.show_modules(state.document, state.selection)
            one = len(state.selection) == 1
            self.about_section.setVisible(one)
            if one:
                self.about.show_module(state.document.module(state.selection[0]))
        self.shapes.show_state(state)
        self.pages.setCurrentIndex(1)

    def show_refusal(self, text: str) -> None:
        """Say why not under the field that asked, which shows the document's value again."""
        self.form.show_refusal(text)
        if self._document is not None:
            self.weights.training.show_modules(self._document, self._selection)

    def sizeHint(self) -> QSize:
        letter = self.fontMetrics().averageCharWidth()
        return QSize(letter * 44, letter * 80)

    def _show_empty(self, state: State) -> None:
        self._document, self._selection = None, ()
        if state.document is None:
            self.empty.setText(self.tr("Open a model to see what it is made of."))
        else:
            self.empty.setText(
                self.tr("Select a module in the tree to see and change its arguments.")
            )
        self.pages.setCurrentIndex(0)

    def _inspecting(self) -> QScrollArea:
        self.about_section = Section(self.tr("Documentation"), self.about)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(Section(self.tr("Arguments"), self.form))
        column.addWidget(Section(self.tr("Shapes and cost"), self.shapes))
        column.addWidget(Section(self.tr("Weights"), self.weights))
        column.addWidget(self.about_section)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        return area
