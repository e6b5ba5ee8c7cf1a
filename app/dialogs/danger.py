"""The red sheet: a whole model that would run code when it is opened, and what it would call."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.parts import Mark, ToneLabel, WrappedLabel
from app.room import open_at
from app.settings import Settings

if TYPE_CHECKING:
    from core.files import Named


class DangerSheet(QDialog):
    """``allowed``: the names that were ticked, and the ``.py`` that defines classes, or ``None``.

    Only what may be a plain class can be ticked: a function that is known to run commands or code
    is named, and never allowed from here.
    """

    allowed = Signal(tuple, object)

    def __init__(
        self, path: Path, names: "tuple[Named, ...]", settings: Settings,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("This file would run code"))
        self._settings = settings
        self.classes: Path | None = None
        self.boxes: dict[str, QCheckBox] = {}
        self._buttons(names)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(self._head(path))
        column.addWidget(self._list(names), 1)
        column.addLayout(self._given())
        column.addWidget(self.buttons)
        open_at(self, 92, 18 + 3 * min(4, len(names)))
        self._enable()
        self.keep.setFocus()

    def _head(self, path: Path) -> QWidget:
        mark, head = Mark("error", "problem", lines=2), QWidget()
        told = ToneLabel("problem")
        told.say(
            self.tr("Opening {} as a whole model would import and call what stands below. Nothing"
                    " of it was run. Its weights alone can be loaded without any of this.")
            .format(path.name)
        )  # fmt: skip
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(told, 1)
        return head

    def _list(self, names: "tuple[Named, ...]") -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setSpacing(8)
        for each in names:
            column.addWidget(self._row(each))
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.StyledPanel)
        area.setAccessibleName(self.tr("What it would call"))
        area.setWidget(inside)
        return area

    def _row(self, named: "Named") -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        if may_be_allowed(named):
            box = QCheckBox(self.tr("Allow {}").format(named.name))
            box.setAccessibleName(f"{named.name}: {named.why}")
            box.toggled.connect(self._enable)
            self.boxes[named.name] = box
            column.addWidget(box)
        else:
            name = ToneLabel("problem")
            name.say(self.tr("{} — never allowed from here").format(named.name))
            column.addWidget(name)
        why = WrappedLabel(in_words(named))
        why.setIndent(22)
        column.addWidget(why)
        return row

    def _given(self) -> QHBoxLayout:
        self.file = WrappedLabel(
            self.tr("Or give the .py that defines its classes: that is run after you have seen it.")
        )
        self.give = QPushButton(self.tr("Give the .&py…"))
        self.give.setAutoDefault(False)
        self.give.clicked.connect(self._ask_file)
        row = QHBoxLayout()
        row.addWidget(self.file, 1)
        row.addWidget(self.give)
        return row

    def _buttons(self, names: "tuple[Named, ...]") -> None:
        role = QDialogButtonBox.ButtonRole
        self.buttons = QDialogButtonBox()
        self.go = self.buttons.addButton(self.tr("Allow and open"), role.AcceptRole)
        self.keep = self.buttons.addButton(self.tr("Do not load"), role.RejectRole)
        self.go.setAutoDefault(False)
        self.keep.setDefault(True)
        self.buttons.accepted.connect(self._allow)
        self.buttons.rejected.connect(self.reject)
        self._forbidden = [each.name for each in names if not may_be_allowed(each)]

    def _enable(self) -> None:
        every = all(box.isChecked() for box in self.boxes.values()) and bool(self.boxes)
        self.go.setEnabled(not self._forbidden and (every or self.classes is not None))
        why = self.tr("Something in it is never allowed: load its weights instead.")
        self.go.setToolTip(why if self._forbidden else "")

    def _ask_file(self) -> None:
        found, _ = QFileDialog.getOpenFileName(
            self, self.tr("The file that defines the classes"), str(self._settings.folder),
            "Python (*.py)",
        )  # fmt: skip
        if found:
            self.classes = Path(found)
            self.file.setText(self.tr("Classes from {}").format(self.classes))
            self._enable()

    def _allow(self) -> None:
        ticked = tuple(name for name, box in self.boxes.items() if box.isChecked())
        self.accept()
        self.allowed.emit(ticked, self.classes)


def may_be_allowed(named: "Named") -> bool:
    """Whether a name may be a plain class: written like one, and not known for anything else."""
    last = named.name.rpartition(".")[2]
    unknown = named.why.startswith(("of ", "a class "))
    return unknown and last[:1].isupper()


def in_words(named: "Named") -> str:
    """Say what a name would do, as a sentence."""
    if named.why.startswith("of "):
        package = named.name.partition(".")[0]
        does = "imported and called" if named.called else "imported"
        return f"It would be {does} from {package}, if that is installed here."
    told = "It would be called" if named.called else "It would be imported"
    return f"{told}: {named.why.rstrip('.')}."
