"""The models that were opened last: what opens one again, if it is still there."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app import mime

if TYPE_CHECKING:
    from app.main_window import MainWindow

_SUFFIXES = "|".join(map(re.escape, (".py", ".json", mime.PROJECT, *mime.WEIGHTS)))
_IN_A_FILE = re.compile(rf"(?P<file>[^()\[\]{{}}]+?({_SUFFIXES}))(:.*)?", re.S)


def file_of(source: str) -> Path | None:
    """Return the file that a source is in: ``net.py`` of ``net.py:Net(3)``; ``None`` if in none."""
    found = _IN_A_FILE.fullmatch(source)
    return None if found is None else Path(found["file"]).expanduser()


def _is_gone(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:
        return False  # nobody may look: opening it says so


class Recent(QObject):
    """The list of a window."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window

    def open(self, source: str) -> None:
        """Open one again; where its file is gone, offer to forget it."""
        window, path = self._window, file_of(source)
        if path is None or not _is_gone(path):
            window.commands.open_source(source)
            return
        from app.dialogs.gone import GoneDialog

        dialog = GoneDialog(path, window)
        dialog.forget.clicked.connect(lambda: self._forget(source))
        dialog.open()

    def _forget(self, source: str) -> None:
        self._window.settings.forget_one(source)
        self._window.welcome.set_recent(self._window.settings.recent)
