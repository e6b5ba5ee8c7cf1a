"""The page of the sheet that opens a file. The file is read, never run, here."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from app.request import OpenRequest
from app.said import Said
from core.errors import SourceError

if TYPE_CHECKING:
    from core.document import InputSpec

    Inputs = tuple[InputSpec, ...] | None


class FilePage(QWidget):
    """A ``.py`` with the class in it, a project, or a recipe."""

    activated = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.path = QLineEdit()
        self.path.setPlaceholderText("net.py, net.modelwright, recipe.json")
        self.path.setAccessibleName(self.tr("File"))
        self.path.textChanged.connect(self._read)
        self.path.returnPressed.connect(self.activated)
        self.browse = QPushButton(self.tr("&Browse…"))
        self.browse.setAutoDefault(False)  # Enter opens what is named
        self.browse.clicked.connect(self._browse)
        self.call = QComboBox()
        self.call.setEditable(True)
        self.call.setAccessibleName(self.tr("Class and arguments"))
        self.call.setEnabled(False)
        row = QHBoxLayout()
        row.addWidget(self.path, 1)
        row.addWidget(self.browse)
        label = QLabel(self.tr("&Path"))
        label.setBuddy(self.path)
        self.said = Said()
        form = QFormLayout(self)
        form.addRow(label, row)
        form.addRow(self.tr("C&lass"), self.call)
        form.addRow("", self.said)
        self._read("")

    def _browse(self) -> None:
        kinds = self.tr("Models, projects and recipes (*.py *.modelwright *.json)")
        start = str(Path(self.path.text()).parent) if self.path.text() else ""
        found, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a file"), start, f"{kinds};;{self.tr('All files (*)')}"
        )
        if found:
            self.path.setText(found)

    def _read(self, text: str) -> None:
        path = Path(text.strip())
        python = path.suffix == ".py"
        self.call.clear()
        self.call.setEnabled(python)
        self.said.say(self.tr("The code of a .py file is shown to you before it is run."))
        if not python or not _is_file(path):
            return
        try:
            names = classes_in(path)
        except SourceError as error:
            self.said.say(str(error), "problem")
            return
        self.call.addItems([f"{name}()" for name in names])
        self.call.setCurrentIndex(len(names) - 1)  # parts are mostly written before the whole
        if not names:
            self.said.say(self.tr("No class in {} could be a model.").format(path.name), "problem")

    def request(self) -> "Callable[[Inputs], OpenRequest]":
        """Return what asks for the file; raises SourceError where there is none."""
        path = Path(self.path.text().strip())
        if not self.path.text().strip():
            raise SourceError(
                "Name a file: a .py with a model's class in it, a project (.modelwright), or a"
                " recipe (.json)."
            )
        if not _is_file(path):
            raise SourceError(f"There is no file {path}.")
        call = self.call.currentText().strip() if path.suffix == ".py" else ""
        text = f"{path}:{call}" if call else str(path)
        return lambda inputs: OpenRequest(text, inputs=inputs)


def classes_in(path: Path) -> list[str]:
    """Return what of a ``.py`` may be a model, by reading it; raises SourceError if that fails."""
    try:
        data = path.read_bytes()
        tree = ast.parse(data)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}.") from error
    except SyntaxError as error:
        line = f" in line {error.lineno}" if error.lineno else ""
        raise SourceError(f"{path.name} is no Python{line}: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(f"{path.name} is no Python that can be read.") from error
    from core.offered import offers_in
    from core.user_code import Code

    offers = sorted(offers_in(Code(path, data)), key=lambda each: each.kind == "class")
    offered = [each.name for each in offers]
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
    return offered or classes  # a base that nobody has read may be a model all the same


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, or one no file system takes
        return False
