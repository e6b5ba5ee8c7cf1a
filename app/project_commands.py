"""What the commands on projects do: the file that the work is kept in, and where that is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from app.commands import Commands
    from app.desk import Desk
    from app.main_window import MainWindow


class ProjectCommands(QObject):
    """The verbs of a window for projects."""

    def __init__(self, window: "MainWindow", commands: "Commands") -> None:
        super().__init__(commands)
        self.window = window
        self.desk: Desk = window.desk

    def save(self, then: Callable[[], Any] | None = None) -> None:
        """Save where the project is; ask where to, where there is none yet."""
        project = self.desk.state.project
        if project is None:
            self.save_as(then)
        else:
            self.desk.save_project(project, then)

    def save_as(self, then: Callable[[], Any] | None = None) -> None:
        """Ask where to, and keep the work there from now on."""
        from app.dialogs.save_weights import ask_project_target

        state, settings = self.desk.state, self.window.settings
        path = ask_project_target(self.window, settings, state.project, state.name, state.cursor)
        if path is not None:
            self.desk.save_project(path, then)
