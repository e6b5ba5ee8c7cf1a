"""The sheet that gives a U-Net another encoder, and says what of the trained weights stays."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QWidget

import core
from app import numbers
from app.dialogs.rewire.edit_sheet import EditSheet, title_of
from app.jobs import Jobs
from app.state import State
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.analysis import Preview, Report
    from core.edits import Edit


class SwapEncoderSheet(EditSheet):
    """Asks for the backbone that the U-Net at ``path`` is to stand on."""

    def __init__(self, state: State, path: str, jobs: Jobs, parent: QWidget | None = None) -> None:
        title = f"Swap the encoder of {title_of(state.document, path)}"
        super().__init__(title, state, jobs, parent)
        assert state.document is not None
        self.path = path
        unet = state.document.module(path)
        self._now = str(getattr(unet._modules.get("encoder"), "backbone", ""))
        self._line = QLineEdit()
        self._line.setAccessibleName(self.tr("Encoder"))
        self.encoder = QComboBox()
        self.encoder.setEditable(True)
        self.encoder.setLineEdit(self._line)
        self.encoder.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.encoder.setAccessibleName(self.tr("Encoder"))
        self.encoder.setMaxVisibleItems(18)
        self.form.addRow(self.tr("&Encoder"), self.encoder)
        self.encoder.editTextChanged.connect(self.changed)
        jobs.start(lambda _: core.encoders(), self._offer, wait=0.02)
        self.encoder.setFocus()

    def _offer(self, names: tuple[str, ...]) -> None:
        """Offer every encoder, to be found by any part of its name."""
        self.encoder.blockSignals(True)
        self.encoder.addItems(list(names))
        self.encoder.setEditText(self._now)
        self._line.selectAll()
        self.encoder.blockSignals(False)
        completer = QCompleter(self.encoder.model(), self.encoder)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.encoder.setCompleter(completer)
        self.changed()

    def wanted(self) -> "Callable[[], Edit]":
        path, encoder, now = self.path, self.encoder.currentText().strip(), self._now

        def make() -> "Edit":
            if not encoder:
                raise EditRefused("Choose an encoder, such as resnet34.")
            if encoder == now:
                raise EditRefused(f"It stands on a {now} now; choose another encoder.")
            return core.SwapEncoder(encoder, path)

        return make

    def facts(self, report: "Report", found: "Preview") -> list[str]:
        """Say what stays of the way up, tensor by tensor and in values."""
        within = f"{self.path}.encoder." if self.path else "encoder."
        entries = core.ledger(report.document, found.document).entries
        kept: Counter[str] = Counter()
        for each in entries:
            if not each.name.startswith(within):
                kept[each.status] += 1
        total = sum(count for status, count in kept.items() if status != "dropped")
        told = self.tr("Beside the encoder, {} of {} tensors stay as they are").format(
            kept["kept"], total
        )
        if kept["sliced"]:
            told += self.tr(", {} keep what fits").format(kept["sliced"])
        if kept["new"]:
            told += self.tr(", {} are new").format(kept["new"])
        before = report.parameters
        after = found.report.parameters
        return [
            f"{told}.",
            self.tr("{} parameters become {}.").format(numbers.count(before), numbers.count(after)),
        ]
