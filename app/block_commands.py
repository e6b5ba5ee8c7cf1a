"""What the commands on the user's own blocks do: saving, importing, renaming, throwing away."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

import core
from core.errors import ModelwrightError, NotTrusted, SaveRefused

if TYPE_CHECKING:
    from app.commands import Commands
    from app.dialogs.blocks import ShelfSheet
    from app.main_window import MainWindow
    from core.catalog import BlockFile


class BlockCommands(QObject):
    """The verbs of a window for blocks. What is done shows in the palette at once."""

    def __init__(self, window: "MainWindow", commands: "Commands") -> None:
        super().__init__(commands)
        self.window = window
        self._shelf: ShelfSheet | None = None

    def save(self) -> None:
        """Ask what the selected module, or the chosen steps, are to be called as a block."""
        from app.dialogs.blocks import SaveBlockSheet

        window = self.window
        state = window.desk.state
        if state.document is None:
            return
        path, steps = state.current or "", window.flow.chosen_steps
        if len(steps) > 1:
            path = window.flow.path
        else:
            steps = ()
        sheet = SaveBlockSheet(state, path, window.jobs, window, steps=steps)
        sheet.given.connect(self._saved)
        sheet.open()

    def show_shelf(self) -> None:
        """Show the blocks on the shelf, and what can be done with them."""
        from app.dialogs.blocks import ShelfSheet

        self._shelf = sheet = ShelfSheet(self.window)
        sheet.import_wanted.connect(self.take_in)
        sheet.allow_wanted.connect(self.allow)
        sheet.export_wanted.connect(self.give_away)
        sheet.rename_wanted.connect(self.rename)
        sheet.removal_wanted.connect(self.remove)
        sheet.finished.connect(self._forget_shelf)
        sheet.open()

    def take_in(self) -> None:
        """Ask for a file of blocks, show its code, and put it on the shelf after a yes."""
        found, _ = QFileDialog.getOpenFileName(
            self._parent, self.tr("Import blocks"), str(self.window.settings.folder),
            self.tr("Python (*.py)"),
        )  # fmt: skip
        if found:
            self.window.settings.folder = Path(found).parent
            self._import(Path(found))

    def allow(self, name: str) -> None:
        """Show the code of a file that came to the shelf by other ways; it may run after a yes."""
        self._trusting(lambda trust: core.allow_block(name, trust=trust), self.tr("Allowed {}"))

    def give_away(self, name: str) -> None:
        """Ask where to, and copy the file of a block there."""
        from core.catalog.own_blocks import block_file_name

        start = self.window.settings.folder / block_file_name(name)
        found, _ = QFileDialog.getSaveFileName(
            self._parent, self.tr("Export {}").format(name), str(start), self.tr("Python (*.py)")
        )
        if found:  # the file dialog has asked about writing over what is there
            self._doing(
                lambda: core.export_block(name, found, overwrite=True),
                lambda path: self._tell(name, self.tr("Saved {}").format(path)),
            )

    def rename(self, name: str) -> None:
        """Ask for another name; models that have the block keep the old one."""
        new, agreed = QInputDialog.getText(
            self._parent, self.tr("Rename {}").format(name), self.tr("Name"), text=name
        )
        if agreed and new.strip() != name:
            self._doing(
                lambda: core.rename_block(name, new.strip()),
                lambda _: self._changed(new.strip(), self.tr("{} is now {}").format(name, new)),
            )

    def remove(self, name: str) -> None:
        """Throw the file of a block away, after asking: that cannot be undone."""
        buttons = QMessageBox.StandardButton
        text = self.tr(
            "Throw away the file of {}? Models that have the block keep it; the file is gone."
        )
        asked = QMessageBox.question(
            self._parent, self.tr("Remove a block"), text.format(name),
            buttons.Discard | buttons.Cancel, buttons.Cancel,
        )  # fmt: skip
        if asked == buttons.Discard:
            removed = self.tr("Removed {}").format(name)
            self._doing(lambda: core.remove_block(name), lambda _: self._changed("", removed))

    def _import(self, path: Path) -> None:
        def take(trust: "core.Code | bool") -> "BlockFile":
            try:
                return core.import_block(path, trust=trust)
            except SaveRefused as error:
                if "overwriting" not in str(error) or not self._may_overwrite(str(error)):
                    raise
                return core.import_block(path, trust=trust, overwrite=True)

        self._trusting(take, self.tr("Imported {}"))

    def _may_overwrite(self, why: str) -> bool:
        buttons = QMessageBox.StandardButton
        asked = QMessageBox.question(
            self._parent, self.tr("Import blocks"), why, buttons.Yes | buttons.Cancel,
            buttons.Cancel,
        )  # fmt: skip
        return asked == buttons.Yes

    def _trusting(self, doing: "Callable[[core.Code | bool], BlockFile]", said: str) -> None:
        """Do what needs a yes to some code: show the code, and do it after the yes to that."""
        from app.dialogs.trust import TrustDialog

        try:
            self._told(doing(False), said)
        except NotTrusted as error:
            code = core.Code(error.path, error.data)
            dialog = TrustDialog(code.path, code.data, self._parent)
            dialog.accepted.connect(
                lambda: self._doing(lambda: doing(code), lambda file: self._told(file, said))
            )
            dialog.open()
        except ModelwrightError as error:
            self._refuse(str(error))

    def _doing(self, work: Callable[[], object], then: "Callable[..., None]") -> None:
        try:
            found = work()
        except ModelwrightError as error:
            self._refuse(str(error))
        else:
            then(found)

    def _told(self, file: "BlockFile", said: str) -> None:
        self._changed(file.names[0] if file.names else "", said.format(", ".join(file.names)))

    def _saved(self, file: "BlockFile") -> None:
        name = ", ".join(file.names)
        self._changed(name, self.tr("Saved {}; it is in the palette, under My blocks").format(name))

    def _changed(self, name: str, said: str) -> None:
        self.window.palette_panel.fill()
        self._tell(name, said)

    def _tell(self, name: str, said: str) -> None:
        if self._shelf is not None:
            self._shelf.fill(name, said)
        self.window.show_note(said)

    def _refuse(self, text: str) -> None:
        if self._shelf is not None:
            self._shelf.refuse(text)
        else:
            self.window.show_refusal(text)

    def _forget_shelf(self) -> None:
        self._shelf = None

    @property
    def _parent(self) -> "ShelfSheet | MainWindow":
        return self._shelf if self._shelf is not None else self.window
