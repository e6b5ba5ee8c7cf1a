"""The tutorial's section 4 through the window: {one, several GPUs} saved and loaded, whole or not.

DataParallel wraps on the CPU too, so the files are what several GPUs write.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import squeezenet1_1

from app.dialogs.save import SaveSheet
from core.document import InputSpec
from tests.app.checkpoints.conftest import Desktop
from tests.core.checkpoint.test_match import trained

SUFFIXES = ("pkl", "pt", "pth")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("whole", [False, True], ids=["state dict", "whole"])
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_what_was_saved_anywhere_loads_here(
    several: bool, whole: bool, suffix: str, desktop: Desktop, written: Any
) -> None:
    net = trained(squeezenet1_1(num_classes=3))
    saved: nn.Module = nn.DataParallel(net) if several else net
    file = written(saved if whole else saved.state_dict(), f"net.{suffix}")
    desktop.opens(squeezenet1_1(num_classes=3), (InputSpec(shape=(1, 3, 64, 64)),))
    desktop.loads(desktop.drops(file))
    desktop.holds(net)


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_a_whole_model_is_opened_by_its_button(
    several: bool, desktop: Desktop, written: Any
) -> None:
    net = trained(squeezenet1_1(num_classes=3))
    sheet = desktop.drops(written(nn.DataParallel(net) if several else net))
    (button, *_) = sheet.file.models.buttons
    button.click()
    desktop.waits(lambda: desktop.window.desk.state.report is not None)
    desktop.holds(net)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
@pytest.mark.parametrize("whole", [False, True], ids=["state dict", "whole"])
def test_what_is_saved_here_loads_in_plain_pytorch(
    whole: bool, several: bool, suffix: str, desktop: Desktop, tmp_path: Path
) -> None:
    net = trained(squeezenet1_1(num_classes=3))
    desktop.opens(net, (InputSpec(shape=(1, 3, 64, 64)),))
    target = tmp_path / f"out.{suffix}"
    desktop.window.commands.checkpoints.save()
    (sheet,) = desktop.window.findChildren(SaveSheet)
    sheet.path.setText(str(target))
    sheet.form.radios["whole model" if whole else "state dict"].setChecked(True)
    sheet.form.names.setCurrentIndex(int(several))
    sheet.form.names.activated.emit(int(several))
    desktop.idles()
    sheet.save.click()
    desktop.waits(target.exists)
    desktop.idles()
    plain = squeezenet1_1(num_classes=3)
    into: nn.Module = nn.DataParallel(plain) if several else plain
    if whole:
        found = torch.load(target, weights_only=False)
        assert isinstance(found, nn.DataParallel) == several
        into.load_state_dict(found.state_dict())
    else:
        into.load_state_dict(torch.load(target, weights_only=True), strict=True)
    for name, tensor in net.state_dict().items():
        assert torch.equal(plain.state_dict()[name], tensor)


def test_which_model_it_is_is_built_and_loaded(desktop: Desktop, written: Any) -> None:
    """No model is open: the file says which it is, one click builds it and comes back."""
    net = trained(squeezenet1_1(num_classes=7))
    sheet = desktop.drops(written({"model": nn.DataParallel(net).state_dict()}))
    assert not sheet.load.isEnabled()
    assert "squeezenet" in sheet.sentence.text()
    (button, *_) = sheet.file.models.buttons
    button.click()
    desktop.waits(lambda: desktop.window.desk.state.report is not None)
    sheet = desktop.sheet()
    desktop.loads(sheet)
    desktop.holds(net)
