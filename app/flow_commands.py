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
    from app.spots import Spot
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

    def remove_input(self) -> None:
        """Ask which input of the selected module goes."""
        from app.dialogs.rewire import RemoveInputSheet

        state = self.desk.state
        if state.report is not None:
            path, step = self._place()
            self._show(RemoveInputSheet(state, path, self.window.jobs, self.window, of=step))

    def remove_output(self) -> None:
        """Ask which output of the selected module goes."""
        from app.dialogs.rewire import RemoveOutputSheet

        state = self.desk.state
        if state.report is not None:
            path, _ = self._place()
            self._show(RemoveOutputSheet(state, path, self.window.jobs, self.window))

    def rename_step(self) -> None:
        """Ask what a step of the forward is to be called."""
        from app.dialogs.rewire import RenameStepSheet

        state = self.desk.state
        if state.report is not None:
            path, step = self._place()
            self._show(RenameStepSheet(state, path, self.window.jobs, self.window, of=step))

    def remove_step(self) -> None:
        """Ask which step of the forward goes."""
        from app.dialogs.rewire import RemoveStepSheet

        state = self.desk.state
        if state.report is not None:
            path, step = self._place()
            self._show(RemoveStepSheet(state, path, self.window.jobs, self.window, of=step))

    def remove_here(self) -> None:
        """Take what is chosen in the picture out of the forward: steps, an input, an output."""
        flow, here = self.window.flow, self.window.flow.view.here
        inside = [each for each in flow.chosen_steps if not flow.role_of(each)]
        if len(inside) > 1:
            edits = tuple(core.RemoveNode(flow.path, each) for each in reversed(inside))
            label = self.tr("Remove {} steps").format(len(edits))
            self.desk.ask(core.Together(edits, label))
        elif here is None:
            return
        elif here.role == "input":
            self.desk.ask(core.RemoveInput(flow.path, here.name))
        elif here.role == "output":
            self.remove_output()
        else:
            self.desk.ask(core.RemoveNode(flow.path, here.name))

    def group_steps(self) -> None:
        """Ask which steps become a module; those chosen in picture or tree are offered."""
        from app.dialogs.rewire import GroupSheet

        state = self.desk.state
        if state.report is not None:
            path, chosen = self._steps()
            self._show(GroupSheet(state, path, self.window.jobs, self.window, **chosen))

    def ungroup(self) -> None:
        """Put the steps of the selected module among those around it."""
        if self.desk.state.current:
            self.desk.ask(core.Ungroup(self.desk.state.current))

    def swap_encoder(self) -> None:
        """Ask for the backbone that the selected U-Net is to stand on."""
        from app.dialogs.rewire import SwapEncoderSheet
        from app.state import unet_above

        state = self.desk.state
        if state.report is not None and state.document is not None:
            path = unet_above(state.document, state.current or "")
            if path is not None:
                self._show(SwapEncoderSheet(state, path, self.window.jobs, self.window))

    def rows_for_the_picture(self) -> list[str]:
        """Return the commands that mean what is chosen in the picture, for its context menu."""
        flow, here = self.window.flow, self.window.flow.view.here
        if len(flow.chosen_steps) > 1:
            return ["group-steps", "save-block"]
        role = here.role if here is not None else ""
        if role == "input":
            return ["remove-input", "add-input", "add-output"]
        if role == "output":
            return ["remove-output", "add-output"]
        return ["rename-step", "remove-step", "add-output"]

    def wrap_in_class(self) -> None:
        """Ask for the names, and put the selected module into a new class."""
        from app.dialogs.rewire import WrapSheet

        state = self.desk.state
        if state.report is not None:
            self._show(WrapSheet(state, state.current or "", self.window.jobs, self.window))

    def is_wired(self, path: str, text: str = "") -> bool:
        """Whether a module has a forward of its own, so that what is put in has to be wired."""
        from app.ways import is_wired

        document = self.desk.state.document
        return document is not None and is_wired(document, path, text)

    def insert(self, offset: int, text: str = "") -> None:
        """Ask for a layer before (0) or behind (1) the selected one, and between which steps.

        Where a way is chosen in the picture, it goes there; where a whole module is selected,
        anywhere in it.
        """
        from app.ways import ways_beside, ways_in

        state, way = self.desk.state, self.window.flow.chosen_way
        report, path = state.report, state.current
        if report is None or path is None:
            return
        find: partial[list[Way]]
        if way is not None:
            find = partial(ways_in, report, *way)
        elif not path:
            find = partial(ways_in, report, path)
        else:
            find = partial(ways_beside, report, path, offset)
        self._find_ways(report, find, text)

    def insert_at(self, spot: "Spot", text: str) -> None:
        """Ask for a layer in a gap between two modules that are wired, starting with ``text``."""
        from app.ways import ways_at

        report = self.desk.state.report
        if report is not None:
            self._find_ways(report, partial(ways_at, report, spot), text)

    def _find_ways(self, report: "Report", find: "partial[list[Way]]", text: str) -> None:
        from app.ways import tensors_of

        def found(_: object) -> "tuple[list[Way], list[tuple[str, str]]]":
            ways = find()
            return ways, tensors_of(report, ways[0].parent)

        title = self.tr("Reading the forward")
        self.window.jobs.start(
            found, partial(self._ask_layer, report, text), title=title, wait=0.03
        )

    def new_unet(self) -> None:
        """Show the form of a U-Net; it becomes the model that is open."""
        from app.dialogs.unet import UNetSheet

        sheet = UNetSheet(self.window.jobs, self.window)
        sheet.wanted.connect(self._commands.open_request)
        sheet.open()

    def _ask_layer(
        self,
        report: "Report",
        text: str,
        known: "tuple[list[Way], list[tuple[str, str]]]",
    ) -> None:
        from app.dialogs.ask_layer import AskLayerDialog
        from app.dialogs.rewire import WayForm
        from app.ways import edit_on_way

        if report is not self.desk.state.report:
            return  # the model has changed meanwhile
        ways, tensors = known
        form = WayForm(ways, tensors)
        form.suit(text)

        def checking() -> partial[Consequence]:
            return partial(_consequence, report, form.way, form.name.text(), form.other)

        title = self.tr("Insert into {}").format(ways[0].parent or self.desk.state.name)
        dialog = AskLayerDialog(title, text, checking(), self.window.jobs, self.window, beside=form)
        dialog.field.textChanged.connect(form.suit)
        form.changed.connect(lambda: dialog.try_again(checking()))

        def accepted(typed: str) -> None:
            way, name, other = form.way, form.name.text(), form.other
            self.window.jobs.start(
                lambda _: edit_on_way(report, way, typed, name, other), self.desk.ask, wait=0.03
            )

        dialog.layer_given.connect(accepted)
        dialog.open()

    def _place(self) -> tuple[str, str]:
        """Return the module to re-wire, and the step that is meant: a child's path, or its name."""
        from app.flow.modules import home_of

        flow = self.window.flow
        document, path = self.desk.state.document, self.desk.state.current or ""
        assert document is not None
        if flow.chosen_step:
            return flow.path, flow.chosen_step
        home = home_of(document, path)
        return home, path[len(home) + 1 if home else 0 :] if home != path else ""

    def _steps(self) -> tuple[str, dict[str, tuple[str, ...]]]:
        """Return the module to re-wire, and what is chosen in it: ``steps``, or ``children``."""
        from app.flow.modules import caller_of

        flow, document = self.window.flow, self.desk.state.document
        assert document is not None
        if len(flow.chosen_steps) > 1:
            return flow.path, {"steps": flow.chosen_steps}
        chosen = self.desk.state.selection
        home = caller_of(document, chosen[0]) if chosen and chosen[0] else ""
        paths = [each for each in chosen if each and caller_of(document, each) == home]
        children = tuple(each[len(home) + 1 if home else 0 :] for each in paths)
        return home, {"children": children}

    def _show(self, sheet: "EditSheet") -> None:
        sheet.edit_given.connect(self.desk.ask)
        sheet.open()


def _consequence(report: "Report", way: "Way", name: str, other: str, typed: str) -> Consequence:
    """Say what would come of a layer there; runs on a thread."""
    from app.spots import consequence
    from app.ways import edit_on_way

    try:
        return consequence(report, edit_on_way(report, way, typed, name, other))
    except ModelwrightError as error:
        return Consequence(str(error), refused=True)
