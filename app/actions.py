"""Every command as one row: menus, toolbar, shortcuts and command palette are built from here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence

from app import icons
from app.state import State, unet_above

if TYPE_CHECKING:
    from app.main_window import MainWindow


def _always(_: State) -> str:
    return ""


def _document(state: State) -> str:
    return "" if state.document is not None else "Open a model first."


def _selected(state: State) -> str:
    return _document(state) or ("" if state.selection else "Select a module in the tree first.")


def _part(state: State) -> str:
    if reason := _selected(state):
        return reason
    return "" if any(state.selection) else "This cannot be done to the whole model."


def _one_part(state: State) -> str:
    if reason := _part(state):
        return reason
    return "" if len(state.selection) == 1 else "Select a single module."


def _one(state: State) -> str:
    if reason := _selected(state):
        return reason
    return "" if len(state.selection) == 1 else "Select a single module."


def _undo(state: State) -> str:
    return "" if state.can_undo else "There is nothing to undo."


def _redo(state: State) -> str:
    return "" if state.can_redo else "There is nothing to redo."


def _unet(state: State) -> str:
    if reason := _one(state):
        return reason
    assert state.document is not None
    found = unet_above(state.document, state.current or "") is not None
    return "" if found else "Select a U-Net on an encoder, or something in it."


def _problem(state: State) -> str:
    if reason := _document(state):
        return reason
    found = state.report is not None and state.report.problems
    return "" if found else "The model has no problems."


@dataclass(frozen=True)
class Row:
    """One command. ``why_not`` says why it cannot be done to a state; ``""`` means it can."""

    id: str
    menu: str
    text: str
    does: "Callable[[MainWindow], Any]"
    tip: str
    shortcut: str = ""
    icon: str = ""
    why_not: Callable[[State], str] = _always
    context: bool = False
    toolbar: bool = False
    begins_group: bool = False
    #: What it is called where its menu does not say the rest.
    alone: str = ""


ROWS: tuple[Row, ...] = (
    Row("open", "File", "&Open Model…", lambda w: w.commands.open_model(),
        "Open a model: by name, from a file, from an expression", "Ctrl+O", "open", toolbar=True),
    Row("open-file", "File", "Open &File…", lambda w: w.commands.open_file(),
        "Open a project, a .py or a recipe, or load a file of weights", "Ctrl+Shift+O",
        "open-file"),
    Row("new-unet", "File", "New &U-Net…", lambda w: w.commands.flow.new_unet(),
        "Assemble a U-Net, plain or on an encoder of torchvision", "Ctrl+N", "unet"),
    Row("load-checkpoint", "File", "&Load Checkpoint…", lambda w: w.commands.checkpoints.load(),
        "See what a file of weights is, match it to the model and load it", "Ctrl+L",
        "weights-mark", toolbar=True),
    Row("save", "File", "&Save Project", lambda w: w.commands.projects.save(),
        "Keep source, steps and loaded weights in a file that is opened again", "Ctrl+S", "save",
        _document, toolbar=True, begins_group=True),
    Row("save-as", "File", "Save Project &As…", lambda w: w.commands.projects.save_as(),
        "Keep the work in another file from now on", "Ctrl+Shift+S", "save-as", _document),
    Row("save-checkpoint", "File", "Save Chec&kpoint…", lambda w: w.commands.checkpoints.save(),
        "Save a state dict, a training checkpoint or the whole model, in any format",
        "Ctrl+Shift+E", "output", _document, begins_group=True),
    Row("save-weights", "File", "&Export .pth…", lambda w: w.commands.save_weights(),
        "Write the weights as a .pth that plain PyTorch loads", "Ctrl+Alt+E", "export",
        _document),
    Row("save-recipe", "File", "Save Rec&ipe…", lambda w: w.commands.save_recipe(),
        "Write the edits as JSON, to be replayed elsewhere", "", "recipe", _document),
    Row("close", "File", "&Close Model", lambda w: w.commands.close_model(),
        "Close the model and go to the start page", "Ctrl+W", "close", _document,
        begins_group=True),
    Row("quit", "File", "&Quit", lambda w: w.close(), "Leave Modelwright", "Ctrl+Q", "quit"),

    Row("undo", "Edit", "&Undo", lambda w: w.desk.undo(), "Take the last step back", "Ctrl+Z",
        "undo", _undo, toolbar=True),
    Row("redo", "Edit", "&Redo", lambda w: w.desk.redo(), "Make the step again", "Ctrl+Shift+Z",
        "redo", _redo, toolbar=True),
    Row("cut", "Edit", "Cu&t", lambda w: w.commands.cut(), "Cut the selected modules, to move them",
        "Ctrl+X", "cut", _part, context=True, begins_group=True),
    Row("copy", "Edit", "&Copy", lambda w: w.commands.copy(), "Copy the selected modules", "Ctrl+C",
        "copy", _selected, context=True),
    Row("paste", "Edit", "&Paste", lambda w: w.commands.paste(),
        "Put what was copied into the selected container, or behind the selected module",
        "Ctrl+V", "paste", _one, context=True),
    Row("duplicate", "Edit", "&Duplicate", lambda w: w.commands.do("duplicate"),
        "Put a copy, with weights of its own, behind each selected module", "Ctrl+D", "duplicate",
        _part, context=True),
    Row("remove", "Edit", "&Remove", lambda w: w.commands.do("remove"),
        "Remove the selected modules", "Del", "trash", _part, context=True, toolbar=True),

    Row("insert-before", "Insert", "Layer &Before…", lambda w: w.commands.insert(0),
        "Put a new layer before the selected one", "Ctrl+Shift+I", "insert-before", _one,
        context=True, alone="Insert Before…"),
    Row("insert-after", "Insert", "Layer &After…", lambda w: w.commands.insert(1),
        "Put a new layer behind the selected one, or on the way that is chosen in the picture",
        "Ctrl+I", "insert-after", _one, context=True, toolbar=True, alone="Insert After…"),
    Row("insert-block", "Insert", "Bloc&k", lambda w: w.menus.pop_up("insert-block"),
        "Put a block of the trade, or one of your own, behind the selected module", "Ctrl+Alt+B",
        "layer-block", _one, context=True, begins_group=True, alone="Insert Block"),
    Row("insert-operation", "Insert", "&Operation",
        lambda w: w.menus.pop_up("insert-operation"),
        "Put an operation on tensors, such as cat or flatten, behind the selected module",
        "Ctrl+Alt+P", "layer-ops", _one, context=True, alone="Insert Operation"),

    Row("replace", "Model", "&Replace…", lambda w: w.commands.replace(),
        "Put another layer in the place of the selected one", "Ctrl+R", "replace", _one,
        context=True, toolbar=True),
    Row("rename", "Model", "Re&name", lambda w: w.commands.rename(),
        "Give the module another name", "F2", "rename", _one_part, context=True),
    Row("move-up", "Model", "Move &Up", lambda w: w.commands.do("move", -1),
        "Move the module before its neighbour", "Alt+Up", "move-up", _one_part, context=True,
        begins_group=True),
    Row("move-down", "Model", "Move &Down", lambda w: w.commands.do("move", 1),
        "Move the module behind its neighbour", "Alt+Down", "move-down", _one_part, context=True),
    Row("wrap", "Model", "&Wrap in Sequential", lambda w: w.commands.do("wrap"),
        "Put each selected module into a Sequential of its own", "Ctrl+G", "wrap", _selected,
        context=True, begins_group=True),
    Row("unwrap", "Model", "Unwra&p", lambda w: w.commands.do("unwrap"),
        "Put a container's children in its place", "Ctrl+Shift+G", "unwrap", _selected,
        context=True),
    Row("wrap-class", "Model", "Wrap in &Class…", lambda w: w.commands.flow.wrap_in_class(),
        "Put the module into a new class with a forward of its own", "Ctrl+Alt+G", "wrap-class",
        _one, context=True),
    Row("add-input", "Model", "Add Inpu&t…", lambda w: w.commands.flow.add_input(),
        "Give the module one more input, and say where it joins", "Ctrl+Alt+I", "add-input", _one,
        context=True, begins_group=True),
    Row("add-output", "Model", "Add &Output…", lambda w: w.commands.flow.add_output(),
        "Return one tensor more, by its name", "Ctrl+Alt+O", "add-output", _one, context=True),
    Row("remove-input", "Model", "Remo&ve Input…", lambda w: w.commands.flow.remove_input(),
        "Take an input away, with the steps that only serve it", "Ctrl+Alt+Shift+I",
        "remove-input", _one),
    Row("remove-output", "Model", "Remove Output…", lambda w: w.commands.flow.remove_output(),
        "Return one thing less", "Ctrl+Alt+Shift+O", "remove-output", _one),
    Row("rename-step", "Model", "Rename &Step…", lambda w: w.commands.flow.rename_step(),
        "Call a step otherwise in the code that is written", "Shift+F2", "rename-step", _one,
        begins_group=True),
    Row("remove-step", "Model", "Remove Step…", lambda w: w.commands.flow.remove_step(),
        "Take a step out of a forward; what read it reads what it read", "Ctrl+Shift+Del",
        "remove-step", _one),
    Row("group-steps", "Model", "&Group Steps…", lambda w: w.commands.flow.group_steps(),
        "Make a module of its own of some steps of a forward", "Ctrl+Alt+J", "group", _selected,
        context=True),
    Row("ungroup", "Model", "Ungroup", lambda w: w.commands.flow.ungroup(),
        "Put the steps of the module among those of the module around it", "Ctrl+Alt+U",
        "ungroup", _one_part, context=True),
    Row("save-block", "Model", "Save as &Block…", lambda w: w.commands.blocks.save(),
        "Keep the module, or the steps chosen in the picture, as a block of your own",
        "Ctrl+Alt+S", "save-block", _one, context=True),
    Row("swap-encoder", "Model", "Swap &Encoder…", lambda w: w.commands.flow.swap_encoder(),
        "Put a U-Net on another backbone, and keep the way up as it was trained", "Ctrl+Alt+N",
        "swap-encoder", _unet, context=True),
    Row("freeze", "Model", "&Freeze", lambda w: w.commands.do("freeze"),
        "Stop training the selected modules", "Ctrl+K", "freeze", _selected, context=True,
        begins_group=True),
    Row("unfreeze", "Model", "Unfree&ze", lambda w: w.commands.do("unfreeze"),
        "Train the selected modules again", "Ctrl+Shift+K", "thaw", _selected, context=True),
    Row("reinitialise", "Model", "Re&initialise Weights", lambda w: w.commands.do("reinitialise"),
        "Give the selected modules fresh random weights", "", "reinitialise", _selected,
        context=True),
    Row("next-problem", "Model", "Ne&xt Problem", lambda w: w.problems.next_problem(),
        "Go to the next problem", "F8", "next", _problem, begins_group=True),
    Row("previous-problem", "Model", "Previous Proble&m", lambda w: w.problems.previous_problem(),
        "Go to the problem before", "Shift+F8", "previous", _problem),

    Row("find", "View", "&Find Module", lambda w: w.commands.find(),
        "Filter the tree by name or type", "Ctrl+F", "search", _document),
    Row("find-layer", "View", "Find &Layer", lambda w: w.commands.find_layer(),
        "Search the palette of layers", "Ctrl+Shift+F", "palette"),
    Row("type-edit", "View", "&Type an Edit", lambda w: w.commands.type_edit(),
        "Type an edit such as fc = Linear(2048, 10)", "Ctrl+E", "command", _document),
    Row("dataflow", "View", "Show Data&flow", lambda w: w.commands.flow.show(),
        "Draw how tensors travel through what is selected", "Ctrl+Shift+D", "flow", _document,
        toolbar=True),
    Row("expand", "View", "&Expand All", lambda w: w.tree.expand_to(-1),
        "Show all modules", "Ctrl++", "expand", _document, begins_group=True),
    Row("collapse", "View", "&Collapse", lambda w: w.tree.expand_to(1),
        "Show the first level only", "Ctrl+-", "collapse", _document),
    Row("theme-system", "View", "Follow the S&ystem", lambda w: w.set_theme("system"),
        "Light or dark, as the desktop is", "", "system", begins_group=True),
    Row("theme-light", "View", "L&ight", lambda w: w.set_theme("light"), "Dark on light", "",
        "light"),
    Row("theme-dark", "View", "&Dark", lambda w: w.set_theme("dark"), "Light on dark", "", "dark"),

    Row("explore", "Tools", "&Explore a Checkpoint…", lambda w: w.commands.checkpoints.explore(),
        "Look at the tensors of any file: sizes, statistics, histograms, heat maps", "",
        "histogram"),
    Row("compare", "Tools", "Com&pare Checkpoints…", lambda w: w.commands.checkpoints.compare(),
        "What differs between two files, or a file and the model, and by how much", "", "ledger"),
    Row("convert", "Tools", "Con&vert Checkpoints…", lambda w: w.commands.checkpoints.convert(),
        "Write files of weights in another format, many at once", "", "replace"),
    Row("my-blocks", "Tools", "My &Blocks…", lambda w: w.commands.blocks.show_shelf(),
        "Import blocks of others, and give away, rename or remove your own", "", "save-block",
        begins_group=True),
    Row("commands", "Tools", "&Command Palette…", lambda w: w.commands.show_commands(),
        "Find any command by typing", "Ctrl+Shift+P", "command", begins_group=True),
    Row("preferences", "Tools", "&Preferences…", lambda w: w.commands.show_preferences(),
        "Theme and what is remembered", "Ctrl+,", "settings"),

    Row("reset-layout", "Window", "&Reset Layout", lambda w: w.reset_layout(),
        "Put all panels back where they were first", "", "docks"),

    Row("about", "Help", "&About Modelwright", lambda w: w.commands.show_about(),
        "Version and licence", "", "info"),
)  # fmt: skip

#: The rows whose icons are seen at once; those of the menus are drawn after the first frame.
SEEN_FIRST = tuple(row for row in ROWS if row.toolbar)

MENUS = ("File", "Edit", "View", "Insert", "Model", "Tools", "Window", "Help")


#: The menu that is a part of the context menus too.
INSERT = "Insert"


class Actions:
    """The rows as Qt's actions, made once for a window."""

    def __init__(self, window: "MainWindow") -> None:
        self.by_id: dict[str, QAction] = {}
        for row in ROWS:
            if row.id in self.by_id:
                raise ValueError(f"There are two commands called {row.id}.")
            self.by_id[row.id] = _action(row, window)

    def show_state(self, state: State) -> None:
        """Enable what can be done now; the rest says why not."""
        for row in ROWS:
            reason = row.why_not(state)
            action = self.by_id[row.id]
            action.setEnabled(not reason)
            action.setProperty("why", tr(reason) if reason else "")
            action.setStatusTip(tr(reason) if reason else tr(row.tip))

    def paint_first_icons(self, size: int) -> None:
        """Draw those of the toolbar in the one size that the first frame shows them in."""
        for row in SEEN_FIRST:
            self.by_id[row.id].setIcon(icons.first_icon(row.icon, size))

    def paint_icons(self, rows: tuple[Row, ...] = ROWS) -> None:
        """Draw the icons in the colours of the theme that is in use."""
        for row in rows:
            if row.icon:
                self.by_id[row.id].setIcon(icons.icon(row.icon))

    def in_menu(self, menu: str) -> list[QAction]:
        """Return the actions of a menu; separators stand between groups."""
        return self._grouped([row for row in ROWS if row.menu == menu])

    def in_context(self) -> list[QAction]:
        """Return the actions of the tree's context menu; those to insert have a menu of theirs."""
        return self._grouped([row for row in ROWS if row.context and row.menu != INSERT])

    def in_toolbar(self) -> list[QAction]:
        """Return the actions of the toolbar."""
        return self._grouped([row for row in ROWS if row.toolbar])

    def _grouped(self, rows: list[Row]) -> list[QAction]:
        found: list[QAction] = []
        for before, row in zip([None, *rows], rows, strict=False):
            if before is not None and (row.begins_group or row.menu != before.menu):
                separator = QAction(found[0].parent())
                separator.setSeparator(True)
                found.append(separator)
            found.append(self.by_id[row.id])
        return found


def _action(row: Row, window: "MainWindow") -> QAction:
    action = QAction(tr(row.text), window)
    action.setObjectName(row.id)
    if row.alone:
        action.setIconText(tr(row.alone).rstrip("…"))
    if row.shortcut:
        action.setShortcut(QKeySequence(row.shortcut))
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    title = plain_text(action)
    action.setToolTip(f"{title} ({keys})\n{tr(row.tip)}" if keys else f"{title}\n{tr(row.tip)}")
    action.setStatusTip(tr(row.tip))
    action.triggered.connect(lambda: row.does(window))
    window.addAction(action)
    return action


def tr(text: str) -> str:
    """Translate a text of the table."""
    return QCoreApplication.translate("Actions", text)


def plain_text(action: QAction) -> str:
    """Return what an action is called by itself, without the mark of its key and the dots."""
    return action.iconText().replace("&", "").rstrip("…")
