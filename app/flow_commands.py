"""What the commands on the dataflow do: sheets that re-wire, and the one that makes a U-Net."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

import core
from app.consequence import Consequence
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from app.commands import Commands
    from app.desk import Desk
    from app.dialogs.rewire.edit_sheet import EditSheet
    from app.main_window import MainWindow
    from app.ways import Way
    from core.analysis import Report


class FlowCommands(QObject):
    """The verbs of a window for the dataflow; a dialog is imported when it is first asked for."""

    def __init__(self, window: "MainWindow", commands: "Commands") -> None:
        super().__init__(commands)
        self.window, self._commands = window, commands
        self.desk: Desk = window.desk

    def show(self) -> None:
        """Show the graph of what is selected, beside the tree; hide it when it is there."""
        dock = self.window.docks["flow"]
        if dock.isVisible() and not dock.visibleRegion().isEmpty():
            dock.hide()
            return
        dock.show()
        dock.raise_()
        self.window.flow.view.setFocus()

    def add_input(self) -> None:
        """Ask for an input of the selected module; a layer is what it joins before."""
        from app.dialogs.rewire import AddInputSheet

        state = self.desk.state
        if state.report is not None:
            path, step = self._place()
            self._show(AddInputSheet(state, path, self.window.jobs, self.window, before=step))

    def add_output(self) -> None:
        """Ask which tensor of the selected module is to be returned; of a layer, what it gives."""
        from app.dialogs.rewire import AddOutputSheet

        state = self.desk.state
        if state.report is not None:
            path, step = self._place()
            self._show(AddOutputSheet(state, path, self.window.jobs, self.window, of=step))

    def wrap_in_class(self) -> None:
        """Ask for the names, and put the selected module into a new class."""
        from app.dialogs.rewire import WrapSheet

        state = self.desk.state
        if state.report is not None:
            self._show(WrapSheet(state, state.current or "", self.window.jobs, self.window))

    def is_wired(self, path: str) -> bool:
        """Whether a module has a forward of its own, so that what is put in has to be wired."""
        document = self.desk.state.document
        return document is not None and not core.is_container(document.module(path))

    def insert(self, offset: int, name: str = "") -> None:
        """Ask for a layer before (0) or behind (1) the selected one, and between which steps."""
        from app.ways import ways_beside

        report, path = self.desk.state.report, self.desk.state.current
        if report is not None and path:
            self.window.jobs.start(
                lambda _: ways_beside(report, path, offset),
                partial(self._ask_layer, report, name),
                title=self.tr("Reading the forward around {}").format(path),
                wait=0.03,
            )

    def new_unet(self) -> None:
        """Show the form of a U-Net; it becomes the model that is open."""
        from app.dialogs.unet import UNetSheet

        sheet = UNetSheet(self.window.jobs, self.window)
        sheet.wanted.connect(self._commands.open_request)
        sheet.open()

    def _ask_layer(self, report: "Report", text: str, ways: "list[Way]") -> None:
        from app.dialogs.ask_layer import AskLayerDialog
        from app.dialogs.rewire import WayForm
        from app.ways import edit_on_way

        if report is not self.desk.state.report:
            return  # the model has changed meanwhile
        form = WayForm(ways)

        def checking() -> partial[Consequence]:
            return partial(_consequence, report, form.way, form.name.text())

        title = self.tr("Insert into {}").format(ways[0].parent or self.desk.state.name)
        dialog = AskLayerDialog(title, text, checking(), self.window.jobs, self.window, beside=form)
        form.changed.connect(lambda: dialog.try_again(checking()))

        def accepted(typed: str) -> None:
            way, name = form.way, form.name.text()
            self.window.jobs.start(
                lambda _: edit_on_way(report, way, typed, name), self.desk.ask, wait=0.03
            )

        dialog.layer_given.connect(accepted)
        dialog.open()

    def _place(self) -> tuple[str, str]:
        """Return the module to re-wire, and the child in it that is meant, if it is a layer."""
        from app.flow.modules import home_of

        document, path = self.desk.state.document, self.desk.state.current or ""
        assert document is not None
        home = home_of(document, path)
        return home, path[len(home) + 1 if home else 0 :] if home != path else ""

    def _show(self, sheet: "EditSheet") -> None:
        sheet.edit_given.connect(self.desk.ask)
        sheet.open()


def _consequence(report: "Report", way: "Way", name: str, typed: str) -> Consequence:
    """Say what would come of a layer there; runs on a thread."""
    from app.spots import consequence
    from app.ways import edit_on_way

    try:
        return consequence(report, edit_on_way(report, way, typed, name))
    except ModelwrightError as error:
        return Consequence(str(error), refused=True)
