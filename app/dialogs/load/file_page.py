"""The first step: what the file is, what stands in it, and which model it may be of."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app import tables
from app.dialogs.load.case import Case
from app.item_models.stored_tree import StoredTreeModel
from app.item_models.texts import TextRow, TextTable
from app.parts import WrappedLabel
from app.said import Said
from app.stored_tree_view import StoredTreeView

if TYPE_CHECKING:
    from core.files import Contents
    from core.files.which import Guess

_GUESSES = 3
#: A tree of so few rows is shown open.
_MOST_OPENED = 40


class FilePage(QWidget):
    """``build_wanted``: the source of the model a file seems to be of. ``explore_wanted``."""

    build_wanted = Signal(str)
    explore_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a tensor"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Find a tensor of the file"))
        self.explore = QPushButton(self.tr("E&xplore…"))
        self.explore.setToolTip(self.tr("Look at the values: statistics, histograms, heat maps"))
        self.explore.setAutoDefault(False)
        self.explore.clicked.connect(self.explore_wanted)
        self.tensors = StoredTreeModel()
        self.tree = StoredTreeView(self.tensors)
        tables.dress_tree(self.tree, self.tr("Tensors of the file"), (34, 18, 15, 11, 12), 0)
        self.search.textChanged.connect(self._find)
        self.models = GuessList()
        self.models.chosen.connect(self.build_wanted)
        self.values = TextTable((self.tr("Entry"), self.tr("Value")))
        self.names = TextTable((self.tr("Verdict"), self.tr("Name"), self.tr("What it is")))
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.addTab(self._table(self.values, (26, 30), 1), self.tr("Everything else"))
        self.pages.addTab(self._table(self.names, (18, 36, 28), 2), self.tr("What it names"))
        self._lay_out()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.addWidget(self.search, 1)
        tools.addWidget(self.explore)
        left, right = QWidget(), QWidget()
        one, other = QVBoxLayout(left), QVBoxLayout(right)
        for column in (one, other):
            column.setContentsMargins(0, 6, 0, 0)
        one.addLayout(tools)
        one.addWidget(self.tree, 1)
        other.addWidget(self.models)
        other.addWidget(self.pages, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(right)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(split)

    def _table(self, model: TextTable, letters: tuple[int, ...], stretched: int) -> QTableView:
        table = QTableView()
        table.setModel(model)
        tables.dress(table, ", ".join(model.headers), letters, stretched)
        return table

    def show_case(self, case: Case) -> None:
        """Show what is known of the file."""
        contents = case.contents
        self.tensors.show_tensors(contents.tensors if contents is not None else {})
        devices = {each.device for each in contents.tensors.values()} if contents else set()
        self.tree.setColumnHidden(4, devices <= {"", "cpu"})
        self._open_what_is_short()
        self.models.show_guesses(case.guesses, contents, opened=case.document is not None)
        self.values.show_rows(_values(contents))
        self.names.show_rows(_names(contents))
        self.explore.setEnabled(contents is not None and bool(contents.tensors))
        for place, model in enumerate((self.values, self.names)):
            title = (self.tr("Everything else"), self.tr("What it names"))[place]
            count = model.rowCount()
            self.pages.setTabText(place, f"{title} ({count})" if count else title)
        if contents is not None and contents.dangerous:
            self.pages.setCurrentIndex(1)

    def _find(self, text: str) -> None:
        self.tensors.show_only(text)
        if text:
            self.tree.expandToDepth(2)
        else:
            self._open_what_is_short()

    def _open_what_is_short(self) -> None:
        root = self.tensors.root
        if sum(1 for _ in root.walk()) <= _MOST_OPENED:
            self.tree.expandAll()
        elif len(root.children) == 1:
            self.tree.expandToDepth(0)


class GuessList(QWidget):
    """The models that names and shapes speak for, each with its evidence and a button."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 8)
        self.title = QLabel(self.tr("Which model is this?"))
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.said = Said()
        self._column.addWidget(self.title)
        self._column.addWidget(self.said)
        self.buttons: list[QPushButton] = []
        self._rows: list[QWidget] = []

    def show_guesses(
        self, guesses: "tuple[Guess, ...]", contents: "Contents | None", opened: bool
    ) -> None:
        """Show the likeliest; ``opened``: a model is open, which may well be the right one."""
        for row in self._rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self._rows, self.buttons = [], []
        whole = contents is not None and contents.kind == "whole model"
        if whole and contents is not None:
            self._add(self.tr("The file is a whole model: its classes can be built from it."),
                      str(contents.path), self.tr("Open the whole model"))  # fmt: skip
        for guess in guesses[:_GUESSES]:
            self._add(str(guess), guess.source, self.tr("Build {}").format(_short(guess.source)))
        nothing = bool(contents and contents.weights) and not guesses and not whole
        text = self.tr("No model that is known by name has tensors like these. Open the model"
                       " yourself, then load the file into it.")  # fmt: skip
        self.said.say(text if nothing else "")
        self.said.setVisible(nothing)
        self.title.setVisible(bool(self._rows) or nothing)

    def _add(self, text: str, source: str, title: str) -> None:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        label = WrappedLabel(text)
        button = QPushButton(title)
        button.setAutoDefault(False)
        button.setToolTip(self.tr("Open {} and load this file into it").format(source))
        button.clicked.connect(lambda: self.chosen.emit(source))
        line.addWidget(label, 1)
        line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._column.addWidget(row)
        self._rows.append(row)
        self.buttons.append(button)


def _short(source: str) -> str:
    return source.removeprefix("torchvision:").partition("(")[0]


def _values(contents: "Contents | None") -> list[TextRow]:
    if contents is None:
        return []
    note = QCoreApplication.translate("FilePage", "note")
    notes = [TextRow((note, each)) for each in contents.notes]
    return [
        *notes,
        *(TextRow((name, text)) for name, text in contents.values.items()),
        *(TextRow((name, text)) for name, text in contents.metadata.items()),
    ]


def _names(contents: "Contents | None") -> list[TextRow]:
    if contents is None:
        return []
    return [
        TextRow(
            (each.verdict, each.name, each.why),
            "ok" if each.verdict == "known" else "warning",
            "good" if each.verdict == "known" else "problem",
        )
        for each in contents.names
    ]
