"""Steps and ways in the picture: chosen by mouse and keys, taken out, renamed, grouped."""

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from torch import nn

from app.actions import plain_text
from app.dialogs.rewire import (
    AddInputSheet,
    AddOutputSheet,
    GroupSheet,
    RemoveInputSheet,
    RemoveOutputSheet,
    RemoveStepSheet,
    RenameStepSheet,
)
from core.document import InputSpec
from tests.app.flow.conftest import Studio
from tests.app.flow.test_panel import IMAGES, Block, Odd, click, step

CTRL = Qt.KeyboardModifier.ControlModifier
TWO = (InputSpec(shape=(3, 4)), InputSpec(shape=(3, 4)))


class Pair(nn.Module):
    """Two inputs, two results."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.a(x) + y, self.b(x)


def drawn(studio: Studio, model: nn.Module, inputs: tuple[InputSpec, ...]) -> Studio:
    studio.opens(model, inputs)
    studio.selects("")
    if not studio.flow.isVisible():
        studio.triggers("dataflow")
    studio.waits(lambda: studio.flow.view.picture is not None)
    studio.rests()
    return studio


@pytest.fixture
def pair(studio: Studio) -> Studio:
    return drawn(studio, Pair(), TWO)


@pytest.fixture
def block(studio: Studio) -> Studio:
    return drawn(studio, Block(), IMAGES)


def presses(studio: Studio, key: Qt.Key, keys: Qt.KeyboardModifier | None = None) -> None:
    view = studio.flow.view
    view.setFocus()
    studio.qtbot.keyClick(view, key, keys or Qt.KeyboardModifier.NoModifier)
    studio.rests()


def middle_of(studio: Studio, source: str, target: str) -> QPoint:
    view = studio.flow.view
    assert view.picture is not None
    (way,) = [w for w in view.picture.ways if (w.source, w.target) == (source, target)]
    return (way.curve.pointAtPercent(0.5) * view.scale + view._origin).toPoint()


def edited(studio: Studio, count: int = 1) -> None:
    studio.waits(lambda: studio.window.desk.state.cursor == count)
    studio.rests()


def menu_of(studio: Studio) -> list[str]:
    """Open the context menu by its key, read it, and close it."""
    view = studio.flow.view
    studio.window.menus.show_on_the_picture(view.mapToGlobal(view.rect().center()))
    menu = [each for each in studio.window.findChildren(QMenu) if each.isVisible()][-1]
    texts = [each.text() if each.menu() else plain_text(each) for each in menu.actions()]
    menu.close()
    return [each.replace("&", "") for each in texts if each]


# Choosing


def test_ctrl_and_a_click_choose_several_and_the_tree_stays(block: Studio) -> None:
    click(block, "conv")
    view = block.flow.view
    at = view.place_of(step(block, "add")).center().toPoint()
    block.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, CTRL, at)
    assert block.flow.chosen_steps == ("conv", "add")
    assert block.window.desk.state.selection == ("conv",)
    block.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, CTRL, at)
    assert block.flow.chosen_steps == ("conv",)
    block.selects("tail")
    assert block.flow.chosen_steps == ()


def test_keys_choose_several_too_and_all_and_none(block: Studio) -> None:
    click(block, "conv")
    presses(block, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert block.flow.chosen_steps == ("conv", "relu")
    presses(block, Qt.Key.Key_A, CTRL)
    assert block.flow.chosen_steps == ("conv", "relu", "tail", "add", "relu_1")
    assert "5 steps chosen" in block.flow.view.accessibleDescription()
    presses(block, Qt.Key.Key_Space, CTRL)
    assert "relu" not in block.flow.chosen_steps
    presses(block, Qt.Key.Key_Escape)
    assert block.flow.chosen_steps == ()


def test_a_way_is_chosen_by_a_click_beside_it_and_by_a_key(block: Studio) -> None:
    view = block.flow.view
    at = middle_of(block, "conv", "relu") + QPoint(3, 0)
    block.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    assert block.flow.chosen_way == ("", "conv", "relu")
    assert "from conv to relu" in view.accessibleDescription()
    assert menu_of(block) == ["Insert Before", "Insert After", "Block", "Operation"]
    click(block, "relu")
    assert block.flow.chosen_way is None
    presses(block, Qt.Key.Key_Home)
    view.current = "x"
    presses(block, Qt.Key.Key_E)
    assert block.flow.chosen_way == ("", "x", "conv")
    presses(block, Qt.Key.Key_E)
    assert block.flow.chosen_way == ("", "x", "add")
    block.selects("tail")
    assert block.flow.chosen_way is None


def test_back_in_the_tree_its_selection_is_meant_and_no_way_in_the_picture(block: Studio) -> None:
    presses(block, Qt.Key.Key_Home)
    block.flow.view.current = "x"
    presses(block, Qt.Key.Key_E)
    assert block.flow.chosen_way is not None
    block.window.tree.view.setFocus()
    assert block.flow.chosen_way is None
    assert block.flow.chosen_step == ""


# Inputs and outputs


def test_delete_on_an_input_takes_it_away_and_undo_brings_it_back(pair: Studio) -> None:
    before = pair.document
    click(pair, "y")
    presses(pair, Qt.Key.Key_Delete)
    edited(pair)
    x = torch.randn(3, 4)
    root = before.root
    with torch.no_grad():
        one, two = pair.document.model().eval()(x)
        assert torch.equal(one, root.a(x))  # type: ignore[operator]
        assert torch.equal(two, root.b(x))  # type: ignore[operator]
    assert len(pair.document.inputs) == 1
    pair.window.desk.undo()
    pair.rests()
    assert pair.document is before


def test_delete_on_the_output_asks_which_and_returns_the_other_alone(pair: Studio) -> None:
    before = pair.document
    click(pair, "output")
    presses(pair, Qt.Key.Key_Delete)
    sheet = pair.sheet_of(RemoveOutputSheet)
    texts = [sheet.output.itemText(n) for n in range(sheet.output.count())]
    assert texts == ["0: add", "1: b"]
    assert "gives 3×4" in sheet.said.text()
    pair.accepts(sheet)
    x, y = torch.randn(3, 4), torch.randn(3, 4)
    with torch.no_grad():
        assert torch.equal(pair.document.model().eval()(x, y), before.model().eval()(x, y)[0])


def test_what_returns_one_thing_cannot_return_less_and_says_so(block: Studio) -> None:
    block.triggers("remove-output")
    sheet = block.sheet_of(RemoveOutputSheet)
    assert "returns one thing" in sheet.said.text()
    assert not sheet.ok.isEnabled()


def test_an_input_is_removed_by_the_menu_and_said_before(pair: Studio) -> None:
    pair.selects("")
    pair.triggers("remove-input")
    sheet = pair.sheet_of(RemoveInputSheet)
    assert sheet.input.step == "y"
    sheet.input.choose("x")
    pair.settles(sheet)
    assert sheet.said.tone == "problem"  # the layers read it, and cannot do without
    assert not sheet.ok.isEnabled()
    sheet.input.choose("y")
    pair.settles(sheet)
    assert "The model is then fed 3,4" in sheet.said.text()
    pair.accepts(sheet)
    assert len(pair.document.inputs) == 1


def test_the_menu_of_a_box_has_what_can_be_done_to_it(pair: Studio) -> None:
    click(pair, "y")
    assert menu_of(pair)[:3] == ["Remove Input", "Add Input", "Add Output"]
    click(pair, "output")
    assert menu_of(pair)[:2] == ["Remove Output", "Add Output"]
    click(pair, "add")
    assert menu_of(pair) == ["Rename Step", "Remove Step", "Add Output", "Insert"]
    click(pair, "a")
    assert {"Rename Step", "Remove Step", "Insert", "Replace", "Freeze"} <= set(menu_of(pair))


def test_what_is_chosen_in_the_picture_is_what_the_sheets_begin_with(block: Studio) -> None:
    click(block, "add")
    block.triggers("add-output")
    sheet = block.sheet_of(AddOutputSheet)
    assert sheet.tensor.step == "add"
    sheet.reject()
    click(block, "tail")
    block.triggers("add-input")
    other = block.sheet_of(AddInputSheet)
    assert (other.path, other.before.step) == ("", "tail")


# Steps


def test_delete_on_a_step_takes_it_out_of_the_forward(block: Studio) -> None:
    before, x = block.document.root, torch.randn(2, 3, 8, 8)
    click(block, "tail")
    presses(block, Qt.Key.Key_Delete)
    edited(block)
    assert "tail" not in dict(block.document.root.named_children())
    with torch.no_grad():
        wanted = torch.relu(torch.relu(before.conv(x)) + x)  # type: ignore[operator]
        assert torch.equal(block.document.model().eval()(x), wanted)


def test_several_steps_go_in_one_step_of_the_history(block: Studio) -> None:
    before, x = block.document, torch.randn(2, 3, 8, 8)
    click(block, "tail")
    presses(block, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    presses(block, Qt.Key.Key_Delete)
    edited(block)
    with torch.no_grad():
        wanted = torch.relu(torch.relu(before.root.conv(x)))  # type: ignore[operator]
        assert torch.equal(block.document.model().eval()(x), wanted)
    block.window.desk.undo()
    block.rests()
    assert block.document is before


def test_a_step_is_led_past_and_its_module_stays(block: Studio) -> None:
    click(block, "conv")
    block.triggers("remove-step")
    sheet = block.sheet_of(RemoveStepSheet)
    sheet.step.choose("tail")
    sheet.keep.setChecked(True)
    block.accepts(sheet)
    assert "tail" in dict(block.document.root.named_children())


def test_a_step_gets_another_name_that_the_code_then_has(block: Studio) -> None:
    click(block, "add")
    presses(block, Qt.Key.Key_F2)
    sheet = block.sheet_of(RenameStepSheet)
    assert sheet.step.step == "add"
    assert sheet.name.selectedText() == "add"
    for bad, sentence in (("add", "called so already"), ("two words", "no name for a variable"),
                          ("class", "a word of Python"), ("conv", "already")):  # fmt: skip
        sheet.name.setText(bad)
        block.settles(sheet)
        assert sentence in sheet.said.text()
        assert not sheet.ok.isEnabled()
    sheet.name.setText("summed")
    block.accepts(sheet)
    assert step(block, "summed").about == "add"


def test_what_cannot_be_re_wired_says_why_in_each_sheet(studio: Studio) -> None:
    studio.opens(Odd(), IMAGES)
    studio.selects("")
    for command, kind in (
        ("remove-input", RemoveInputSheet), ("remove-output", RemoveOutputSheet),
        ("remove-step", RemoveStepSheet), ("rename-step", RenameStepSheet),
        ("group-steps", GroupSheet),
    ):  # fmt: skip
        studio.triggers(command)
        sheet = studio.sheet_of(kind)
        assert "cannot be read as a graph" in sheet.said.text()
        assert not sheet.ok.isEnabled()
        sheet.reject()


# Groups


def test_chosen_steps_become_a_module_and_are_put_back(block: Studio) -> None:
    before, x = block.document, torch.randn(2, 3, 8, 8)
    click(block, "conv")
    presses(block, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    presses(block, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    block.triggers("group-steps")
    sheet = block.sheet_of(GroupSheet)
    assert sheet.chosen == ("conv", "relu", "tail")
    sheet.name.setText("body")
    sheet.kind.setText("Body")
    block.settles(sheet)
    block.settles(sheet)
    assert "relu" in sheet.said.text()  # it is called behind them too, so it cannot move
    assert not sheet.ok.isEnabled()
    for row in (0, 1):
        sheet.list.item(row).setCheckState(Qt.CheckState.Unchecked)
    block.accepts(sheet)
    assert type(block.document.module("body")).__name__ == "Body"
    with torch.no_grad():
        assert torch.equal(block.document.model().eval()(x), before.model().eval()(x))
    block.selects("body")
    block.triggers("ungroup")
    edited(block, 2)
    with torch.no_grad():
        assert torch.equal(block.document.model().eval()(x), before.model().eval()(x))
    assert "body" not in dict(block.document.root.named_children())


def test_without_a_picture_the_steps_are_those_of_the_tree(studio: Studio) -> None:
    studio.opens(Pair(), TWO)
    studio.window.desk.select(("a", "b"))
    studio.rests()
    studio.triggers("group-steps")
    sheet = studio.sheet_of(GroupSheet)
    assert sheet.chosen == ("a", "b")
    sheet.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    for row in range(sheet.list.count()):
        sheet.list.item(row).setCheckState(Qt.CheckState.Unchecked)
    studio.settles(sheet)
    assert "Check the steps" in sheet.said.text()
