"""The window, and what a person does to the dataflow in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from app.dialogs.ask_layer import AskLayerDialog
from app.dialogs.rewire.edit_sheet import EditSheet
from app.dialogs.unet import UNetSheet
from app.main_window import MainWindow
from app.panels.flow import FlowPanel
from app.screenshot import is_ready
from app.settings import Settings
from app.trying_sheet import TryingSheet
from tests.app.checkpoints.conftest import Desktop

Sheet = TypeVar("Sheet", bound=QDialog)


class Studio(Desktop):
    """A desktop on which modules are re-wired."""

    @property
    def flow(self) -> FlowPanel:
        return self.window.flow

    def triggers(self, command: str) -> None:
        """Choose a command; its action has to be there and enabled."""
        action = self.window.actions_table.by_id[command]
        assert action.isEnabled(), action.property("why")
        action.trigger()
        self.idles()

    def selects(self, path: str) -> None:
        self.window.desk.select((path,))
        self.rests()

    def rests(self) -> None:
        self.waits(lambda: is_ready(self.window))

    def sheet_of(self, kind: type[Sheet]) -> Sheet:
        """Return the sheet that is open, once it has tried what stands in it."""
        self.waits(lambda: self.window.findChildren(kind))
        sheet = self.window.findChildren(kind)[-1]
        self.settles(sheet)
        return sheet

    def settles(self, sheet: QDialog) -> None:
        assert isinstance(sheet, (TryingSheet, AskLayerDialog, UNetSheet))
        self.waits(lambda: not sheet._timer.isActive() and not self.window.jobs.running)

    def accepts(self, sheet: EditSheet) -> None:
        """Press OK, and wait until the window shows what came of it."""
        self.settles(sheet)
        before = self.window.desk.state.cursor
        assert sheet.ok.isEnabled(), sheet.said.text()
        sheet.ok.click()
        self.waits(lambda: self.window.desk.state.cursor == before + 1)
        self.rests()

    def inserts(self, command: str, layer: str, name: str = "") -> None:
        """Insert a layer beside what is selected, in a module with a forward of its own."""
        self.triggers(command)
        sheet = self.sheet_of(AskLayerDialog)
        sheet.field.setText(layer)
        from app.dialogs.rewire import WayForm

        (form,) = sheet.findChildren(WayForm)
        form.name.setText(name)
        self.settles(sheet)
        assert sheet._ok.isEnabled(), sheet.said.text()
        before = self.window.desk.state.cursor
        sheet._ok.click()
        self.waits(lambda: self.window.desk.state.cursor == before + 1)
        self.rests()


@pytest.fixture
def studio(qtbot: QtBot, tmp_path: Path) -> Iterator[Studio]:
    window = MainWindow(Settings(tmp_path / "settings.ini"))
    window.settings.folder = tmp_path
    window.resize(1400, 900)
    window.show()
    window.torch_is_ready()
    yield Studio(window, qtbot)
    for dialog in window.findChildren(QDialog):
        dialog.reject()
    window.desk.close()
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, 0)
    assert not [each for each in QApplication.topLevelWidgets() if each.isVisible()]
