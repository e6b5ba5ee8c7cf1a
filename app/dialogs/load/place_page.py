"""The third step: where the model goes, whether it fits there, trying it, and the code for it."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRegularExpression, Qt
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSpinBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

import core
from app import numbers
from app.dialogs.load.case import Case
from app.dialogs.load.device_rows import DeviceRow
from app.dialogs.load.place_code import PlaceCode
from app.jobs import Job, Jobs
from app.parts import WrappedLabel
from app.said import Said
from app.state import State

if TYPE_CHECKING:
    from core.errors import ModelwrightError
    from core.placement import Device, Outlook, Tried

#: The places, with what each is for.
PLACES = (
    ("cpu", "&CPU", "Runs everywhere; training is slow."),
    ("cuda", "One &GPU", "The usual place."),
    ("dp", "Data&Parallel over the ticked GPUs",
     "One process shares each batch out; names in files may begin with 'module.'."),
    ("ddp", "&DistributedDataParallel with torchrun",
     "One process a GPU: the faster way to train on several."),
)  # fmt: skip
_USES = (
    ("For inference", "none"),
    ("Train with SGD", "sgd momentum"),
    ("Train with AdamW", "adamw"),
)


class PlacePage(QWidget):
    """Shows devices and code; nothing here changes the document."""

    def __init__(self, jobs: Jobs, state: State) -> None:
        super().__init__()
        self._jobs, self._state = jobs, state
        self._job: Job | None = None
        self._trying: Job | None = None
        self._weighing: Job | None = None
        #: How many share a batch, as the needs that are shown were worked out.
        self._parts = 0
        self._batch_known = False
        self.rows: list[DeviceRow] = []
        self.places = QButtonGroup(self)
        self.radios = {name: QRadioButton(self.tr(title)) for name, title, _ in PLACES}
        for name, _, tip in PLACES:
            self.radios[name].setToolTip(self.tr(tip))
            self.places.addButton(self.radios[name])
        self.radios["cpu"].setChecked(True)
        self.use = QComboBox()
        self.use.setAccessibleName(self.tr("What for"))
        for title, optimizer in _USES:
            self.use.addItem(self.tr(title), optimizer)
        self.batch = QSpinBox()
        self.batch.setRange(1, 65_536)
        self.batch.setAccessibleName(self.tr("Samples at once"))
        self.typed = QLineEdit()
        self.typed.setPlaceholderText("0,1")
        self.typed.setAccessibleName(self.tr("Numbers of the GPUs of another machine"))
        self.typed.setValidator(QRegularExpressionValidator(QRegularExpression(r"\d+(,\d+)*,?")))
        self.need = WrappedLabel()
        self.hint = Said()
        self.tried = Said()
        self.tried.setAccessibleName(self.tr("What came of trying"))
        self._run_text, self._stop_text = self.tr("&Run one forward there"), self.tr("&Stop it")
        self.try_it = QPushButton(self._run_text)
        self.try_it.setAutoDefault(False)
        self.script = PlaceCode(jobs, state)
        self.code = self.script.view
        self._list = QVBoxLayout()
        self._lay_out()
        self.places.buttonClicked.connect(self._changed)
        self.typed.textChanged.connect(self._changed)
        self.use.activated.connect(self._weigh)
        self.batch.valueChanged.connect(self._weigh)
        self.try_it.clicked.connect(self._try)
        self._take_devices(())

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(self.tr("&Used"), self.use)
        form.addRow(self.tr("&Batch"), self.batch)
        numbers_row = QFormLayout()
        numbers_row.addRow(self.tr("&Numbers for the code"), self.typed)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 6, 10, 0)
        column.setSpacing(8)
        column.addLayout(form)
        column.addWidget(self.need)
        column.addLayout(self._list)
        column.addWidget(self.hint)
        for name, _, _ in PLACES:
            column.addWidget(self.radios[name])
        column.addLayout(numbers_row)
        line = QHBoxLayout()
        line.addWidget(self.try_it)
        line.addStretch(1)
        column.addLayout(line)
        column.addWidget(self.tried)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(left)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(area)
        split.addWidget(self.script)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(split)

    # Devices

    def show_file(self, case: Case) -> None:
        """Speak of this file in the code; look for devices the first time."""
        self.script.show_file(case)
        if self._job is None:
            self._job = self._jobs.start(lambda _: core.devices(), self._take_devices)
        self._changed()

    def _take_devices(self, found: "tuple[Device, ...]") -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.deleteLater()
        self.rows = [DeviceRow(device) for device in found]
        for row in self.rows:
            self._list.addWidget(row)
            row.ticked.connect(self._changed)
        gpus = [row for row in self.rows if row.is_gpu and not row.device.hidden]
        hidden = sum(row.device.hidden for row in self.rows)
        self.radios["cuda"].setText(
            self.tr("One &GPU") if gpus else self.tr("One &GPU (code only)")
        )
        self.hint.say(self._about_gpus(len(gpus), hidden) if self.rows else "")
        self._changed()
        self._weigh()

    def _about_gpus(self, seen: int, hidden: int) -> str:
        if seen:
            return ""
        if hidden:
            return self.tr("The GPUs of this machine are hidden by CUDA_VISIBLE_DEVICES. Set it"
                           " anew and start Modelwright again to use them.")  # fmt: skip
        return self.tr("PyTorch sees no GPU on this machine: the model stays on the CPU here. Type"
                       " the numbers of the GPUs of another machine for the code.")  # fmt: skip

    @property
    def place(self) -> str:
        """The place that is chosen: cpu, cuda, dp or ddp."""
        return next(name for name, radio in self.radios.items() if radio.isChecked())

    @property
    def gpus(self) -> tuple[int, ...]:
        """The numbers of the chosen GPUs: those that were typed, else those that are ticked."""
        typed = tuple(dict.fromkeys(int(each) for each in self.typed.text().split(",") if each))
        ticked = tuple(row.number for row in self.rows if row.is_gpu and row.is_ticked)
        return typed or ticked

    def _weigh(self) -> None:
        """Work out what the model needs, for every device."""
        document = self._state.document
        if document is None:
            self.need.setText(self.tr("Open a model to see whether it fits."))
            return
        optimizer, batch = self.use.currentData(), self.batch.value()
        self._parts = parts = self._sharing()
        devices = tuple(row.device for row in self.rows)
        if self._weighing is not None:
            self._weighing.cancel()  # what comes last is about what was chosen last
        self._weighing = self._jobs.start(
            lambda _: core.outlooks(
                document, devices, optimizer=optimizer, batch=batch, parts=parts
            ),
            self._weighed,
            self._not_weighed,
        )

    def _sharing(self) -> int:
        """Return among how many GPUs a batch is shared out."""
        return max(1, len(self.gpus)) if self.place in ("dp", "ddp") else 1

    def _not_weighed(self, error: "ModelwrightError") -> None:
        self.need.setText(str(error))

    def _weighed(self, found: "tuple[Outlook, ...]") -> None:
        if not found or [each.device for each in found] != [row.device for row in self.rows]:
            return
        need = found[0].need
        parts = {
            self.tr("weights"): need.parameters + need.buffers,
            self.tr("gradients"): need.gradients,
            self.tr("optimizer"): need.optimizer,
            self.tr("activations, about"): need.activations,
        }
        told = ", ".join(f"{name} {numbers.size(size)}" for name, size in parts.items() if size)
        self.need.setText(self.tr("Needs {}: {}.").format(numbers.size(need.total), told))
        for row, outlook in zip(self.rows, found, strict=True):
            row.show_outlook(outlook)

    # What was chosen

    def _changed(self, *_: Any) -> None:
        place, gpus = self.place, self.gpus
        for row in self.rows:
            row.set_choosable(place in ("dp", "ddp", "cuda"))
        if self.rows:  # torch is imported by whoever looked for devices, on a thread
            self.script.show_place(place, gpus)
        self.tried.say("")
        if self._sharing() != self._parts:
            self._weigh()
        here = {row.number for row in self.rows if row.is_gpu and not row.device.hidden}
        missing = place != "cpu" and (not here or not set(gpus) <= here)
        document = self._state.document
        self.try_it.setText(self._run_text if self._trying is None else self._stop_text)
        self.try_it.setEnabled(self._trying is not None or (document is not None and not missing))
        why = self.tr("These GPUs are not on this machine; the code is for one that has them.")
        self.try_it.setToolTip(why if missing else "")

    def _try(self) -> None:
        """Run one forward on a copy of the model, where it would go; or stop that."""
        from core.placement import Placement

        if self._trying is not None:
            self.stop()
            self.tried.say(self.tr("Stopped."))
            return
        document = self._state.document
        if document is None:
            return
        place = self.place
        listed = ",".join(map(str, self.gpus))
        text = place if place == "cpu" or not listed else f"{place}:{listed}"
        found = tuple(row.device for row in self.rows)

        def work(job: Job) -> "Tried":
            place = Placement.read(text, found)
            return core.try_forward(document, place, cancelled=job.cancelled)

        self._trying = self._jobs.start(
            work, self._ran, self._did_not_run, title=self.tr("Running one forward")
        )
        self._changed()
        self.tried.say(self.tr("Running…"))

    def stop(self) -> None:
        """Wait for a forward no longer; processes of its own end."""
        if self._trying is not None:
            self._trying.cancel()
            self._trying = None
            self._changed()

    def _ran(self, tried: "Tried") -> None:
        self._trying = None
        self._changed()
        text = self.tr("It runs on {}: {:.0f} ms, output {}.")
        told = text.format(tried.device, tried.seconds * 1e3, tried.output)
        if tried.peak is not None:
            told += self.tr(" {} of memory at most.").format(numbers.size(tried.peak))
        self.tried.say(told, "good")

    def _did_not_run(self, error: "ModelwrightError") -> None:
        self._trying = None
        self._changed()
        self.tried.say(str(error), "problem")

    def _known_batch(self) -> int:
        document = self._state.document
        shapes = [each.shape for each in document.inputs if each.shape] if document else []
        return int(shapes[0][0]) if shapes else 1

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if not self._batch_known:  # what was chosen since stays
            self._batch_known = True
            self.batch.setValue(self._known_batch())
