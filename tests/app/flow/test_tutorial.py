"""Sections 3.2 and 3.3 of the tutorial, done by hand in the window and taken home."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.dialogs.rewire import AddInputSheet, AddOutputSheet, WrapSheet
from app.dialogs.save import SaveSheet
from tests.app.flow.conftest import Studio
from tests.core.dataflow.test_tutorial import WithInput, WithOutput, _hand_made

COLLEAGUE = """
import sys, torch
sys.path.insert(0, {folder!r})
from {stem} import build_model
net = build_model().eval()
net.load_state_dict(torch.load({weights!r}, weights_only=True), strict=True)
assert not {{"core", "app"}} & set(sys.modules)
args = torch.load({inputs!r}, weights_only=True)
with torch.no_grad():
    found = net(*args)
torch.save(list(found) if isinstance(found, tuple) else [found], {outputs!r})
"""


def opens_plainly(weights: Path, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """What a process without Modelwright gets from the two files."""
    folder = weights.parent
    torch.save(inputs, folder / "inputs.pt")
    script = COLLEAGUE.format(
        folder=str(folder), stem=weights.stem, weights=str(weights),
        inputs=str(folder / "inputs.pt"), outputs=str(folder / "outputs.pt"),
    )  # fmt: skip
    subprocess.run([sys.executable, "-I", "-c", script], check=True, cwd=folder)
    found: list[torch.Tensor] = torch.load(folder / "outputs.pt", weights_only=True)
    return found


def saves(studio: Studio, target: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Save the weights by the menu; return what the window said."""
    said: list[str] = []
    studio.window.desk.told.connect(said.append)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), ""))
    studio.window.commands.save_weights()
    studio.waits(lambda: said)
    studio.idles()
    return said[-1]


def wrapped(studio: Studio) -> None:
    studio.opens("resnet18")
    studio.selects("")
    studio.triggers("wrap-class")
    sheet = studio.sheet_of(WrapSheet)
    assert (sheet.kind.text(), sheet.name.text()) == ("Model", "net")
    studio.accepts(sheet)
    assert type(studio.document.root).__name__ == "Model"


def test_an_external_input_as_in_section_3_2(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped(studio)
    origin = studio.window.desk.state.origin
    for after, layer, name in (
        ("net", "ReLU", "relu"), ("relu", "Dropout(0.5)", "dropout"),
        ("dropout", "Linear(1000, 10)", "fc_add"), ("fc_add", "Softmax(dim=1)", "output"),
    ):  # fmt: skip
        studio.selects(after)
        studio.inserts("insert-after", layer, name)
    studio.selects("fc_add")
    studio.triggers("add-input")
    sheet = studio.sheet_of(AddInputSheet)
    assert sheet.path == ""
    assert sheet.before.step == "fc_add"
    assert sheet.unsqueeze.currentData() == 1  # one number for each sample lacks a dimension
    sheet.name.setText("add_variable")
    studio.settles(sheet)
    assert "Linear(1000, 10) becomes Linear(1001, 10)" in sheet.said.text()
    assert "fed x (1,3,224,224) and add_variable (1)" in sheet.said.text()
    studio.accepts(sheet)
    document = studio.document
    assert studio.window.desk.state.report is not None
    assert not studio.window.desk.state.report.problems
    by_hand = _hand_made(WithInput, document)
    target = tmp_path / "tutorial.pth"
    assert "fresh process, difference 0" in saves(studio, target, monkeypatch)
    inputs = [torch.randn(2, 3, 64, 64), torch.randn(2)]
    (found,) = opens_plainly(target, inputs)
    with torch.no_grad():
        assert torch.equal(found, by_hand(*inputs))
    assert studio.window.desk.state.clean
    studio.window.desk.jump(0)
    assert studio.document is origin


def test_an_extra_output_as_in_section_3_3(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped(studio)
    for after, layer, name in (
        ("net", "ReLU()", "relu"), ("relu", "Dropout(0.5)", "dropout"),
        ("dropout", "Linear(1000, 10)", "fc1"), ("fc1", "Softmax(dim=1)", "output"),
    ):  # fmt: skip
        studio.selects(after)
        studio.inserts("insert-after", layer, name)
    studio.selects("")
    studio.triggers("add-output")
    sheet = studio.sheet_of(AddOutputSheet)
    sheet.tensor.choose("net")
    studio.settles(sheet)
    assert "the model gives [1×10, 1×1000]" in sheet.said.text()
    studio.accepts(sheet)
    by_hand = _hand_made(WithOutput, studio.document)
    target = tmp_path / "two.pth"
    saves(studio, target, monkeypatch)
    image = torch.randn(2, 3, 64, 64)
    found = opens_plainly(target, [image])
    with torch.no_grad():
        for one, other in zip(found, by_hand(image), strict=True):
            assert torch.equal(one, other)
    studio.window.desk.undo()
    studio.rests()
    assert str(studio.window.desk.state.report.output) == "1×10"  # type: ignore[union-attr]


def test_the_save_sheet_says_that_the_code_goes_along_and_writes_both(
    studio: Studio, tmp_path: Path
) -> None:
    studio.opens("Sequential(a=Linear(4, 4), b=ReLU())")
    studio.window.desk.ask("a = Linear(4, 4)")
    from core.edits import InsertOnEdge

    studio.window.desk.ask(InsertOnEdge("", "a", "b", "Dropout(0.1)", "drop"))
    studio.waits(lambda: studio.window.desk.state.cursor == 2)
    studio.rests()
    (tmp_path / "net.py").write_text("print('mine')\n")
    studio.window.commands.checkpoints.save()
    (sheet,) = studio.window.findChildren(SaveSheet)
    sheet.path.setText(str(tmp_path / "net.pth"))
    studio.idles()
    assert "net.py, the Python that builds the model" in sheet.facts.text()
    assert "net.py exists" in sheet.said.text()
    assert "from net import build_model" in sheet.code.code()
    said: list[str] = []
    studio.window.desk.told.connect(said.append)
    sheet.save.click()
    studio.waits(lambda: said)
    assert "net.py" in said[-1]
    assert "fresh process" in said[-1]
    assert "def build_model" in (tmp_path / "net.py").read_text()
    assert sorted(each.name for each in tmp_path.glob("net*")) == ["net.pth", "net.py"]


def test_weights_in_another_form_go_with_the_code_too(studio: Studio, tmp_path: Path) -> None:
    from core.edits import InsertOnEdge

    studio.opens("Sequential(a=Linear(4, 4), b=ReLU())")
    studio.window.desk.ask(InsertOnEdge("", "a", "b", "Dropout(0.1)", "drop"))
    studio.waits(lambda: studio.window.desk.state.cursor == 1)
    studio.rests()
    studio.window.commands.checkpoints.save()
    (sheet,) = studio.window.findChildren(SaveSheet)
    sheet.path.setText(str(tmp_path / "net.safetensors"))
    studio.idles()
    sheet.save.click()
    studio.waits(lambda: (tmp_path / "net.py").exists())
    studio.idles()
    assert (tmp_path / "net.safetensors").exists()


def test_code_that_would_hide_what_it_imports_is_refused_and_nothing_is_left(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.edits import InsertOnEdge

    studio.opens("Sequential(a=Linear(4, 4), b=ReLU())")
    studio.window.desk.ask(InsertOnEdge("", "a", "b", "Dropout(0.1)", "drop"))
    studio.waits(lambda: studio.window.desk.state.cursor == 1)
    studio.rests()
    refused: list[str] = []
    studio.window.desk.refused.connect(refused.append)
    target = tmp_path / "torch.pth"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), ""))
    studio.window.commands.save_weights()
    studio.waits(lambda: refused)
    assert "torch.py" in refused[0]
    assert not list(tmp_path.glob("*torch*"))
    assert not studio.window.desk.state.clean


def test_overwriting_asks_about_the_code_as_well(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.edits import InsertOnEdge

    studio.opens("Sequential(a=Linear(4, 4), b=ReLU())")
    studio.window.desk.ask(InsertOnEdge("", "a", "b", "Dropout(0.1)", "drop"))
    studio.waits(lambda: studio.window.desk.state.cursor == 1)
    studio.rests()
    (tmp_path / "mine.py").write_text("mine = 1\n")
    asked: list[str] = []

    def question(*facts: object) -> QMessageBox.StandardButton:
        asked.append(str(facts[2]))
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "question", question)
    target = str(tmp_path / "mine.pth")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (target, ""))
    studio.window.commands.save_weights()
    studio.idles()
    assert "mine.py" in asked[0]
    assert (tmp_path / "mine.py").read_text() == "mine = 1\n"
    assert not (tmp_path / "mine.pth").exists()
