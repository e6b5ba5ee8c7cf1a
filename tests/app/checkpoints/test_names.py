"""Every control of every sheet has a name for a screen reader, and keys reach all of them."""

from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.dialogs.compare import CompareSheet
from app.dialogs.convert import ConvertSheet
from app.dialogs.danger import DangerSheet
from app.dialogs.load import LoadSheet
from app.dialogs.save import SaveSheet
from app.explorer import ExplorerWindow
from core.files.contents import Named
from tests.app.checkpoints.conftest import Desktop
from tests.app.test_actions import CONTROLS, _named
from tests.core.checkpoint.test_match import Net, trained

SHEETS = ("load", "save", "compare", "convert", "explore", "danger")


@pytest.fixture(params=SHEETS)
def sheet(request: pytest.FixtureRequest, desktop: Desktop, written: Any) -> QWidget:
    file = written({"model": torch.nn.DataParallel(trained(Net())).state_dict(), "epoch": 2})
    desktop.opens(Net(classes=4))
    checkpoints = desktop.window.commands.checkpoints
    opens = {
        "load": (LoadSheet, lambda: checkpoints.load(file)),
        "save": (SaveSheet, checkpoints.save),
        "compare": (CompareSheet, checkpoints.compare),
        "convert": (ConvertSheet, lambda: checkpoints.convert([file])),
        "explore": (ExplorerWindow, lambda: checkpoints.explore(file)),
    }
    if request.param == "danger":
        named = (Named("their.Net", "would run code", "of their, which loading would import"),)
        made: QWidget = DangerSheet(file, named, desktop.window.settings, desktop.window)
        made.show()
    else:
        kind, does = opens[request.param]
        does()
        made = desktop.window.findChildren(kind)[-1]
    desktop.idles()
    return made


def test_every_control_is_named(sheet: QWidget) -> None:
    buddies = {label.buddy() for label in sheet.findChildren(QLabel) if label.buddy()}
    nameless = [
        each
        for each in sheet.findChildren(QWidget)
        if isinstance(each, CONTROLS) and not _named(each) and each not in buddies
    ]
    assert nameless == []
    sheet.close()


def test_tab_reaches_every_control_that_is_shown(sheet: QWidget, qtbot: Any) -> None:
    with qtbot.waitActive(sheet):
        sheet.activateWindow()
    wanted = {
        each
        for each in sheet.findChildren(QWidget)
        if each.isVisibleTo(sheet)
        and each.isEnabled()
        and each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and each.focusProxy() is None
    }
    reached: set[QWidget | None] = set()
    for _ in range(3 * len(wanted) + 10):
        qtbot.keyClick(sheet.focusWidget() or sheet, Qt.Key.Key_Tab)
        reached.add(sheet.focusWidget())
    missed = {each for each in wanted - reached if not _is_a_part(each, reached)}
    assert missed == set()
    sheet.close()


def _is_a_part(widget: QWidget, reached: set[QWidget | None]) -> bool:
    """Of a group of radio buttons one is reached, the arrows do the rest; parts go by the whole."""
    from PySide6.QtWidgets import QRadioButton

    if isinstance(widget, QRadioButton):
        return any(isinstance(each, QRadioButton) for each in reached)
    parent = widget.parentWidget()
    while parent is not None:
        if parent in reached:
            return True
        parent = parent.parentWidget()
    return False
