"""What to save and how: the left half of the sheet, as one value."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.parts import ToneLabel

if TYPE_CHECKING:
    from core.checkpoint import SaveOptions
    from core.placement import Device

#: What can be saved, and what each is good for.
WHAT = (
    ("state dict", "&Weights (state dict)",
     "Name and tensor, nothing else: loads into the class everywhere. The one to prefer."),
    ("training", "&Training checkpoint",
     "The weights under 'model', with optimizer, scheduler and epoch as they were loaded and"
     " followed through the edits."),
    ("whole model", "Whole &model",
     "Classes and weights: opens without building it first, and runs code of the file when it is"
     " unpickled. Lasts only as long as its classes stay what they are."),
)  # fmt: skip
FORMATS = (
    (".pth", "PyTorch, .pth"),
    (".pt", "PyTorch, .pt"),
    (".pkl", "PyTorch, .pkl"),
    (".safetensors", "safetensors: tensors only, runs nothing"),
)
_DTYPES = (
    (None, "as they are"),
    ("float32", "float32"),
    ("float16", "float16, half the size"),
    ("bfloat16", "bfloat16, half the size"),
    ("float64", "float64, twice the size"),
)
_GB = 10**9


class OptionsForm(QWidget):
    """``changed``: something else is to be written; ``suffix``: under a name that ends so."""

    changed = Signal()
    suffix = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.what = QButtonGroup(self)
        self.radios = {}
        self._can_have_code = False
        self.about = ToneLabel()
        for name, title, tip in WHAT:
            radio = QRadioButton(self.tr(title))
            radio.setToolTip(self.tr(tip))
            self.radios[name] = radio
            self.what.addButton(radio)
        self.radios["state dict"].setChecked(True)
        self.format = QComboBox()
        for suffix, title in FORMATS:
            self.format.addItem(self.tr(title), suffix)
        self.legacy = QCheckBox(self.tr("as written &before PyTorch 1.6"))
        self.legacy.setToolTip(self.tr("Only for readers that know nothing newer"))
        self.names = QComboBox()
        self.names.addItem(self.tr("plain: they load everywhere"), False)
        self.names.addItem(self.tr("begin with 'module.': for a DataParallel"), True)
        self.dtype = QComboBox()
        for dtype, title in _DTYPES:
            self.dtype.addItem(self.tr(title), dtype)
        self.split = QCheckBox(self.tr("in files of at &most"))
        self.most = QDoubleSpinBox()
        self.most.setRange(0.001, 10_000)
        self.most.setDecimals(3)
        self.most.setValue(2)
        self.most.setSuffix(" GB")
        self.most.setAccessibleName(self.tr("Size of a file"))
        self.device = QComboBox()
        self.device.addItem(self.tr("the CPU: loads on every machine"), "cpu")
        for box, title in (
            (self.format, self.tr("Format")),
            (self.names, self.tr("Names")),
            (self.dtype, self.tr("Numbers")),
            (self.device, self.tr("Saved from")),
        ):
            box.setAccessibleName(title)
        #: Only for a model that was edited, whose source builds another one.
        self.code = QCheckBox()
        self.code.setVisible(False)
        self.form = QFormLayout()
        self._lay_out()
        for box in (self.format, self.names, self.dtype, self.device):
            box.activated.connect(self._changed)
        for check in (self.legacy, self.split, self.code, *self.radios.values()):
            check.toggled.connect(self._changed)
        self.most.valueChanged.connect(self._changed)
        self.format.activated.connect(lambda: self.suffix.emit(self.format.currentData()))
        self._changed()

    def _lay_out(self) -> None:
        kinds = QVBoxLayout()
        kinds.setSpacing(2)
        for radio in self.radios.values():
            kinds.addWidget(radio)
        kinds.addWidget(self.about)
        shards = QHBoxLayout()
        shards.addWidget(self.split)
        shards.addWidget(self.most)
        shards.addStretch(1)
        form = self.form
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Save"), kinds)
        form.addRow(self.tr("&Format"), self.format)
        form.addRow("", self.legacy)
        form.addRow(self.tr("&Names"), self.names)
        form.addRow(self.tr("N&umbers"), self.dtype)
        form.addRow(self.tr("Split"), shards)
        form.addRow(self.tr("Saved fr&om"), self.device)
        form.addRow(self.tr("Code"), self.code)
        form.setRowVisible(self.code, False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addStretch(1)

    def offer_devices(self, found: "tuple[Device, ...]") -> None:
        """Let a whole model be saved from a GPU where there is one."""
        for device in found:
            if device.name.startswith("cuda"):
                text = self.tr("{} {}: loads only where that is").format(device.name, device.title)
                self.device.addItem(text, device.name)

    def offer_code(self, why_not: str = "") -> None:
        """Let the Python of an edited model be written too, or say why it cannot be."""
        self.form.setRowVisible(self.code, True)
        self.code.setToolTip(why_not or self.tr("A fresh process tries both before they count"))
        self._can_have_code = not why_not
        self.code.setChecked(not why_not)
        self._changed()

    def name_code(self, name: str) -> None:
        """Say what the file of Python would be called."""
        self.code.setText(self.tr("with {}, which &builds the edited model").format(name))

    @property
    def with_code(self) -> bool:
        """Whether the Python that builds the model is to be written too."""
        return self.code.isEnabled() and self.code.isChecked()

    def follow_name(self, suffix: str) -> None:
        """Choose the format that a typed name asks for."""
        at = self.format.findData(suffix)
        if at >= 0 and at != self.format.currentIndex():
            self.format.setCurrentIndex(at)
            self._changed()

    @property
    def kind(self) -> str:
        """What is to be saved: state dict, training, or whole model."""
        return next(name for name, radio in self.radios.items() if radio.isChecked())

    def options(self, overwrite: bool) -> "SaveOptions":
        """Return what was chosen."""
        from core.checkpoint import SaveOptions

        only = self.kind == "state dict"
        return SaveOptions(
            what=self.kind,  # type: ignore[arg-type]
            legacy=self.legacy.isEnabled() and self.legacy.isChecked(),
            module_prefix=bool(self.names.currentData()),
            dtype=self.dtype.currentData(),
            device=self.device.currentData() if self.kind == "whole model" else "cpu",
            shard_size=int(self.most.value() * _GB) if only and self.split.isChecked() else None,
            overwrite=overwrite,
        )

    def _changed(self) -> None:
        """Allow what goes together, and say what the choice is good for."""
        kind = self.kind
        self.about.say(self.tr(next(tip for name, _, tip in WHAT if name == kind)))
        tensors_only = self.format.currentData() == ".safetensors"
        self.legacy.setEnabled(not tensors_only and not self.split.isChecked())
        self.split.setEnabled(kind == "state dict")
        self.most.setEnabled(self.split.isEnabled() and self.split.isChecked())
        self.code.setEnabled(self._can_have_code and kind != "whole model")
        self.form.setRowVisible(self.device, kind == "whole model")
        self.changed.emit()
