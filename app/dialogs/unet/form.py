"""The fields of a U-Net, as one value."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from app.dialogs.unet.assembled import Choices

_MOST_PIXELS = 8192


class UNetForm(QWidget):
    """``changed``: another U-Net is wanted."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.encoder = QComboBox()
        self.encoder.setEditable(True)
        self.encoder.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.encoder.setAccessibleName(self.tr("Encoder"))
        line = QLineEdit()
        line.setAccessibleName(self.tr("Encoder"))
        line.setPlaceholderText(self.tr("none: the plain way down"))
        self.encoder.setLineEdit(line)
        self.encoder.addItem("")
        self.halvings = self._spin(0, 12, self.tr("as usual"))
        self.base_width = self._spin(0, 4096, self.tr("as usual"))
        self.channels = self._spin(1, 4096)
        self.channels.setValue(3)
        self.classes = self._spin(1, 65536)
        self.classes.setValue(2)
        self.bilinear = QCheckBox(self.tr("&Interpolate on the way up; else it is learned"))
        self.norm = QComboBox()
        self.norm.addItem("batch")
        self.norm.setAccessibleName(self.tr("Normalisation"))
        self.activation = QComboBox()
        self.activation.addItem("ReLU")
        self.activation.setAccessibleName(self.tr("Activation"))
        self.image_height, self.image_width = (
            self._spin(1, _MOST_PIXELS),
            self._spin(1, _MOST_PIXELS),
        )
        self._lay_out()
        self.encoder.editTextChanged.connect(self.changed)
        for spin in (
            self.halvings,
            self.base_width,
            self.channels,
            self.classes,
            self.image_height,
            self.image_width,
        ):
            spin.valueChanged.connect(self.changed)
        self.bilinear.toggled.connect(self.changed)
        for box in (self.norm, self.activation):
            box.currentIndexChanged.connect(self.changed)

    def _spin(self, least: int, most: int, special: str = "") -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(least, most)
        spin.setSpecialValueText(special)
        return spin

    def _lay_out(self) -> None:
        for spin, name in (
            (self.image_height, self.tr("Height")),
            (self.image_width, self.tr("Width")),
        ):
            spin.setValue(256)
            spin.setAccessibleName(name)
        size = QHBoxLayout()
        size.addWidget(self.image_height)
        size.addWidget(QLabel("×"))
        size.addWidget(self.image_width)
        size.addStretch(1)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("&Encoder"), self.encoder)
        form.addRow(self.tr("&Depth"), self.halvings)
        form.addRow(self.tr("&Width at full size"), self.base_width)
        form.addRow(self.tr("C&hannels of the image"), self.channels)
        form.addRow(self.tr("C&lasses"), self.classes)
        form.addRow("", self.bilinear)
        form.addRow(self.tr("&Normalisation"), self.norm)
        form.addRow(self.tr("&Activation"), self.activation)
        form.addRow(self.tr("Image"), size)
        self.halvings.setToolTip(
            self.tr("How often the image is halved: 4, or as often as the encoder does")
        )
        self.base_width.setToolTip(self.tr("Channels at full size: 64, or 16 with an encoder"))

    def offer(self, found: Choices) -> None:
        """Offer what can be chosen; encoders are found by any part of their names."""
        boxes = ((self.encoder, found.encoders), (self.norm, found.norms),
                 (self.activation, found.activations))  # fmt: skip
        for box, names in boxes:
            text = box.currentText()
            box.blockSignals(True)
            box.addItems([each for each in names if each != text])
            if box.isEditable():
                box.setEditText(text)
            box.blockSignals(False)
        completer = QCompleter(self.encoder.model(), self.encoder)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.encoder.setCompleter(completer)

    def facts(self) -> dict[str, Any]:
        """Return what is wanted, as an assembly takes it; building it finds out if it can be."""
        return {
            "encoder": self.encoder.currentText().strip() or None,
            "depth": self.halvings.value() or None,
            "width": self.base_width.value() or None,
            "in_channels": self.channels.value(),
            "classes": self.classes.value(),
            "bilinear": self.bilinear.isChecked(),
            "norm": self.norm.currentText(),
            "activation": self.activation.currentText(),
        }
