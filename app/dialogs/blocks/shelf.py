"""The shelf of the user's own blocks: what is on it, taken in, given away, renamed, thrown away."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

import core
from app import icons
from app.parts import WrappedLabel
from app.said import Said

if TYPE_CHECKING:
    from core.catalog import BlockFile

_FILE = Qt.ItemDataRole.UserRole


class ShelfSheet(QDialog):
    """Lists the files on the shelf. Each signal asks for something to be done with a block.

    ``import_wanted``; ``allow_wanted``, ``export_wanted``, ``rename_wanted`` and
    ``removal_wanted`` with a block's name. Whoever does it calls :meth:`fill` after.
    """

    import_wanted = Signal()
    allow_wanted = Signal(str)
    export_wanted = Signal(str)
    rename_wanted = Signal(str)
    removal_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("My blocks"))
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("My blocks"))
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels([self.tr("Block"), self.tr("What it is"), self.tr("File")])
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.list.header().setStretchLastSection(False)
        self.about = WrappedLabel()
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.said = Said(lines=2)
        self.said.setAccessibleName(self.tr("What became of it"))
        self.take_in = self._button("import", self.tr("&Import…"))
        self.allow = self._button("ok", self.tr("&Look and Allow…"))
        self.give = self._button("export", self.tr("&Export…"))
        self.rename = self._button("rename", self.tr("Re&name…"))
        self.remove = self._button("trash", self.tr("&Remove…"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self.list.itemSelectionChanged.connect(self._follow)
        self.take_in.clicked.connect(self.import_wanted)
        for button, signal in (
            (self.allow, self.allow_wanted), (self.give, self.export_wanted),
            (self.rename, self.rename_wanted), (self.remove, self.removal_wanted),
        ):  # fmt: skip
            button.clicked.connect(lambda _=False, signal=signal: signal.emit(self.chosen))
        self.fill()

    def _button(self, icon: str, text: str) -> QPushButton:
        button = QPushButton(icons.icon(icon), text)
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        beside = QVBoxLayout()
        for button in (self.take_in, self.allow, self.give, self.rename, self.remove):
            beside.addWidget(button)
        beside.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self.list, 1)
        row.addLayout(beside)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addLayout(row, 1)
        column.addWidget(self.about)
        column.addWidget(self.said)
        column.addWidget(self.buttons)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.resize(letter * 110, line * 24)

    @property
    def chosen(self) -> str:
        """The name of the block that is selected, or ``""``."""
        item = self._item()
        return item.text(0) if item is not None else ""

    def fill(self, chosen: str = "", said: str = "") -> None:
        """Show what is on the shelf now, with a block selected, and what became of it."""
        self.list.clear()
        for file in core.block_files():
            for name in file.names or (file.path.stem,):
                told = file.problem or file.summary
                item = QTreeWidgetItem([name, told, file.path.name])
                item.setIcon(0, icons.icon("warning") if file.problem else icons.kind_icon("block"))
                item.setData(0, _FILE, file)
                item.setToolTip(1, told)
                self.list.addTopLevelItem(item)
        for column in (0, 2):
            self.list.resizeColumnToContents(column)
        found = self.list.findItems(chosen, Qt.MatchFlag.MatchExactly) if chosen else []
        first = found[0] if found else self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)
        self.said.say(said, "good" if said else "muted")
        self._follow()

    def refuse(self, text: str) -> None:
        """Say why something was not done."""
        self.said.say(text, "problem")

    def _follow(self) -> None:
        item = self._item()
        file: BlockFile | None = item.data(0, _FILE) if item is not None else None
        self.allow.setEnabled(file is not None and not file.agreed and bool(file.names))
        for button in (self.give, self.rename, self.remove):
            button.setEnabled(file is not None and bool(file.names))
        if file is None:
            self.about.setText(
                self.tr("Nothing is here yet. Select a module, and choose Model > Save as Block…")
            )
        else:
            self.about.setText(str(file.path))

    def _item(self) -> QTreeWidgetItem | None:
        chosen = self.list.selectedItems()
        return chosen[0] if chosen else None
