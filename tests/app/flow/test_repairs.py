"""What re-wiring made odd stands among the problems, and is one click from being well."""

import pytest
import torch
from PySide6.QtWidgets import QPushButton
from torch import nn

from app.dialogs.rewire import SwapEncoderSheet
from app.panels.problems import ProblemRow
from core.document import InputSpec
from core.edits import AddInput, Bypass, Connect, InsertOnEdge
from tests.app.flow.conftest import Studio
from tests.app.flow.test_panel import IMAGES, Block
from tests.app.flow.test_sheets import NUMBERS, Head
from tests.app.flow.test_steps import edited


def asks(studio: Studio, *edits: object) -> None:
    for number, edit in enumerate(edits, studio.window.desk.state.cursor + 1):
        studio.window.desk.ask(edit)  # type: ignore[arg-type]
        edited(studio, number)


def row_with(studio: Studio, words: str) -> ProblemRow:
    rows = studio.window.problems.rows
    studio.waits(lambda: any(words in each.problem.message for each in studio.window.problems.rows))
    studio.rests()
    rows = studio.window.problems.rows
    return next(each for each in rows if words in each.problem.message)


def repairs(studio: Studio, row: ProblemRow) -> list[QPushButton]:
    studio.waits(lambda: row.findChildren(QPushButton) or row._waiting.text().startswith("No"))
    return row.findChildren(QPushButton)


def test_an_input_that_nobody_reads_is_taken_away_by_one_click(studio: Studio) -> None:
    studio.opens(Head(), NUMBERS)
    asks(studio, AddInput("", "spare", (3, 2)))
    row = row_with(studio, "The input spare is not read")
    (button,) = repairs(studio, row)
    assert button.text() == "Remove the input spare"
    assert studio.window.docks["problems"].windowTitle() == "Problems"  # it runs all the same
    button.click()
    edited(studio, 2)
    assert len(studio.document.inputs) == 1
    studio.waits(lambda: not studio.window.problems.rows)


def test_a_module_that_is_not_called_any_more_is_told(studio: Studio) -> None:
    studio.opens(Head(), NUMBERS)
    asks(studio, Bypass("", "act"))
    row = row_with(studio, "act (ReLU) is never called")
    row.mousePressEvent(None)
    studio.rests()
    assert studio.window.desk.state.selection == ("act",)
    studio.window.desk.undo()
    studio.waits(lambda: not studio.window.problems.rows)


def test_what_writes_over_a_tensor_that_is_read_later_is_repaired_by_one_click(
    studio: Studio,
) -> None:
    studio.opens(Block(), IMAGES)
    before, x = studio.document.root, torch.randn(2, 3, 8, 8)
    asks(studio, InsertOnEdge("", "x", "conv", "ReLU(inplace=True)", "first"))
    row = row_with(studio, "first writes over x")
    (button,) = repairs(studio, row)
    assert "make a tensor of its own" in button.text()
    button.click()
    edited(studio, 2)
    with torch.no_grad():
        y = torch.relu(before.conv(torch.relu(x)))  # type: ignore[operator]
        wanted = torch.relu(before.tail(y) + x)  # type: ignore[operator]
        assert torch.allclose(studio.document.model().eval()(x.clone()), wanted)
    studio.waits(lambda: not studio.window.problems.rows)


def test_a_circle_is_refused_where_the_user_looks(studio: Studio) -> None:
    studio.opens(Head(), NUMBERS)
    refused: list[str] = []
    studio.window.desk.refused.connect(refused.append)
    studio.window.desk.ask(Connect("", "fc", "body", 0))
    studio.waits(lambda: refused)
    assert "wait for itself" in refused[0]


# Another encoder


@pytest.fixture
def unet(studio: Studio) -> Studio:
    studio.opens('EncoderUNet("resnet18", 3, 2, width=4)', (InputSpec(shape=(1, 3, 64, 64)),))
    return studio


def swapping(studio: Studio, path: str) -> SwapEncoderSheet:
    studio.selects(path)
    studio.triggers("swap-encoder")
    sheet = studio.sheet_of(SwapEncoderSheet)
    studio.waits(lambda: sheet.encoder.count() > 10)
    studio.settles(sheet)
    return sheet


def test_the_encoder_is_swapped_and_what_stays_is_said_before(unet: Studio) -> None:
    before = unet.document
    sheet = swapping(unet, "encoder.layer1")
    assert "stands on a resnet18 now" in sheet.said.text()
    assert not sheet.ok.isEnabled()
    sheet.encoder.setEditText("resnet34")
    unet.settles(sheet)
    way_up = [n for n in before.state_dict() if not n.startswith("encoder.")]
    assert f"{len(way_up)} of {len(way_up)} tensors stay as they are." in sheet.said.text()
    unet.accepts(sheet)
    assert unet.document.module("up1") is before.module("up1")
    assert unet.document.module("encoder").backbone == "resnet34"
    assert unet.window.desk.state.selection == ("encoder",)
    unet.window.desk.undo()
    unet.rests()
    assert unet.document is before


def test_what_is_no_encoder_is_refused_in_place_and_other_widths_are_counted(unet: Studio) -> None:
    sheet = swapping(unet, "")
    sheet.encoder.setEditText("vit_b_16")
    unet.settles(sheet)
    assert sheet.said.tone == "problem"
    assert not sheet.ok.isEnabled()
    sheet.encoder.setEditText("mobilenet_v3_small")
    unet.settles(sheet)
    assert "keep what fits" in sheet.said.text()


def test_without_such_a_unet_the_command_says_what_to_select(studio: Studio) -> None:
    studio.opens("Sequential(Linear(4, 4), ReLU())")
    action = studio.window.actions_table.by_id["swap-encoder"]
    assert not action.isEnabled()
    assert "Select a U-Net on an encoder" in action.property("why")
    assert isinstance(studio.document.root, nn.Sequential)
