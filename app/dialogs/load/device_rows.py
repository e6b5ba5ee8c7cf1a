"""One device of the machine: what it is, its memory, and whether the model fits."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from app import theme
from app.memory_bar import MemoryBar
from app.parts import Mark, WrappedLabel

if TYPE_CHECKING:
    from core.placement import Device, Outlook

#: Verdict -> (icon, tone).
_VERDICTS: dict[str, tuple[str, theme.Tone]] = {
    "fits": ("ok", "good"),
    "tight": ("warning", "changed"),
    "does not fit": ("error", "problem"),
    "unknown": ("help", "muted"),
}


class DeviceRow(QWidget):
    """``ticked``: a GPU was chosen, or not any more."""

    ticked = Signal()

    def __init__(self, device: "Device") -> None:
        super().__init__()
        self.device = device
        name = device.name or self.tr("hidden")
        title = f"{name}  {device.title}"
        self.box = QCheckBox(title)
        self.title = QLabel(title)  # what cannot be chosen among others is no box
        self.box.setAccessibleName(f"{name}, {device.title}")
        self.box.setChecked(self.is_gpu and not device.hidden)
        (self.title if self.is_gpu else self.box).setParent(self)
        (self.title if self.is_gpu else self.box).hide()
        self.box.toggled.connect(lambda: self.ticked.emit())
        if device.hidden:
            self.box.setEnabled(False)
            self.box.setToolTip(self.tr("CUDA_VISIBLE_DEVICES hides it from PyTorch"))
        self.bar = MemoryBar()
        self.mark, self.verdict = Mark(), TonedText()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.box if self.is_gpu else self.title, 0, 0, 1, 3)
        grid.addWidget(self.bar, 1, 0, 1, 3)
        grid.addWidget(self.mark, 2, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.verdict, 2, 1, 1, 2)
        self.bar.show_memory(device.total, device.free, 0)
        self.set_choosable(False)

    @property
    def is_gpu(self) -> bool:
        """Whether it can be one of several."""
        return self.device.name != "cpu"

    @property
    def number(self) -> int:
        """torch's number of a GPU; -1 for anything else."""
        last = self.device.name.rpartition(":")[2]
        return int(last) if last.isdigit() else -1

    @property
    def is_ticked(self) -> bool:
        """Whether it is one of the chosen ones."""
        return self.box.isChecked() and not self.device.hidden

    def set_choosable(self, choosable: bool) -> None:
        """Let GPUs be ticked where several make sense."""
        self.box.setEnabled(choosable and self.is_gpu and not self.device.hidden)

    def show_outlook(self, outlook: "Outlook") -> None:
        """Show what the model needs beside what is free, the verdict, and why."""
        icon, tone = _VERDICTS[outlook.verdict]
        self.mark.show_icon(icon, tone)
        self.verdict.set_tone(tone)
        self.bar.show_memory(self.device.total, self.device.free, outlook.need.total)
        unknown = self.tr("not told whether it fits")
        word = unknown if outlook.verdict == "unknown" else self.tr(outlook.verdict)
        self.verdict.setText(f"{word}: {outlook.sentence}")


class TonedText(WrappedLabel):
    """A text that breaks over lines, in a tone of the theme that is in use."""

    def __init__(self) -> None:
        super().__init__()
        self._tone: theme.Tone = "muted"

    def set_tone(self, tone: theme.Tone) -> None:
        """Take another tone."""
        self._tone = tone
        palette, colour = self.palette(), theme.tone(tone)
        if palette.color(palette.ColorRole.WindowText) != colour:
            palette.setColor(palette.ColorRole.WindowText, colour)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.set_tone(self._tone)
