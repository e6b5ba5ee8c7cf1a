"""The sheet that adds an input: what it is, and where it joins."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

import core
from app.dialogs.rewire.edit_sheet import title_of
from app.dialogs.rewire.flow_sheet import FlowSheet
from app.dialogs.rewire.step_box import StepBox
from app.jobs import Jobs
from app.state import State
from core.errors import InputError, ModelwrightError

if TYPE_CHECKING:
    from core.dataflow import Graph
    from core.edits import Edit

NOWHERE = ""
_DTYPES = ("float32", "float16", "bfloat16", "float64", "int64", "int32", "uint8", "bool")
_MOST = 8


class AddInputSheet(FlowSheet):
    """Asks for an input of the module at ``path``; ``before`` is the step offered to join at."""

    def __init__(
        self,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        before: str = "",
    ) -> None:
        assert state.document is not None
        title = f"Add an input to {title_of(state.document, path)}"
        super().__init__(title, state, path, jobs, parent)
        self._before = before
        self._own_dimension = False
        self.name = QLineEdit("extra")
        self.shape = QLineEdit(_batch(state))
        self.shape.setPlaceholderText(self.tr("with the batch, such as 4, 3"))
        self.dtype = QComboBox()
        self.dtype.addItems(_DTYPES)
        self.dtype.setAccessibleName(self.tr("Type"))
        self.before = StepBox(self.tr("Joins before"))
        self.port = QComboBox()
        self.port.setAccessibleName(self.tr("At the tensor"))
        self.unsqueeze = QComboBox()
        self.unsqueeze.setAccessibleName(self.tr("New dimension"))
        self.unsqueeze.addItem(self.tr("none"), None)
        for place in range(_MOST):
            self.unsqueeze.addItem(self.tr("of size 1, at {}").format(place), place)
        self.dim = QSpinBox()
        self.dim.setRange(-_MOST, _MOST)
        self.dim.setValue(1)
        self.widen = QCheckBox(self.tr("Wi&den the next layer; it keeps its trained columns"))
        self.widen.setChecked(True)
        self.optional = QCheckBox(self.tr("May be &left out, and is then full of"))
        self.default = QDoubleSpinBox()
        self.default.setRange(-1e6, 1e6)
        self.default.setAccessibleName(self.tr("What it is full of when it is left out"))
        self.default.setEnabled(False)
        self._lay_out()
        self._connect()
        self.read()
        self.name.selectAll()
        self.name.setFocus()

    def _lay_out(self) -> None:
        left_out = QHBoxLayout()
        left_out.addWidget(self.optional)
        left_out.addWidget(self.default)
        left_out.addStretch(1)
        form = self.form
        form.addRow(self.tr("&Name"), self.name)
        form.addRow(self.tr("&Shape"), self.shape)
        form.addRow(self.tr("Ty&pe"), self.dtype)
        form.addRow(self.tr("&Joins before"), self.before)
        form.addRow(self.tr("&At the tensor"), self.port)
        form.addRow(self.tr("New d&imension"), self.unsqueeze)
        form.addRow(self.tr("Laid alon&g dimension"), self.dim)
        form.addRow("", self.widen)
        form.addRow("", left_out)

    def _connect(self) -> None:
        for field in (self.name, self.shape):
            field.textChanged.connect(self.changed)
        self.shape.textChanged.connect(self._fit_dimension)
        for box in (self.dtype, self.port, self.unsqueeze):
            box.currentIndexChanged.connect(self.changed)
        self.unsqueeze.activated.connect(self._choose_dimension)
        self.before.stepped.connect(self._offer_ports)
        self.before.stepped.connect(self.changed)
        self.dim.valueChanged.connect(self.changed)
        self.default.valueChanged.connect(self.changed)
        for check in (self.widen, self.optional):
            check.toggled.connect(self.changed)
        self.optional.toggled.connect(self.default.setEnabled)

    def know(self, graph: "Graph") -> None:
        taken, number = set(graph.by_name), 1
        while self.name.text() in taken:
            self.name.setText(f"extra_{number}")
            number += 1
        readers = [node for node in graph.nodes if node.reads]
        steps = [(NOWHERE, self.tr("nowhere yet: nothing reads it"))]
        for node in readers:
            told = [self._given(source) for source in dict.fromkeys(node.reads)]
            steps.append((node.name, f"{node.name} ({node.title}), which reads {', '.join(told)}"
                          if node.title != node.name else
                          f"{node.name}, which reads {', '.join(told)}"))  # fmt: skip
        calls = graph.calls_of(self._before) if self._before else ()
        known = self._before if self._before in graph.by_name else self._last()
        self.before.offer(steps, calls[0].name if calls else known)

    def _last(self) -> str:
        """Return the last layer: where an input joins most often."""
        graph = self.flow.graph if self.flow is not None else None
        calls = [node.name for node in graph.nodes if node.kind == "call"] if graph else []
        return calls[-1] if calls else NOWHERE

    def _given(self, source: str) -> str:
        assert self.flow is not None
        value = self.flow.tensors.get(source)
        return f"{source} {value}" if value is not None and value.tensors() else source

    def _offer_ports(self) -> None:
        """Offer the tensors that the step reads, where they are several."""
        graph = self.flow.graph if self.flow is not None else None
        node = graph.by_name.get(self.before.step) if graph is not None else None
        reads = node.reads if node is not None else ()
        self.port.blockSignals(True)
        self.port.clear()
        for number, source in enumerate(reads):
            self.port.addItem(self._given(source), number)
        self.port.blockSignals(False)
        self.form.setRowVisible(self.port, len(reads) > 1)
        for widget in (self.unsqueeze, self.dim, self.widen):
            widget.setEnabled(bool(self.before.step))
        self._fit_dimension()

    def _choose_dimension(self) -> None:
        self._own_dimension = True

    def _fit_dimension(self) -> None:
        """Make a new dimension where one is missing, unless the user has chosen."""
        if self._own_dimension or self.flow is None or self.flow.graph is None:
            return
        node = self.flow.graph.by_name.get(self.before.step)
        if node is None or not node.reads:
            return
        value = self.flow.tensors.get(node.reads[max(0, self.port.currentIndex())])
        try:
            rank = len(_read_shape(self.shape.text())[0])
        except ModelwrightError:
            return
        lacks = value is not None and value.shape is not None and rank + 1 == len(value.shape)
        self.unsqueeze.setCurrentIndex(self.unsqueeze.findData(1 if lacks else None))

    def wanted(self) -> "Callable[[], Edit]":
        path, name, shape = self.path, self.name.text().strip(), self.shape.text()
        dtype, before = self.dtype.currentText(), self.before.step or None
        default = self.default.value() if self.optional.isChecked() else None
        dim, unsqueeze = self.dim.value(), self.unsqueeze.currentData()
        port, widen = max(0, self.port.currentIndex()), self.widen.isChecked()

        def make() -> "Edit":
            self.check_known()
            sizes, typed = _read_shape(shape)
            facts = {"dim": dim, "unsqueeze": unsqueeze, "port": port} if before else {}
            return core.AddInput(
                path, name, sizes, typed or dtype, default, before, widen=widen, **facts
            )

        return make


def _batch(state: State) -> str:
    """Return the size of the batch that the model is fed: one number for each sample."""
    inputs = state.document.inputs if state.document is not None else ()
    shape = inputs[0].shape if inputs else ()
    return str(shape[0]) if shape else "1"


def _read_shape(text: str) -> tuple[tuple[int, ...], str]:
    """Read ``4, 3`` or ``4, 3:int64``: the sizes, and a dtype if one is written.

    Raises :class:`~core.errors.InputError`.
    """
    found = core.parse_inputs(text) if text.strip() else ()
    if len(found) != 1 or found[0].kind != "tensor" or found[0].keyword:
        raise InputError(
            "The shape of one tensor is wanted, with the batch first, such as 4, 3;"
            f" '{text.strip()}' came."
        )
    return found[0].shape, found[0].dtype if ":" in text else ""
