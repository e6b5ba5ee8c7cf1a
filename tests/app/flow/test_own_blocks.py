"""Blocks of the user's own, in the window: saved, placed, imported, given away, thrown away."""

from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

import core
from app.dialogs.blocks import SaveBlockSheet, ShelfSheet
from app.dialogs.trust import TrustDialog
from tests.app.flow.conftest import Studio
from tests.app.flow.test_inserting import items
from tests.app.flow.test_panel import IMAGES, Block, click
from tests.app.flow.test_steps import edited, presses
from tests.core.catalog.test_own_blocks import MARK, PAIR

pytestmark = pytest.mark.usefixtures("shelf")
CHAIN = "Sequential(body=Sequential(Conv2d(3, 8, 3, padding=1), BatchNorm2d(8), ReLU()))"


def saving(studio: Studio) -> SaveBlockSheet:
    studio.triggers("save-block")
    sheet = studio.sheet_of(SaveBlockSheet)
    studio.waits(lambda: sheet._part is not None)
    studio.settles(sheet)
    return sheet


def saves(studio: Studio, sheet: SaveBlockSheet) -> None:
    studio.settles(sheet)
    assert sheet.ok.isEnabled(), sheet.said.text()
    given: list[object] = []
    sheet.given.connect(given.append)
    sheet.ok.click()
    studio.waits(lambda: given)
    studio.rests()


def in_the_palette(studio: Studio, name: str) -> bool:
    return name in studio.window.palette_panel.model.known


def test_a_module_is_saved_and_placed_again_with_other_numbers(studio: Studio) -> None:
    studio.opens(CHAIN)
    studio.selects("body")
    sheet = saving(studio)
    assert sheet.name.text() == "MyBody"
    assert [each.name for each in sheet.chosen] == ["in_channels", "out_channels"]
    sheet.name.setText("ConvUnit")
    sheet.summary.setText("A convolution, normalised")
    studio.settles(sheet)
    assert "conv_unit.py" in sheet.said.text()
    saves(studio, sheet)
    assert in_the_palette(studio, "ConvUnit")
    assert studio.window.desk.state.cursor == 0  # the model is as it was
    studio.selects("body")
    items(studio, "insert-block")["ConvUnit"].trigger()
    edited(studio)
    placed = list(studio.document.root.children())[1]
    assert type(placed).__name__ == "ConvUnit"
    with torch.no_grad():
        assert studio.document.root(torch.zeros(1, 3, 5, 5)).shape[0] == 1


def test_names_that_no_block_can_have_are_refused_in_place(studio: Studio) -> None:
    studio.opens(CHAIN)
    studio.selects("body")
    sheet = saving(studio)
    for name, sentence in (
        ("two words", "no name for a block"), ("conv", "begins with a capital letter: Conv"),
        ("Linear", "already a layer called Linear"), ("", "no name for a block"),
    ):  # fmt: skip
        sheet.name.setText(name)
        studio.settles(sheet)
        assert sentence in sheet.said.text()
        assert not sheet.ok.isEnabled()


def test_a_block_of_that_name_is_overwritten_only_after_a_yes(studio: Studio) -> None:
    studio.opens(CHAIN)
    studio.selects("body")
    sheet = saving(studio)
    sheet.name.setText("ConvUnit")
    saves(studio, sheet)
    again = saving(studio)
    again.name.setText("ConvUnit")
    studio.settles(again)
    assert again.form.isRowVisible(again.overwrite)
    assert not again.ok.isEnabled()
    again.overwrite.setChecked(True)
    for row in range(again.parameters.count()):
        again.parameters.item(row).setCheckState(Qt.CheckState.Unchecked)
    saves(studio, again)
    assert core.find_layer("ConvUnit").parameters == ()


def test_steps_that_are_chosen_in_the_picture_become_a_block(studio: Studio) -> None:
    studio.opens(Block(), IMAGES)
    studio.triggers("dataflow")
    studio.waits(lambda: studio.flow.view.picture is not None)
    studio.rests()
    click(studio, "tail")
    presses(studio, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert studio.flow.chosen_steps == ("tail", "add")
    sheet = saving(studio)
    assert "tail, add" in sheet.windowTitle()
    sheet.name.setText("TailAndSum")
    saves(studio, sheet)
    module = core.open("TailAndSum()").document.root
    x, y = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 4, 4)
    with torch.no_grad():
        assert torch.equal(module(x, y), module.tail(x) + y)  # type: ignore[operator]
    assert studio.window.desk.state.cursor == 0


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    path = tmp_path / "residual_pair.py"
    path.write_text(PAIR + MARK.format(str(tmp_path / "mark")))
    return path


def opens_shelf(studio: Studio) -> ShelfSheet:
    studio.triggers("my-blocks")
    (sheet,) = studio.window.findChildren(ShelfSheet)
    return sheet


def test_a_file_of_others_runs_only_after_a_yes_to_its_code(
    studio: Studio, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = theirs.parent / "mark"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(theirs), ""))
    sheet = opens_shelf(studio)
    assert "Nothing is here yet" in sheet.about.text()
    assert not sheet.remove.isEnabled()
    sheet.take_in.click()
    (asked,) = sheet.findChildren(TrustDialog)
    assert "class ResidualPair" in asked.code.toPlainText()
    asked.keep.click()
    assert not mark.exists()
    assert not in_the_palette(studio, "ResidualPair")
    sheet.take_in.click()
    sheet.findChildren(TrustDialog)[-1].run.click()
    assert mark.exists()
    assert in_the_palette(studio, "ResidualPair")
    assert sheet.chosen == "ResidualPair"
    assert "Imported ResidualPair" in sheet.said.text()


def test_what_is_no_block_is_refused_in_the_sheet(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nothing.py").write_text("x = 1\n")
    file = str(tmp_path / "nothing.py")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (file, ""))
    sheet = opens_shelf(studio)
    sheet.take_in.click()
    assert "defines no class" in sheet.said.text()
    assert sheet.said.tone == "problem"


def test_a_file_that_was_put_there_is_listed_and_runs_after_a_look(
    studio: Studio, shelf: Path
) -> None:
    shelf.mkdir(parents=True)
    (shelf / "residual_pair.py").write_text(PAIR)
    sheet = opens_shelf(studio)
    assert not in_the_palette(studio, "ResidualPair")
    assert sheet.allow.isEnabled()
    sheet.allow.click()
    sheet.findChildren(TrustDialog)[-1].run.click()
    assert in_the_palette(studio, "ResidualPair")
    assert not sheet.allow.isEnabled()


def test_a_block_is_given_away_renamed_and_thrown_away(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.catalog.keep_block("ResidualPair", PAIR)
    studio.window.palette_panel.fill()
    sheet = opens_shelf(studio)
    target = tmp_path / "away.py"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(target), ""))
    sheet.give.click()
    assert target.read_text() == PAIR
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("Pair", True))
    sheet.rename.click()
    assert in_the_palette(studio, "Pair")
    assert not in_the_palette(studio, "ResidualPair")
    answers = [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Discard]
    monkeypatch.setattr(QMessageBox, "question", lambda *a, **k: answers.pop(0))
    sheet.remove.click()
    assert in_the_palette(studio, "Pair")
    sheet.remove.click()
    assert not in_the_palette(studio, "Pair")
    assert sheet.list.topLevelItemCount() == 0


def test_in_the_palette_a_block_of_ones_own_has_a_menu_of_its_own(studio: Studio) -> None:
    core.catalog.keep_block("ResidualPair", PAIR)
    panel = studio.window.palette_panel
    panel.fill()
    texts = [each.text().replace("&", "") for each in panel.menu_of("ResidualPair").actions()]
    assert {"Rename block…", "Export block…", "Remove block…"} <= set(texts)
    others = [each.text() for each in panel.menu_of("Linear").actions()]
    assert not any("block" in each for each in others)
