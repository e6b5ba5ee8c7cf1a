"""The real window with a model on its desk, and files of weights that are dropped on it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, QUrl
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from torch import nn

from app.dialogs.load import LoadSheet
from app.main_window import MainWindow
from app.screenshot import is_ready
from app.settings import Settings
from core.document import Document, InputSpec
from core.session import Session
from tests.app.drags import Drag

PATIENCE = 60_000


class Desktop:
    """What a person does in front of the window, as sentences."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot

    def opens(self, net: nn.Module | str, inputs: tuple[InputSpec, ...] = ()) -> None:
        """Have this model on the desk."""
        if isinstance(net, str):
            self.window.commands.open_source(net)
        else:
            self.window.desk.adopt(Session(Document.of(net, inputs)))
        self.waits(lambda: is_ready(self.window))

    def waits(self, until: Callable[[], Any]) -> None:
        self.qtbot.waitUntil(lambda: bool(until()), timeout=PATIENCE)

    def idles(self) -> None:
        """Wait until nothing is worked out any more."""
        self.waits(lambda: not self.window.jobs.running)

    def drops(self, *paths: Path) -> LoadSheet:
        """Drop files on the window and wait until the sheet knows what they are."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        drag = Drag(self.window, data, QPoint(5, 5))
        assert drag.entered
        assert drag.drop(QPoint(5, 5))
        return self.sheet()

    def sheet(self) -> LoadSheet:
        """Return the sheet that is open, when it is filled."""
        self.waits(lambda: self.window.findChildren(LoadSheet))
        sheet = self.window.findChildren(LoadSheet)[-1]
        self.waits(lambda: not sheet.case.working)
        return sheet

    def loads(self, sheet: LoadSheet) -> None:
        """Press Load, and wait until the window shows what came of it."""
        before = self.window.desk.state.cursor
        assert sheet.load.isEnabled(), sheet.verdict.text()
        sheet.load.click()
        self.waits(lambda: self.window.desk.state.cursor == before + 1)
        self.waits(lambda: is_ready(self.window))

    @property
    def document(self) -> Document:
        document = self.window.desk.state.document
        assert document is not None
        return document

    def holds(self, oracle: nn.Module | dict[str, torch.Tensor]) -> None:
        """The model on the desk has exactly these values."""
        wanted = oracle if isinstance(oracle, dict) else oracle.state_dict()
        state = self.document.state_dict()
        assert list(state) == list(wanted)
        for name, tensor in wanted.items():
            assert torch.equal(state[name], tensor), name


@pytest.fixture
def desktop(qtbot: QtBot, tmp_path: Path) -> Iterator[Desktop]:
    window = MainWindow(Settings(tmp_path / "settings.ini"))
    window.settings.folder = tmp_path
    window.show()
    window.torch_is_ready()
    yield Desktop(window, qtbot)
    window.desk.close()
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, 0)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(what: object, name: str = "file.pth", **options: Any) -> Path:
        torch.save(what, tmp_path / name, **options)
        return tmp_path / name

    return write
