"""What the commands on files of weights do: the sheets that load, save, compare and convert."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog

import core
from core.errors import CheckpointError

if TYPE_CHECKING:
    from app.commands import Commands
    from app.desk import Desk
    from app.dialogs.load import LoadSheet
    from app.main_window import MainWindow
    from core.checkpoint import Loaded
    from core.files import Named


class CheckpointCommands(QObject):
    """The verbs of a window for checkpoints; a dialog is imported when it is first asked for."""

    def __init__(self, window: "MainWindow", commands: "Commands") -> None:
        super().__init__(commands)
        self.window, self._commands = window, commands
        self.desk: Desk = window.desk

    def load(self, path: Path | None = None) -> None:
        """Show the sheet where a file of weights is understood, matched and loaded."""
        from app.dialogs.load import LoadSheet

        state, window = self.desk.state, self.window
        sheet = LoadSheet(state, window.jobs, window)

        def loaded(found: "Loaded") -> None:
            assert state.document is not None
            window.settings.note_recent(str(sheet.case.path))
            self.desk.take_loaded(found, state.document, sheet.case.path)

        def browse() -> None:
            found = ask_checkpoint(sheet, window.settings)
            if found is not None:
                sheet.open_file(found)

        def browse_folders() -> None:
            found = QFileDialog.getExistingDirectory(
                sheet, self.tr("Load a checkpoint that is a folder"), str(window.settings.folder)
            )
            if found:
                window.settings.folder = Path(found).parent
                sheet.open_file(Path(found))

        from app.dialogs.save_weights import ask_checkpoint

        sheet.loaded.connect(loaded)
        sheet.build_wanted.connect(self.build_for)
        sheet.explore_wanted.connect(self.explore)
        sheet.browse_wanted.connect(browse)
        sheet.folder_wanted.connect(browse_folders)
        sheet.code_wanted.connect(partial(self._write_code, sheet))
        sheet.open()
        if path is not None:
            sheet.open_file(path)
        else:
            browse()

    def _write_code(self, sheet: "LoadSheet", path: Path) -> None:
        """Ask where to, and write the Python that builds the model as it is on the desk."""
        from app.dialogs.save_weights import ask_code_target

        document, script = self.desk.state.document, sheet.place.script
        found = ask_code_target(sheet, path)
        if document is not None and found is not None:
            script.is_tried(found)
            self.window.jobs.start(
                lambda _: core.write_code(document, found, overwrite=True),
                script.was_written,
                script.was_not_written,
                title=f"Writing {found.name}",
            )

    def build_for(self, source: str, path: Path) -> None:
        """Open the model that a file is of, and come back with the file; a whole model is both."""
        if source == str(path):
            self._commands.open_source(source, whole=True)
            return

        def build() -> None:
            once = Qt.ConnectionType.SingleShotConnection
            come_back = partial(QTimer.singleShot, 0, self, lambda: self.load(path))
            # The desk shows the model only after it has said that it was opened.
            self.desk.opened.connect(lambda _: come_back(), once)
            self.desk.open(source)

        self._commands.discarding(build)

    def explore(self, path: Path | None = None) -> None:
        """Show what stands in a file of weights, in a window of its own."""
        from app.dialogs.save_weights import ask_checkpoint
        from app.explorer import ExplorerWindow

        path = path or ask_checkpoint(self.window, self.window.settings)
        if path is not None:
            explorer = ExplorerWindow(self.window.jobs, self.window)
            explorer.load_wanted.connect(self.load)
            explorer.show_alone()
            explorer.open_file(path)

    def ask_allowance(self, source: str, again: Callable[..., None]) -> None:
        """Show what a whole model would call; what was allowed for its content before, is."""
        path, window = Path(source), self.window

        def known(found: "tuple[str, tuple[Named, ...]]") -> None:
            digest, names = found
            wanted = tuple(each.name for each in names)
            _, *before = window.settings.allowed.get(digest, ("",))
            if wanted and set(wanted) <= set(before):
                again(allow=wanted)
            else:
                self._show_danger(path, digest, names, again)

        window.jobs.start(lambda _: _dangers(path), known, title=f"Reading {path.name}")

    def _show_danger(
        self, path: Path, digest: str, names: "tuple[Named, ...]", again: Callable[..., None]
    ) -> None:
        from app.dialogs.danger import DangerSheet

        sheet = DangerSheet(path, names, self.window.settings, self.window)

        def allowed(ticked: tuple[str, ...], classes: Path | None) -> None:
            if ticked:
                self.window.settings.allow(digest, path.name, ticked)
            again(allow=ticked, classes=str(classes) if classes is not None else None)

        sheet.allowed.connect(allowed)
        sheet.open()

    def save(self) -> None:
        """Show the sheet that saves a checkpoint in any form."""
        from app.dialogs.save import SaveSheet
        from app.dialogs.save_weights import ask_place, stem

        state, settings = self.desk.state, self.window.settings
        usual = settings.folder / f"{stem(state.name)}.pth"
        sheet = SaveSheet(state, self.window.jobs, usual, self.window)

        def browse(path: Path) -> None:
            found = ask_place(sheet, settings, path)
            if found is not None:
                sheet.path.setText(str(found))

        sheet.browse_wanted.connect(browse)
        sheet.saved.connect(self.desk.note_saved)
        sheet.open()

    def convert(self, paths: list[Path] | None = None) -> None:
        """Show the queue that converts files of weights."""
        from app.dialogs.convert import ConvertSheet

        sheet = ConvertSheet(self.window.jobs, self.window.settings, self.window)
        sheet.add(paths or [])
        sheet.open()

    def compare(self) -> None:
        """Show what differs between two checkpoints."""
        from app.dialogs.compare import CompareSheet

        CompareSheet(self.desk.state, self.window.jobs, self.window.settings, self.window).open()


def _dangers(path: Path) -> "tuple[str, tuple[Named, ...]]":
    """Return the SHA-256 of a file, and what opening it as a whole model would call."""
    dangerous = core.read_contents(path).dangerous
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be read ({error.strerror}); nothing of it was run. Look whether it"
            " is still there."
        ) from error
    return digest, dangerous
