"""The code for an edited model, run in a fresh process that knows nothing of Modelwright."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtWidgets import QFileDialog
from torch import nn

import core
from app.dialogs.load import LoadSheet
from app.dialogs.save import SaveSheet
from core.document import Document
from core.errors import SaveRefused
from tests.app.checkpoints.conftest import Desktop
from tests.core.checkpoint.test_match import Net, trained

NET = "Sequential(body=Linear(8, 6), act=ReLU(), fc=Linear(6, 4))"
AFTER = """
import sys
assert not {"core", "app"} & {name.partition(".")[0] for name in sys.modules}
torch.save(model.state_dict(), "came_out.pth")
"""


def run(code: str, folder: Path) -> dict[str, torch.Tensor]:
    """Run the code as a script in a folder, as its reader would; return the weights it has then."""
    (folder / "script.py").write_text(code + AFTER)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=300,
        env={"PATH": "", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return torch.load(folder / "came_out.pth", weights_only=True)


def edits(desktop: Desktop, *texts: str) -> None:
    for number, text in enumerate(texts, desktop.window.desk.state.cursor + 1):
        desktop.window.desk.ask(text)
        desktop.waits(lambda number=number: desktop.window.desk.state.cursor == number)
    desktop.idles()


def saving(desktop: Desktop, target: Path) -> SaveSheet:
    desktop.window.commands.checkpoints.save()
    sheet = desktop.window.findChildren(SaveSheet)[-1]
    sheet.path.setText(str(target))
    desktop.idles()
    return sheet


def saved(desktop: Desktop, sheet: SaveSheet) -> str:
    code = sheet.code.code()
    sheet.save.click()
    desktop.waits(lambda: sheet.writing is None)
    desktop.idles()
    return code


@pytest.mark.parametrize("kind", ["state dict", "training"])
def test_what_the_save_sheet_shows_builds_and_loads_the_edited_model(
    kind: str, desktop: Desktop, tmp_path: Path
) -> None:
    desktop.opens(NET)
    edits(desktop, "act = Tanh()", "fc = Sequential(a=Linear(6, 5), b=Linear(5, 2))")
    sheet = saving(desktop, tmp_path / "my-net.pth")
    sheet.form.radios[kind].setChecked(True)
    desktop.idles()
    assert sheet.form.code.isChecked()
    assert "my_net.py" in sheet.form.code.text()
    assert "my_net.py" in sheet.facts.text()
    code = saved(desktop, sheet)
    assert "from my_net import build_model" in code
    own = desktop.document.state_dict()
    came = run(code, tmp_path)
    assert came.keys() == own.keys()
    assert all(torch.equal(came[name], own[name]) for name in own)


def test_a_model_of_torchvision_that_was_edited_is_built_by_the_code(
    desktop: Desktop, tmp_path: Path
) -> None:
    desktop.opens("squeezenet1_1")
    edits(desktop, "classifier.1.out_channels = 7")
    sheet = saving(desktop, tmp_path / "seven.safetensors")
    code = saved(desktop, sheet)
    came = run(code, tmp_path)
    assert came["classifier.1.weight"].shape == (7, 512, 1, 1)


def test_without_its_code_the_edits_are_named_in_comments(desktop: Desktop, tmp_path: Path) -> None:
    desktop.opens("squeezenet1_1")
    edits(desktop, "classifier.1.out_channels = 7")
    sheet = saving(desktop, tmp_path / "seven.pth")
    sheet.form.code.setChecked(False)
    desktop.idles()
    code = saved(desktop, sheet)
    assert "# The model was edited" in code
    assert not (tmp_path / "seven.py").exists()


def test_a_model_that_was_not_edited_gets_no_code_of_its_own(
    desktop: Desktop, tmp_path: Path
) -> None:
    desktop.opens("squeezenet1_1")
    sheet = saving(desktop, tmp_path / "plain.pth")
    assert not sheet.form.with_code
    assert "models.squeezenet1_1()" in sheet.code.code()


def test_a_model_that_nobody_can_write_as_code_says_why(desktop: Desktop, tmp_path: Path) -> None:
    desktop.opens(trained(Net()))
    edits(desktop, "fc = Linear(4, 9)")
    sheet = saving(desktop, tmp_path / "net.pth")
    assert not sheet.form.code.isEnabled()
    assert "was not built here" in sheet.form.code.toolTip()
    assert "# The model was edited" in saved(desktop, sheet)
    assert (tmp_path / "net.pth").exists()


def test_the_code_is_written_over_only_when_the_button_said_so(
    desktop: Desktop, tmp_path: Path
) -> None:
    (tmp_path / "net.py").write_text("precious = 1\n")
    desktop.opens(NET)
    edits(desktop, "act = Tanh()")
    sheet = saving(desktop, tmp_path / "net.pth")
    assert sheet.save.text().replace("&", "") == "Overwrite"
    assert "net.py exists" in sheet.said.text()
    sheet.form.code.setChecked(False)
    desktop.idles()
    assert sheet.save.text().replace("&", "") == "Save"
    saved(desktop, sheet)
    assert (tmp_path / "net.py").read_text() == "precious = 1\n"


# In the third step of loading


@pytest.fixture
def placed(desktop: Desktop, tmp_path: Path, written: Callable[..., Path]) -> LoadSheet:
    """The third step with a file of the edited model."""
    desktop.opens(NET)
    edits(desktop, "act = Tanh()", "fc = Linear(6, 3)")
    file = written(desktop.document.model().state_dict(), "three.pth")
    sheet = desktop.drops(file)
    sheet.pages.setCurrentWidget(sheet.place)
    desktop.idles()
    return sheet


def chooses(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> list[str]:
    asked: list[str] = []

    def name(*arguments: Any, **_: Any) -> tuple[str, str]:
        asked.append(str(arguments[2]))
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", name)
    return asked


def test_place_says_which_file_the_code_needs_and_writes_it(
    placed: LoadSheet, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = placed.place.script
    assert "from three import build_model" in script.view.code()
    assert "three.py" in script.said.text()
    assert not script.write.isHidden()
    asked = chooses(monkeypatch, tmp_path / "three.py")
    script.write.click()
    desktop.waits(lambda: script.said.tone == "good")
    assert asked == [str(tmp_path / "three.py")]
    assert "runs in a fresh process" in script.said.text()
    came = run(script.view.code(), tmp_path)
    own = torch.load(tmp_path / "three.pth", weights_only=True)
    assert all(torch.equal(came[name], own[name]) for name in own)


def test_place_tells_the_code_that_was_saved_with_the_weights_from_another(
    desktop: Desktop, tmp_path: Path
) -> None:
    desktop.opens(NET)
    edits(desktop, "act = Tanh()")
    saved(desktop, saving(desktop, tmp_path / "mine.pth"))
    for changed, said in ((False, "is there, and builds it"), (True, "but it is another")):
        if changed:
            (tmp_path / "mine.py").write_text("build_model = None\n")
        sheet = desktop.drops(tmp_path / "mine.pth")
        sheet.pages.setCurrentWidget(sheet.place)
        desktop.idles()
        assert said in sheet.place.script.said.text()
        sheet.reject()


def test_under_another_name_the_code_imports_that(
    placed: LoadSheet, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = placed.place.script
    chooses(monkeypatch, tmp_path / "head")
    script.write.click()
    desktop.waits(lambda: script.said.tone == "good")
    assert "from head import build_model" in script.view.code()
    placed.place.radios["dp"].click()
    assert "from head import build_model" in script.view.code()
    run(script.view.code(), tmp_path)


def test_code_that_cannot_be_written_is_said_and_the_sheet_stays(
    placed: LoadSheet, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = placed.place.script
    chooses(monkeypatch, tmp_path / "no" / "such.py")
    script.write.click()
    desktop.waits(lambda: script.said.tone == "problem")
    assert "does not exist" in script.said.text()
    assert placed.isVisible()


def test_a_file_of_the_model_before_its_edits_is_loaded_into_that(
    desktop: Desktop, written: Callable[..., Path]
) -> None:
    from torchvision.models import squeezenet1_1

    desktop.opens("squeezenet1_1")
    edits(desktop, "classifier.1.out_channels = 7")
    sheet = desktop.drops(written(squeezenet1_1().state_dict()))
    sheet.pages.setCurrentWidget(sheet.place)
    desktop.idles()
    assert "models.squeezenet1_1()" in sheet.place.code.code()
    assert sheet.place.script.write.isHidden()


def test_code_is_written_alone_and_tried(tmp_path: Path) -> None:
    session = core.open(NET)
    session.apply("act = Tanh()")
    code, verdict = core.write_code(session.document, tmp_path / "net.py")
    assert verdict.difference == 0
    assert "Tanh" in code.read_text()
    with pytest.raises(SaveRefused, match="exists already"):
        core.write_code(session.document, code)
    with pytest.raises(SaveRefused, match=r"my_net\.py"):
        core.write_code(session.document, tmp_path / "my-net.py")
    with pytest.raises(SaveRefused, match="was not built here"):
        core.write_code(Document.of(Net()), tmp_path / "none.py")
    assert isinstance(session.model(), nn.Module)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["net.py"]
