"""The window: builds the panels, docks them and wires them to the desk. Nothing else.

It is shown as soon as its frame stands: menus, toolbar, the welcome page and the docks, still
empty. The panels are imported and made behind that, one in each turn of the event loop.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QStackedWidget,
)

from app import mime, theme
from app.actions import MENUS, SEEN_FIRST, Actions, tr as actions_tr
from app.desk import Desk
from app.docks import add_docks
from app.jobs import Jobs
from app.menus import Menus
from app.panels.notice import Notice
from app.panels.status import StatusBar
from app.panels.welcome import WelcomePage
from app.recent import Recent
from app.settings import Settings
from app.state import State

if TYPE_CHECKING:
    from app.commands import Commands
    from app.panels.flow import FlowPanel
    from app.panels.history import HistoryPanel
    from app.panels.inspector import InspectorPanel
    from app.panels.palette import PalettePanel
    from app.panels.problems import ProblemsPanel
    from app.panels.tree import TreePanel
    from app.panels.weights import WeightsPanel
    from app.turns import Turns


class MainWindow(QMainWindow):
    """One window with one model. What its commands do is in :class:`app.commands.Commands`.

    With ``at_once`` the panels are there when it is made; else :meth:`furnish` makes them, or
    ``commands``, since who commands the window needs it whole.
    """

    desk: Desk
    tree: "TreePanel"
    palette_panel: "PalettePanel"
    inspector: "InspectorPanel"
    problems: "ProblemsPanel"
    weights: "WeightsPanel"
    history: "HistoryPanel"
    flow: "FlowPanel"
    turns: "Turns"
    menus: Menus

    #: Once, after the first frame is on the screen.
    seen = Signal()

    def __init__(self, settings: Settings, at_once: bool = True) -> None:
        super().__init__()
        self.settings = settings
        self.jobs = Jobs(self)
        self.desk = Desk(self.jobs, self)
        self.welcome = WelcomePage()
        self.status = StatusBar(self.jobs)
        self.middle = QStackedWidget()
        self.middle.addWidget(self.welcome)
        self.notice = Notice()
        self.setCentralWidget(self.notice.above(self.middle))
        self.setStatusBar(self.status)
        self.setAcceptDrops(True)
        self.setAnimated(False)
        self._commands: Commands | None = None
        self._leaving = self._seen = False
        #: Whether all panels are there and torch is imported.
        self.whole = False
        self.docks = add_docks(self)
        self.actions_table = Actions(self)
        self.menus = Menus(self)
        self._add_menus()
        self._add_toolbar()
        self.jobs.refused.connect(self.show_refusal)
        self.welcome.zoo_wanted.connect(lambda: self.commands.open_model())
        self.welcome.file_wanted.connect(lambda: self.commands.open_file())
        self.welcome.source_wanted.connect(lambda source: self.commands.open_source(source))
        self.recent = Recent(self)
        self.welcome.recent_wanted.connect(self.recent.open)
        self.welcome.set_recent(settings.recent)
        self.notice.say(settings.complaint, "refused")
        self._first_layout = self.saveState()
        self._restore()
        self.show_state(State())
        self._furnishing = self._furnish()
        if at_once:
            self.furnish()

    @property
    def commands(self) -> "Commands":
        """What the window can do."""
        self.furnish()
        assert self._commands is not None
        return self._commands

    def furnish(self) -> None:
        """Make the panels that are not there yet."""
        for _ in self._furnishing:
            pass

    def furnish_in_turns(self) -> None:
        """Make one panel now and each other in a turn of its own."""
        if next(self._furnishing, self) is not self:
            QTimer.singleShot(0, self, self.furnish_in_turns)

    # Building

    def _add_menus(self) -> None:
        for name in MENUS:
            menu = self.menuBar().addMenu(actions_tr(f"&{name}"))
            menu.setObjectName(name)
            menu.setToolTipsVisible(False)
            menu.addActions(self.actions_table.in_menu(name))
            if name == "File":
                self._add_recent(menu)
            if name == "Window":
                menu.addSeparator()
                menu.addActions([dock.toggleViewAction() for dock in self.docks.values()])

    def _add_recent(self, menu: QMenu) -> None:
        self.recent_menu = QMenu(self.tr("Open &Recent"), menu)
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        menu.insertMenu(self.actions_table.by_id["load-checkpoint"], self.recent_menu)

    def _add_toolbar(self) -> None:
        self.toolbar = self.addToolBar(self.tr("Main toolbar"))
        self.toolbar.setObjectName("toolbar")
        self.toolbar.setMovable(False)
        self.actions_table.paint_first_icons(self.toolbar.iconSize().width())
        self.toolbar.addActions(self.actions_table.in_toolbar())
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def _furnish(self) -> Iterator[None]:
        """Import and make panel after panel, then wire them; whoever runs this may pause between.

        Qt makes its classes when they are first named, so an import takes as long as the making.
        """
        from app.panels.tree import TreePanel

        self.tree = TreePanel(self.jobs)
        self.middle.addWidget(self.tree)
        yield
        from app.panels.palette import PalettePanel

        self.palette_panel = PalettePanel()
        self.docks["palette"].setWidget(self.palette_panel)
        yield
        from app.panels.inspector import InspectorPanel

        self.inspector = InspectorPanel(self.jobs)
        self.docks["inspector"].setWidget(self.inspector)
        yield
        from app.panels.problems import ProblemsPanel
        from app.panels.weights import WeightsPanel

        self.problems, self.weights = ProblemsPanel(self.jobs), WeightsPanel(self.jobs)
        self.docks["problems"].setWidget(self.problems)
        self.docks["weights"].setWidget(self.weights)
        yield
        from app.panels.history import HistoryPanel

        self.history = HistoryPanel()
        self.docks["history"].setWidget(self.history)
        yield
        from app.panels.flow import FlowPanel

        self.flow = FlowPanel(self.jobs)
        self.docks["flow"].setWidget(self.flow)
        yield
        self.actions_table.paint_icons()
        self.welcome.paint_icons()
        yield
        from app.commands import Commands

        self._commands = Commands(self)
        self._connect(self._commands)

    def _connect(self, commands: "Commands") -> None:
        """All that panels have to do with each other, they have to do with the desk."""
        from app.turns import Turns

        desk = self.desk
        desk.shown.connect(self.show_state)
        views = (
            self.tree, self.inspector, self.problems, self.weights, self.history, self.flow,
        )  # fmt: skip
        self.turns = Turns([each.show_state for each in views], self)
        desk.shown.connect(self.turns.show_state)
        self.docks["weights"].visibilityChanged.connect(self.weights.look)
        self.docks["flow"].visibilityChanged.connect(self.flow.look)
        for asking in (self.tree, self.inspector, self.problems):
            asking.asked.connect(desk.ask)
        for choosing in (self.tree, self.problems, self.weights, self.flow):
            choosing.selected.connect(desk.select)
        self.history.jumped.connect(desk.jump)
        self.history.undone.connect(desk.undo)
        self.history.redone.connect(desk.redo)
        desk.refused.connect(self.show_refusal)
        desk.told.connect(self.show_note)
        desk.opened.connect(self._note_opened)
        desk.kept.connect(lambda project: self._note_opened(str(project.absolute())))
        desk.trust_wanted.connect(commands.ask_trust)
        desk.choice_wanted.connect(commands.ask_choice)
        desk.allowance_wanted.connect(commands.checkpoints.ask_allowance)
        self.tree.view.layer_used.connect(self.note_used)
        self.tree.layer_wanted.connect(commands.ask_layer)
        self.tree.menu_wanted.connect(self.menus.show_on_modules)
        self.flow.view.menu_wanted.connect(self.menus.show_on_the_picture)
        QApplication.instance().focusChanged.connect(self._note_focus)  # type: ignore[union-attr]
        self.flow.view.removal_wanted.connect(commands.flow.remove_here)
        self.flow.view.rename_wanted.connect(commands.flow.rename_step)
        self.tree.removal_wanted.connect(commands.remove)
        self.palette_panel.chosen.connect(commands.use_layer)
        self.palette_panel.placed.connect(commands.place_layer)
        self.palette_panel.favourites_changed.connect(self._keep_favourites)
        self.palette_panel.renaming_wanted.connect(commands.blocks.rename)
        self.palette_panel.export_wanted.connect(commands.blocks.give_away)
        self.palette_panel.removal_wanted.connect(commands.blocks.remove)
        self.problems.counted.connect(self._count_problems)
        self.remember()

    def remember(self) -> None:
        """Show the favourites and the recent ones as the settings have them now."""
        self.palette_panel.set_favourites(self.settings.favourites)
        self.palette_panel.set_recent(self.settings.recent_layers)
        self.welcome.set_recent(self.settings.recent)

    # Showing

    def show_state(self, state: State) -> None:
        """Follow the desk: title, commands, and what stands in the middle."""
        self.actions_table.show_state(state)
        opened = state.document is not None
        begins = opened and self.middle.currentWidget() is self.welcome
        self.middle.setCurrentWidget(self.tree if opened else self.welcome)
        self.setWindowTitle(f"{state.title}[*] — Modelwright" if opened else "Modelwright")
        self.setWindowModified(opened and not state.clean)
        if begins:
            self.tree.view.setFocus()

    def show_refusal(self, text: str) -> None:
        """Say why something was not done, where the user is looking."""
        if self.middle.currentWidget() is self.welcome:
            self.welcome.show_refusal(text)
        else:
            self.tree.show_refusal(text)
            self.inspector.show_refusal(text)

    def show_note(self, text: str) -> None:
        """Say something good to know; it stays until something else happens."""
        self.status.showMessage(text, 8000)

    def torch_is_ready(self) -> None:
        """Fill what needed torch to be imported."""
        self.furnish()
        self.palette_panel.fill()
        self.welcome.torch_is_ready()
        self.whole = True

    def set_theme(self, name: theme.Theme) -> None:
        """Switch between light and dark, and remember it."""
        self.settings.theme = name
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, name)

    def _note_focus(self, _: object, now: object) -> None:
        """In the tree, its selection is meant, and not what was chosen in the picture before."""
        if now is self.tree.view:
            self.flow.view.forget_choice()

    def _count_problems(self, count: int) -> None:
        title = self.tr("Problems")
        self.docks["problems"].setWindowTitle(f"{title} ({count})" if count else title)

    def _note_opened(self, source: str) -> None:
        self.settings.note_recent(source)
        self.welcome.set_recent(self.settings.recent)

    def _fill_recent(self) -> None:
        self.recent_menu.clear()
        for source in self.settings.recent:
            action = self.recent_menu.addAction(source)
            action.triggered.connect(lambda _=False, text=source: self.recent.open(text))
        if self.recent_menu.isEmpty():
            self.recent_menu.addAction(self.tr("Nothing was opened yet")).setEnabled(False)

    def note_used(self, name: str) -> None:
        """Remember that a layer of the palette was placed."""
        self.palette_panel.note_used(name)
        self.settings.recent_layers = list(self.palette_panel.recent)

    def _keep_favourites(self, names: tuple[str, ...]) -> None:
        self.settings.favourites = list(names)

    # Layout

    def reset_layout(self) -> None:
        """Put all panels back where they were first."""
        self.restoreState(self._first_layout)

    def _restore(self) -> None:
        if self.settings.geometry:
            self.restoreGeometry(QByteArray(self.settings.geometry))
        else:
            self.resize(1400, 900)
        if self.settings.docks:
            self.restoreState(QByteArray(self.settings.docks))
        self._keep_on_a_screen()

    def _keep_on_a_screen(self) -> None:
        """Move the window to where there is a screen: the one it was on may be gone."""
        screen = self.screen().availableGeometry()
        if not screen.intersects(self.frameGeometry()):
            self.move(screen.topLeft())
        self.resize(self.size().boundedTo(screen.size()))

    def _leave(self) -> None:
        self._leaving = True
        self.close()

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._seen:
            self._seen = True
            QTimer.singleShot(0, self, self.seen.emit)  # the panels inside are painted after this

    def focusNextPrevChild(self, forwards: bool) -> bool:
        from app.tab_order import following

        stop = following(self, forwards)
        if stop is None:
            return super().focusNextPrevChild(forwards)
        reason = Qt.FocusReason.TabFocusReason if forwards else Qt.FocusReason.BacktabFocusReason
        stop.setFocus(reason)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if mime.files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = mime.files_in(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.commands.open_files(files)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "actions_table"):
            self.actions_table.paint_icons(SEEN_FIRST)
            QTimer.singleShot(0, self, self.actions_table.paint_icons)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not (self._leaving or self.desk.state.clean):
            event.ignore()
            self.commands.discarding(self._leave)
            return
        self.settings.geometry = bytes(self.saveGeometry().data())
        self.settings.docks = bytes(self.saveState().data())
        self.settings.sync()
        self.jobs.cancel_all()
        self.jobs.wait_all(2.0)
        event.accept()
