"""A whole model of classes nobody allowed: named, asked about, remembered, taken back."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog

from app.dialogs.danger import DangerSheet, may_be_allowed
from app.dialogs.preferences import PreferencesDialog
from app.dialogs.trust import TrustDialog
from core.files import read_contents
from tests.app.checkpoints.conftest import Desktop
from tests.core.files.test_reading import malicious

CODE = """
from torch import nn

class MyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(x)
"""


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A whole model of a class that can be imported here."""
    (tmp_path / "their_nets.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__("their_nets")
    torch.save(module.MyNet(), tmp_path / "mine.pth")
    yield tmp_path / "mine.pth"
    sys.modules.pop("their_nets", None)


def asked(desktop: Desktop, path: Path) -> DangerSheet:
    desktop.window.commands.open_source(str(path), whole=True)
    desktop.waits(lambda: desktop.window.findChildren(DangerSheet))
    return desktop.window.findChildren(DangerSheet)[-1]


def test_it_names_what_would_be_called_and_loads_nothing_by_default(
    desktop: Desktop, whole: Path, qtbot: Any
) -> None:
    sheet = asked(desktop, whole)
    assert list(sheet.boxes) == ["their_nets.MyNet"]
    assert not sheet.go.isEnabled()
    assert sheet.keep.isDefault()
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    desktop.idles()
    assert desktop.window.desk.state.document is None
    assert desktop.window.settings.allowed == {}


def test_a_class_is_allowed_remembered_and_taken_back(desktop: Desktop, whole: Path) -> None:
    sheet = asked(desktop, whole)
    sheet.boxes["their_nets.MyNet"].setChecked(True)
    sheet.go.click()
    desktop.waits(lambda: desktop.window.desk.state.document is not None)
    assert type(desktop.document.root).__name__ == "MyNet"
    (digest, entry), *_ = desktop.window.settings.allowed.items()
    assert entry == ("mine.pth", "their_nets.MyNet")
    assert len(digest) == 64
    desktop.window.desk.close()
    desktop.waits(lambda: not desktop.window.findChildren(DangerSheet))
    desktop.window.commands.open_source(str(whole), whole=True)  # no question this time
    desktop.waits(lambda: desktop.window.desk.state.document is not None)
    desktop.window.commands.show_preferences()
    preferences = desktop.window.findChildren(PreferencesDialog)[-1]
    assert "mine.pth" in preferences.allowed.item(0).text()
    preferences.allowed.setCurrentRow(0)
    preferences.take_back.click()
    assert desktop.window.settings.allowed == {}
    preferences.reject()
    desktop.window.desk.close()
    assert asked(desktop, whole).isVisible()


def test_another_content_is_asked_about_again(desktop: Desktop, whole: Path) -> None:
    sheet = asked(desktop, whole)
    sheet.boxes["their_nets.MyNet"].setChecked(True)
    sheet.go.click()
    desktop.waits(lambda: desktop.window.desk.state.document is not None)
    torch.save(__import__("their_nets").MyNet(), whole)
    desktop.window.desk.close()
    desktop.waits(lambda: not desktop.window.findChildren(DangerSheet))
    assert asked(desktop, whole).isVisible()


def test_a_missing_class_is_had_from_its_py(
    desktop: Desktop, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "given"
    elsewhere.mkdir()
    (elsewhere / "nets.py").write_text(CODE)
    (tmp_path / "their_nets.py").unlink()
    sys.modules.pop("their_nets", None)
    sheet = asked(desktop, whole)
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *a, **k: (str(elsewhere / "nets.py"), "")
    )
    sheet.give.click()
    sheet.go.click()
    desktop.waits(lambda: desktop.window.findChildren(TrustDialog))  # its code is shown first
    desktop.window.findChildren(TrustDialog)[-1].run.click()
    desktop.waits(lambda: desktop.window.desk.state.document is not None)
    assert type(desktop.document.root).__name__ == "MyNet"


@pytest.mark.parametrize("which", list(malicious(Path("/tmp/nothing-here"))))
def test_what_runs_commands_or_code_is_never_offered(
    which: str, desktop: Desktop, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    what, _ = malicious(canary)[which]
    torch.save(what, tmp_path / "evil.pth")
    names = read_contents(tmp_path / "evil.pth").dangerous
    assert names
    assert not any(map(may_be_allowed, names))
    sheet = DangerSheet(tmp_path / "evil.pth", names, desktop.window.settings, desktop.window)
    sheet.show()
    assert not sheet.boxes
    assert not sheet.go.isEnabled()
    assert sheet.buttons.buttonRole(sheet.keep) == QDialogButtonBox.ButtonRole.RejectRole
    sheet.reject()
    assert not canary.exists()
