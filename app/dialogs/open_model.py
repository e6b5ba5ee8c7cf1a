"""The sheet that opens a model: from the zoo, from a file, from an expression."""

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

import core
from app import theme
from app.item_models.zoo import ZooModel
from app.jobs import Jobs
from app.request import OpenRequest
from core.errors import ModelwrightError, SourceError

if TYPE_CHECKING:
    from core.document import InputSpec
    from core.source import ModelEntry

    Inputs = tuple[InputSpec, ...] | None

EXAMPLE = """Sequential(
    fc1=Linear(784, 256),
    relu=ReLU(),
    fc2=Linear(256, 10),
)"""


class OpenDialog(QDialog):
    """``wanted`` carries an :class:`OpenRequest`; what makes no sense is answered in place."""

    wanted = Signal(object)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Open a model"))
        self.zoo = ZooPage(jobs)
        self.file = FilePage()
        self.expression = ExpressionPage()
        self.pages = QTabWidget()
        self.pages.addTab(self.zoo, self.tr("&Zoo"))
        self.pages.addTab(self.file, self.tr("&File"))
        self.pages.addTab(self.expression, self.tr("&Layers"))
        self.input = QLineEdit()
        self.input.setPlaceholderText(self.tr("as usual for the model, such as 1,3,224,224"))
        self.input.setAccessibleName(self.tr("Input shape"))
        form = QFormLayout()
        form.addRow(self.tr("&Input"), self.input)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        palette = self.said.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.tone("problem"))
        self.said.setPalette(palette)
        self.said.hide()
        self.buttons = QDialogButtonBox()
        self.opens = self.buttons.addButton(self.tr("Open"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.ask)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.pages, 1)
        column.addLayout(form)
        column.addWidget(self.said)
        column.addWidget(self.buttons)
        for page in (self.zoo, self.file, self.expression):
            page.activated.connect(self.ask)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.resize(letter * 110, line * 34)
        self.zoo.search.setFocus()

    def ask(self) -> None:
        """Ask for what is chosen, or say what is missing."""
        page = self.pages.currentWidget()
        assert isinstance(page, ZooPage | FilePage | ExpressionPage)
        try:
            request = page.request(self._inputs())
        except ModelwrightError as error:
            self.said.setText(str(error))
            self.said.show()
            return
        self.accept()
        self.wanted.emit(request)

    def _inputs(self) -> "Inputs":
        text = self.input.text().strip()
        return core.parse_inputs(text) if text else None


class ZooPage(QWidget):
    """torchvision's models as a table; the weights and how to build it below."""

    activated = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.model = ZooModel()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search: resnet, segmentation, video …"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search models"))
        self.search.textChanged.connect(self._look)
        self.search.returnPressed.connect(self.activated)
        self.table = self._table()
        self.weights = QComboBox()
        self.weights.setAccessibleName(self.tr("Weights"))
        self.structure = QCheckBox(self.tr("Structure only, without memory for weights"))
        self.note = QLabel()
        column = QVBoxLayout(self)
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        row = QHBoxLayout()
        label = QLabel(self.tr("&Weights"))
        label.setBuddy(self.weights)
        row.addWidget(label)
        row.addWidget(self.weights)
        row.addWidget(self.note, 1)
        row.addWidget(self.structure)
        column.addLayout(row)
        self.table.selectionModel().currentRowChanged.connect(self._show_weights)
        self.weights.currentIndexChanged.connect(self._say_network)
        self.structure.toggled.connect(self.weights.setDisabled)
        jobs.start(lambda _: core.models(), self.show_models, title=self.tr("Reading the zoo"))

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Models"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSortingEnabled(True)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(round(table.fontMetrics().height() * 1.5))
        letter = table.fontMetrics().averageCharWidth()
        for column, letters in enumerate((30, 20, 13, 11, 9, 14, 12)):
            table.horizontalHeader().resizeSection(column, letters * letter)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.doubleClicked.connect(self.activated)
        return table

    def show_models(self, entries: "list[ModelEntry]") -> None:
        """Show the models that there are."""
        self.model.show_models(entries)
        self._look(self.search.text())

    def _look(self, text: str) -> None:
        self.model.show_only(text)
        if self.model.rowCount():
            self.table.selectRow(0)
        self._show_weights()

    @property
    def entry(self) -> "ModelEntry | None":
        """The model that is chosen."""
        row = self.table.currentIndex().row()
        return self.model.entries[row] if 0 <= row < len(self.model.entries) else None

    def _show_weights(self, *_: QModelIndex) -> None:
        self.weights.clear()
        self.weights.addItem(self.tr("Random"), False)
        for name in self.entry.weights if self.entry is not None else ():
            self.weights.addItem(name, name)

    def _say_network(self) -> None:
        pretrained = bool(self.weights.currentData())
        self.note.setText(self.tr("downloaded once, then kept") if pretrained else "")

    def request(self, inputs: "Inputs") -> OpenRequest:
        """Return what is asked for; raises SourceError where nothing is chosen."""
        entry = self.entry
        if entry is None:
            raise SourceError("Choose a model in the table first.")
        structure = True if self.structure.isChecked() else None
        pretrained = False if structure else self.weights.currentData() or False
        return OpenRequest(entry.source, pretrained, structure, inputs)


class FilePage(QWidget):
    """A ``.py`` with the class in it, or a recipe. The file is read, never run, here."""

    activated = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.path = QLineEdit()
        self.path.setPlaceholderText("net.py, recipe.json")
        self.path.setAccessibleName(self.tr("File"))
        self.path.textChanged.connect(self._read)
        self.path.returnPressed.connect(self.activated)
        self.browse = QPushButton(self.tr("Browse…"))
        self.browse.clicked.connect(self._browse)
        self.call = QComboBox()
        self.call.setEditable(True)
        self.call.setAccessibleName(self.tr("Class and arguments"))
        row = QHBoxLayout()
        row.addWidget(self.path, 1)
        row.addWidget(self.browse)
        self.note = QLabel(self.tr("The code of a .py file is shown to you before it is run."))
        self.note.setWordWrap(True)
        form = QFormLayout(self)
        form.addRow(self.tr("&Path"), row)
        form.addRow(self.tr("&Class"), self.call)
        form.addRow(self.note)

    def _browse(self) -> None:
        kinds = self.tr("Models and recipes (*.py *.json);;All files (*)")
        found, _ = QFileDialog.getOpenFileName(self, self.tr("Open a file"), "", kinds)
        if found:
            self.path.setText(found)

    def _read(self, text: str) -> None:
        names = classes_in(Path(text)) if text.endswith(".py") else []
        self.call.clear()
        self.call.addItems([f"{name}()" for name in names])
        self.call.setEnabled(text.endswith(".py"))

    def request(self, inputs: "Inputs") -> OpenRequest:
        """Return what is asked for; raises SourceError where there is no file."""
        path = Path(self.path.text().strip())
        if not self.path.text().strip():
            raise SourceError("Name a file: a .py with a model's class in it, or a recipe (.json).")
        if not path.is_file():
            raise SourceError(f"There is no file {path}.")
        call = self.call.currentText().strip() if path.suffix == ".py" else ""
        return OpenRequest(f"{path}:{call}" if call else str(path), inputs=inputs)


class ExpressionPage(QWidget):
    """A model from nothing: layers, as one writes them."""

    activated = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = QPlainTextEdit(EXAMPLE)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(self.tr("Layers"))
        self.text.setTabChangesFocus(True)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        note = QLabel(self.tr("Layers as in a script; nothing of it is run, it is only read."))
        column = QVBoxLayout(self)
        column.addWidget(note)
        column.addWidget(self.text, 1)
        column.addWidget(self.said)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(150)
        self._timer.timeout.connect(self._check)
        self.text.textChanged.connect(self._timer.start)

    def _check(self) -> None:
        try:
            core.parse_spec(self.text.toPlainText())
            said, tone = self.tr("This can be read."), theme.tone("good")
        except ModelwrightError as error:
            said, tone = str(error), theme.tone("problem")
        palette = self.said.palette()
        palette.setColor(QPalette.ColorRole.WindowText, tone)
        self.said.setPalette(palette)
        self.said.setText(said)

    def request(self, inputs: "Inputs") -> OpenRequest:
        """Return what is asked for; raises SpecError for what is no layer."""
        text = self.text.toPlainText().strip()
        return OpenRequest(str(core.parse_spec(text)), inputs=inputs)


def classes_in(path: Path) -> list[str]:
    """Return the classes a ``.py`` defines, by reading it; none where it cannot be read."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
