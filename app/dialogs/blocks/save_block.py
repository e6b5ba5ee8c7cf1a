"""The sheet that keeps a part of a model as a block of the user's own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialogButtonBox,
    QLineEdit,
    QListWidgetItem,
    QWidget,
)

import core
from app.consequence import Consequence
from app.jobs import Jobs
from app.state import State
from app.tick_list import TickList
from app.trying_sheet import TryingSheet
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.document import Document
    from core.export import BlockParameter

_INSIDE = "saved_block"
_PARAMETER = Qt.ItemDataRole.UserRole
_MOST_PLACES = 3


class SaveBlockSheet(TryingSheet):
    """Asks what the module at ``path`` is to be called as a block, and what can be chosen in it.

    With ``steps`` it is only these steps of its forward. ``given`` carries the
    :class:`~core.catalog.BlockFile` once the block is on the shelf; it was built from its own code
    before, and has the weights of the module by name and shape.
    """

    def __init__(
        self,
        state: State,
        path: str,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        steps: tuple[str, ...] = (),
    ) -> None:
        assert state.document is not None
        what = ", ".join(steps[:4]) + (" …" if len(steps) > 4 else "")
        what = what or path or type(state.document.root).__name__
        super().__init__(f"Save {what} as a block", jobs, parent)
        self._given = (state.document, path, steps)
        self._part: tuple[Document, str] | None = None
        self.name = QLineEdit(_class_name(state.document, path, steps))
        self.summary = QLineEdit()
        self.summary.setPlaceholderText(self.tr("what it is, in a line"))
        self.parameters = TickList()
        self.parameters.setAccessibleName(self.tr("Parameters"))
        self.parameters.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.overwrite = QCheckBox(self.tr("&Overwrite my block of that name"))
        self.form.addRow(self.tr("&Name"), self.name)
        self.form.addRow(self.tr("&Summary"), self.summary)
        self.form.addRow(self.tr("&Parameters"), self.parameters)
        self.form.addRow("", self.overwrite)
        self.form.setRowVisible(self.overwrite, False)
        save = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        save.setText(self.tr("&Save"))
        for field in (self.name, self.summary):
            field.textChanged.connect(self.changed)
        self.parameters.itemChanged.connect(self.changed)
        self.overwrite.toggled.connect(self.changed)
        self.said.say(self.tr("Looking for what can be chosen in it…"), "muted")
        given = self._given
        jobs.start(
            lambda _: _suggested(*given), self._know, self.refuse,
            title=self.tr("Reading {}").format(path or self.tr("the model")), wait=0.02,
        )  # fmt: skip
        self.name.selectAll()
        self.name.setFocus()

    def _know(self, found: "tuple[Document, str, tuple[BlockParameter, ...]]") -> None:
        """Offer the parameters, all of them checked."""
        document, path, parameters = found
        self._part = document, path
        self.parameters.blockSignals(True)
        for each in parameters:
            item = QListWidgetItem(_told(each))
            item.setToolTip("\n".join(each.places))
            item.setData(_PARAMETER, each)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.parameters.addItem(item)
        self.parameters.blockSignals(False)
        height = self.parameters.sizeHintForRow(0) if parameters else 0
        rows = min(8, self.parameters.count())
        self.parameters.setFixedHeight(rows * height + 2 * self.parameters.frameWidth() + 4)
        self.form.setRowVisible(self.parameters, bool(parameters))
        self.adjustSize()
        self.changed()

    @property
    def chosen(self) -> "tuple[BlockParameter, ...]":
        """The parameters that are checked."""
        items = (self.parameters.item(row) for row in range(self.parameters.count()))
        on = Qt.CheckState.Checked
        return tuple(each.data(_PARAMETER) for each in items if each.checkState() == on)

    def trying(self) -> Callable[[], Consequence]:
        part, name, overwrite = self._part, self.name.text().strip(), self.overwrite.isChecked()
        summary, parameters = self.summary.text().strip(), self.chosen

        def check() -> Consequence:
            from core.catalog.own_blocks import block_file_name, check_block_name

            if part is None:
                return Consequence("Looking for what can be chosen in it…", refused=True)
            check_block_name(name, overwrite=overwrite)
            core.block_source(*part, name, parameters, summary=summary)
            called = ", ".join(f"{each.name}={each.default!r}" for each in parameters)
            return Consequence(
                f"{name}({called}) comes to the palette, under My blocks. Its file is"
                f" {block_file_name(name)}, plain PyTorch. Where it is placed, its weights are"
                " fresh."
            )

        return check

    def doing(self) -> Callable[[], object]:
        part, name, overwrite = self._part, self.name.text().strip(), self.overwrite.isChecked()
        summary, parameters = self.summary.text().strip(), self.chosen
        assert part is not None
        return lambda: core.save_block(
            *part, name, parameters, summary=summary, overwrite=overwrite
        )

    def refuse(self, error: ModelwrightError) -> None:
        super().refuse(error)
        mine = "You have a block called" in str(error)
        if mine or self.overwrite.isChecked():
            self.form.setRowVisible(self.overwrite, True)


def _suggested(
    document: "Document", path: str, steps: tuple[str, ...]
) -> "tuple[Document, str, tuple[BlockParameter, ...]]":
    if steps:
        document = core.Group(path, steps, _INSIDE).apply(document)
        path = f"{path}.{_INSIDE}" if path else _INSIDE
    return document, path, core.suggest_parameters(document, path)


def _class_name(document: "Document", path: str, steps: tuple[str, ...]) -> str:
    """Return a name to begin with: of the module, or of its class."""
    if steps:
        return "MyBlock"
    own = path.rpartition(".")[2]
    words = own.split("_") if own.isidentifier() else [type(document.module(path)).__name__]
    return "".join(each[:1].upper() + each[1:] for each in ("my", *words))


def _told(parameter: "BlockParameter") -> str:
    places = list(parameter.places[:_MOST_PLACES])
    more = len(parameter.places) - len(places)
    told = ", ".join(places) + (f" and {more} more" if more > 0 else "")
    return f"{parameter.name} = {parameter.default!r}, at {told}"
