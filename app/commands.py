"""What the commands of the window do: questions to the user, then requests to the desk.

A dialog is imported when it is first asked for: the window's first frame waits for none of them.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QGuiApplication

import core
from app import mime, verbs
from app.block_commands import BlockCommands
from app.checkpoint_commands import CheckpointCommands
from app.consequence import Consequence
from app.flow_commands import FlowCommands
from app.project_commands import ProjectCommands
from app.request import OpenRequest
from app.spots import Spot, consequence, edit_for_layer, edit_for_modules, spec_for
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from app.desk import Desk
    from app.main_window import MainWindow
    from app.state import State
    from core.errors import Unchosen
    from core.user_code import Code


class Commands(QObject):
    """The verbs of a window: each asks what it has to, and leaves the doing to the desk."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self.window = window
        self.desk: Desk = window.desk
        self.checkpoints: CheckpointCommands = CheckpointCommands(window, self)
        self.flow: FlowCommands = FlowCommands(window, self)
        self.blocks: BlockCommands = BlockCommands(window, self)
        self.projects: ProjectCommands = ProjectCommands(window, self)
        self._cut: tuple[Any, tuple[str, ...]] | None = None

    @property
    def state(self) -> "State":
        """What the window shows."""
        return self.desk.state

    # Opening

    def open_model(self) -> None:
        """Show the sheet with the zoo, files and expressions."""
        from app.dialogs.open_model import OpenDialog

        dialog = OpenDialog(self.window.jobs, self.window)
        dialog.wanted.connect(self.open_request)
        dialog.open()

    def open_file(self) -> None:
        """Ask for a file and open it."""
        from app.dialogs.save_weights import ask_file_to_open

        path = ask_file_to_open(self.window, self.window.settings)
        if path is not None:
            self.open_path(path)

    def open_source(
        self,
        text: str,
        *,
        trust: bool = False,
        recipe: Path | None = None,
        selection: tuple[str, ...] = (),
        whole: bool = False,
    ) -> None:
        """Open what was typed, or chosen among the recent ones; then replay and select.

        A file of weights is looked into first, unless it is said to be a ``whole`` model.
        """
        desk = self.desk
        if Path(text).suffix.lower() in mime.WEIGHTS and not whole:
            self.checkpoints.load(Path(text))
            return

        def go_on(_: str) -> None:
            if recipe is not None:
                desk.replay(recipe)
            if selection:
                desk.select(selection)

        if recipe is not None or selection:
            desk.opened.connect(go_on, Qt.ConnectionType.SingleShotConnection)
        self.open_request(OpenRequest(text), trust=trust)

    def open_path(self, path: Path) -> None:
        """Open a file: Python, projects and recipes are models, anything else is looked into."""
        if _is_source(path):
            self.open_request(OpenRequest(str(path)))
        else:
            self.checkpoints.load(path)

    def open_files(self, paths: list[Path]) -> None:
        """Open what was dropped on the window; several files can only be converted at once."""
        if len(paths) == 1:
            self.open_path(paths[0])
        else:
            self.checkpoints.convert(paths)

    def open_request(self, request: OpenRequest, *, trust: bool = False) -> None:
        """Open a model, after asking about steps that are not saved."""
        opening = partial(
            self.desk.open,
            request.text,
            pretrained=request.pretrained,
            structure=request.structure,
            inputs=request.inputs,
            trust=trust,
        )
        self.discarding(opening)

    def ask_trust(self, again: Callable[[], None], code: "Code") -> None:
        """Show the code that opening would run, and open only after a yes."""
        from app.dialogs.trust import TrustDialog

        dialog = TrustDialog(code.path, code.data, self.window)
        dialog.accepted.connect(again)
        dialog.rejected.connect(self.window.welcome.rest)
        dialog.open()

    def ask_choice(self, unchosen: "Unchosen", then: Callable[[str], None]) -> None:
        """Show the models that a file offers, and open the one that is picked."""
        from app.dialogs.pick_model import PickModelDialog

        dialog = PickModelDialog(unchosen, self.window)
        dialog.picked.connect(then)
        dialog.rejected.connect(self.window.welcome.rest)
        dialog.open()

    def close_model(self) -> None:
        """Go back to the start page."""
        self.discarding(self.desk.close)

    def discarding(self, then: Callable[[], Any]) -> None:
        """Do something that forgets the model, after asking about steps that are not saved."""
        from app.dialogs.unsaved import UnsavedDialog

        if self.state.clean:
            then()
            return
        dialog = UnsavedDialog(self.state.title, self.state.unsaved, self.window)

        def answered(answer: str) -> None:
            if answer == "discard":
                then()
            elif answer == "save":
                self.projects.save(then)

        dialog.answered.connect(answered)
        dialog.open()

    # Saving

    def save_weights(self) -> None:
        """Ask where to, and write the weights for plain PyTorch."""
        from app.dialogs.save_weights import ask_weights_target

        report = self.state.report
        problems = len(report.problems) if report is not None else 0
        state, settings = self.state, self.window.settings
        path = ask_weights_target(self.window, settings, state.name, problems, state.document)
        if path is not None:
            self.desk.save(path)

    def save_recipe(self) -> None:
        """Ask where to, and write the steps."""
        from app.dialogs.save_weights import ask_recipe_target

        state, settings = self.state, self.window.settings
        path = ask_recipe_target(self.window, settings, state.name, state.cursor)
        if path is not None:
            self.desk.save_recipe(path)

    # Editing what is selected

    def do(self, verb: str, *arguments: Any) -> None:
        """Do one of :mod:`app.verbs` to the selection."""
        self._asking(lambda: self.desk.ask(getattr(verbs, verb)(self.state, *arguments)))

    def remove(self, paths: list[str]) -> None:
        """Remove the modules that were dropped on the trash; the selected ones where none were."""
        chosen = replace(self.state, selection=tuple(paths)) if paths else self.state
        self._asking(lambda: self.desk.ask(verbs.remove(chosen)))

    def replace(self) -> None:
        """Ask for the layer that comes in the place of the selected one."""
        self._asking(lambda: self.ask_layer(self._current_spec(), verbs.onto(self.state)))

    def insert(self, offset: int, text: str = "") -> None:
        """Ask for the layer that comes before (0) or behind (1) the selected one."""

        def ask() -> None:
            spot = self._gap(offset, text)
            if spot is None:
                self.flow.insert(offset, text)
            else:
                self.ask_layer(text, spot)

        self._asking(ask)

    def insert_operation(self, name: str) -> None:
        """Ask for the arguments of an operation, and between which steps it comes."""
        self.flow.insert(1, name)

    def _gap(self, offset: int, text: str) -> Spot | None:
        """Return the gap beside the selected module; ``None`` where it has to be wired.

        Of the model itself it is the gap at its beginning, or at its end.
        """
        state = self.state
        if self.window.flow.chosen_way is not None:
            return None
        if state.current == "":
            wired = self.flow.is_wired("", text)
            return None if wired else Spot(parent="", index=None if offset else 0)
        spot = verbs.beside(state, offset)
        return None if self.flow.is_wired(spot.parent, text) else spot

    def use_layer(self, name: str) -> None:
        """Put a layer of the palette in the place of the selected module."""
        self.place_layer("replace", name)

    def place_layer(self, how: str, name: str) -> None:
        """Put a layer of the palette onto, before or behind the selected module."""

        def place() -> None:
            offset = 0 if how == "before" else 1
            spot = verbs.onto(self.state) if how == "replace" else self._gap(offset, name)
            if spot is None:
                self.flow.insert(offset, name)
            else:
                self.window.tree.view.put(name, [], spot, True)

        self._asking(place)

    def ask_layer(self, text: str, spot: Spot) -> None:
        """Ask for a layer to put there, starting with ``text``; say what would come of it."""
        from app.dialogs.ask_layer import AskLayerDialog

        report = self.state.report
        if report is None:
            return
        if not spot.onto and self.flow.is_wired(spot.parent, text):
            self.flow.insert_at(spot, text)
            return

        def check(typed: str) -> Consequence:
            try:
                if "(" not in typed and typed.strip():
                    typed = str(spec_for(typed.strip(), report, spot))
                return consequence(report, edit_for_layer(typed, spot))
            except ModelwrightError as error:
                return Consequence(str(error), refused=True)

        def accepted(typed: str) -> None:
            if "(" not in typed:
                typed = str(spec_for(typed.strip(), report, spot))
            self.desk.ask(edit_for_layer(typed, spot))

        dialog = AskLayerDialog(_title(spot), text, check, self.window.jobs, self.window)
        dialog.layer_given.connect(accepted)
        dialog.open()

    def rename(self) -> None:
        """Edit the name where it stands."""
        view = self.window.tree.view
        view.setFocus()
        view.edit(self.window.tree.model.reveal(self.state.current or ""))

    # The clipboard

    def copy(self) -> None:
        """Copy the selected modules; another program gets their layer specs."""
        document = self.state.document
        if document is not None:
            paths = list(self.state.selection)
            specs = "\n".join(str(core.describe(document.module(path))) for path in paths)
            QGuiApplication.clipboard().setMimeData(mime.of_modules(paths, specs))
            self._cut = None
            names = ", ".join(path or self.tr("the model") for path in paths)
            self.window.show_note(self.tr("Copied {}").format(names))

    def cut(self) -> None:
        """Copy the selected modules, and move them when they are pasted."""
        self.copy()
        self._cut = (self.state.document, self.state.selection)
        self.window.show_note(self.tr("Choose a place and paste to move what was cut."))

    def paste(self) -> None:
        """Put what was copied or cut into the selected container, or behind the module."""
        data = QGuiApplication.clipboard().mimeData()
        paths, document = mime.modules_in(data), self.state.document
        if document is None:
            return

        def put() -> None:
            spot = verbs.pasted(self.state)
            if paths:
                moved = self._cut == (document, tuple(paths))
                self.desk.ask(edit_for_modules(document, paths, spot, copy=not moved))
                self._cut = None
            elif data.text().strip():
                self.desk.ask(edit_for_layer(data.text(), spot))
            else:
                self.window.show_note(self.tr("There is nothing to paste."))

        self._asking(put)

    # Finding, looking, settings

    def find(self) -> None:
        """Put the cursor into the filter of the tree."""
        _focus(self.window.tree.find_bar.field)

    def find_layer(self) -> None:
        """Put the cursor into the search of the palette."""
        self.window.docks["palette"].show()
        self.window.docks["palette"].raise_()
        self.window.palette_panel.focus_search()

    def type_edit(self) -> None:
        """Put the cursor into the field for edits."""
        _focus(self.window.tree.edit_field.line)

    def show_commands(self) -> None:
        """Show every command, to be found by typing."""
        from app.dialogs.command_palette import CommandPalette

        table = self.window.actions_table.by_id
        actions: list[QAction] = [each for name, each in table.items() if name != "commands"]
        CommandPalette(actions, self.window).open()

    def show_preferences(self) -> None:
        """Show the preferences."""
        from app.dialogs.preferences import PreferencesDialog

        dialog = PreferencesDialog(self.window.settings, self.window)
        dialog.theme_chosen.connect(self.window.set_theme)
        dialog.forgotten.connect(self.window.remember)
        dialog.open()

    def show_about(self) -> None:
        """Show version and licence."""
        from app.dialogs.about import AboutDialog

        AboutDialog(self.window).open()

    def _asking(self, doing: Callable[[], None]) -> None:
        """Do something that may be refused before it gets to the desk."""
        try:
            doing()
        except ModelwrightError as error:
            self.window.show_refusal(str(error))

    def _current_spec(self) -> str:
        document, path = self.state.document, self.state.current
        if document is None or path is None:
            return ""
        return str(core.describe(document.module(path)))


def _is_source(path: Path) -> bool:
    """Whether a file is a model by itself: a class in Python, a project, or a recipe."""
    index = path.name.endswith(".index.json")  # of shards of weights
    suffixes = (".py", ".json", mime.PROJECT)
    return path.suffix.lower() in suffixes and not index and not path.is_dir()


def _title(spot: Spot) -> str:
    if spot.path is not None:
        return f"Replace {spot.path or 'the model'}"
    return f"Insert into {spot.parent or 'the model'}"


def _focus(field: Any) -> None:
    field.setFocus()
    field.selectAll()
