"""Blocks, operations and layers, put in by menus, on a way, and by dropping between rows."""

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from torch import nn

from app import mime
from app.dialogs.ask_layer import AskLayerDialog
from app.dialogs.rewire import WayForm
from app.item_models.columns import Column
from core.blocks import UNet
from core.document import InputSpec
from tests.app.drags import Drag
from tests.app.flow.conftest import Studio
from tests.app.flow.test_panel import IMAGES, Block
from tests.app.flow.test_sheets import NUMBERS, Head
from tests.app.flow.test_steps import edited, middle_of


def items(studio: Studio, row: str) -> dict[str, QAction]:
    """Open a part of the Insert menu, and return what is in it."""
    menu = studio.window.actions_table.by_id[row].menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    return {each.text().partition(" — ")[0]: each for each in menu.actions() if each.text()}


def asked(studio: Studio) -> tuple[AskLayerDialog, WayForm]:
    dialog = studio.sheet_of(AskLayerDialog)
    (form,) = dialog.findChildren(WayForm)
    return dialog, form


def gives(studio: Studio, dialog: AskLayerDialog, count: int = 1) -> None:
    studio.settles(dialog)
    assert dialog._ok.isEnabled(), dialog.said.text()
    dialog._ok.click()
    edited(studio, count)


@pytest.fixture
def head(studio: Studio) -> Studio:
    studio.opens(Head(), NUMBERS)
    return studio


def test_the_menus_have_every_block_and_every_operation(studio: Studio) -> None:
    from core.blocks import BLOCKS
    from core.dataflow.operations import OPERATIONS

    studio.opens("Sequential(Conv2d(3, 8, 3), ReLU())")
    blocks = items(studio, "insert-block")
    assert {each.__name__ for each in BLOCKS} <= set(blocks)
    assert list(items(studio, "insert-operation")) == list(OPERATIONS)
    assert all(each.toolTip() != each.text() for each in blocks.values())
    assert "side by side" in items(studio, "insert-operation")["cat"].text()


def test_a_block_goes_behind_the_selected_module_of_a_container(studio: Studio) -> None:
    studio.opens("Sequential(Conv2d(3, 8, 3), ReLU())")
    studio.selects("0")
    items(studio, "insert-block")["CBAM"].trigger()
    edited(studio)
    kinds = [type(each).__name__ for each in studio.document.root.children()]
    assert kinds == ["Conv2d", "CBAM", "ReLU"]
    studio.selects("")
    items(studio, "insert-block")["OutConv"].trigger()
    edited(studio, 2)
    assert type(list(studio.document.root.children())[-1]).__name__ == "OutConv"


def test_a_block_is_wired_into_a_forward_of_its_own(studio: Studio) -> None:
    studio.opens(Block(), IMAGES)
    before, x = studio.document.root, torch.randn(2, 3, 8, 8)
    studio.selects("conv")
    items(studio, "insert-block")["SEBlock"].trigger()
    dialog, form = asked(studio)
    assert form.way.source == "conv"
    gives(studio, dialog)
    block = next(m for m in studio.document.root.modules() if type(m).__name__ == "SEBlock")
    with torch.no_grad():
        y = torch.relu(block(before.conv(x)))  # type: ignore[operator]
        wanted = torch.relu(before.tail(y) + x)  # type: ignore[operator]
        assert torch.allclose(studio.document.model().eval()(x), wanted)


def test_an_operation_on_two_tensors_asks_for_the_other(head: Studio) -> None:
    before, x = head.document.root, torch.randn(3, 4)
    head.selects("act")
    items(head, "insert-operation")["add"].trigger()
    dialog, form = asked(head)
    assert form.form.isRowVisible(form.beside)
    assert "add takes another tensor too" in dialog.said.text()
    form.beside.choose("body")
    gives(head, dialog)
    with torch.no_grad():
        y = before.body(x)  # type: ignore[operator]
        wanted = before.fc(torch.relu(y) + y)  # type: ignore[operator]
        assert torch.allclose(head.document.model().eval()(x), wanted)


def test_what_takes_one_tensor_asks_for_no_other(head: Studio) -> None:
    head.selects("act")
    items(head, "insert-operation")["sigmoid"].trigger()
    dialog, form = asked(head)
    assert not form.form.isRowVisible(form.beside)
    dialog.field.setText("cat(1)")
    assert form.form.isRowVisible(form.beside)
    dialog.field.setText("mean")
    head.settles(dialog)
    assert dialog.arguments.text() == "mean(<b>dim</b>, keepdim)"
    assert "needs dim" in dialog.said.text()
    completer = dialog.field.completer()
    completer.setCompletionPrefix("interpol")
    assert completer.currentCompletion() == "interpolate"


def test_a_unet_is_put_together_of_blocks_with_its_skip(studio: Studio) -> None:
    """Section 2 of the tutorial, one level deep: the way up reads what the way down has left."""
    chain = "Sequential(inc=DoubleConv(3, 8), down1=Down(8, 16), outc=OutConv(8, 2))"
    studio.opens(chain, (InputSpec(shape=(1, 3, 32, 32)),))
    studio.selects("down1")
    items(studio, "insert-block")["Up"].trigger()  # it reads two, so what ran in order is wired
    dialog, form = asked(studio)
    assert "Up takes another tensor too" in dialog.said.text()
    dialog.field.setText("Up(16, 8)")
    form.beside.choose("inc")
    form.name.setText("up1")
    assert form.way.source == "down1"
    gives(studio, dialog)
    model, usual = studio.document.model().eval(), UNet(3, 2, width=8, depth=1).eval()
    usual.load_state_dict(model.state_dict(), strict=True)
    x = torch.randn(1, 3, 33, 29)
    with torch.no_grad():
        assert torch.equal(model(x), usual(x))
    assert not studio.window.desk.state.report.problems  # type: ignore[union-attr]


def test_on_the_model_itself_any_way_in_it_can_be_meant(head: Studio) -> None:
    head.selects("")
    items(head, "insert-block")
    head.triggers("insert-after")
    _, form = asked(head)
    texts = [form.box.itemText(n).partition(",")[0] for n in range(form.box.count())]
    assert texts == ["x → body", "body → act", "act → fc", "fc → output"]


def test_on_the_way_that_is_chosen_in_the_picture(studio: Studio) -> None:
    studio.opens(Block(), IMAGES)
    studio.triggers("dataflow")
    studio.waits(lambda: studio.flow.view.picture is not None)
    studio.rests()
    view = studio.flow.view
    at = middle_of(studio, "tail", "add")
    studio.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    studio.triggers("insert-after")
    dialog, form = asked(studio)
    assert (form.way.source, form.way.targets) == ("tail", (("add", 0),))
    dialog.field.setText("Dropout2d")
    gives(studio, dialog)
    assert "Dropout2d" in {type(each).__name__ for each in studio.document.root.children()}


def test_the_menu_of_blocks_pops_up_by_its_keys(head: Studio) -> None:
    head.selects("act")
    for row in ("insert-block", "insert-operation"):
        head.window.actions_table.by_id[row].trigger()
        menu = head.window.actions_table.by_id[row].menu()
        assert isinstance(menu, QMenu)
        assert menu.isVisible()
        assert menu.actions()
        menu.close()


# Dropped between the rows of a module with a forward of its own


def between(studio: Studio, path: str, height: float = 0.9) -> QPoint:
    tree = studio.window.tree
    rect = tree.view.visualRect(tree.model.index_of(path).siblingAtColumn(Column.NAME))
    return QPoint(rect.left() + 20, rect.top() + round(rect.height() * height))


def drops(studio: Studio, layer: str, at: QPoint) -> str:
    """Drag a layer of the palette there, read the bubble, and let go."""
    view = studio.window.tree.view
    drag = Drag(view.viewport(), mime.of_layer(layer), at)
    studio.waits(lambda: view._bubble is not None and view._bubble.isVisible())
    assert view._bubble is not None
    said = view._bubble.text()
    drag.drop(at)
    return said


def test_between_two_that_follow_each_other_it_goes_onto_their_edge(head: Studio) -> None:
    before, x = head.document.root, torch.randn(3, 4)
    said = drops(head, "LayerNorm", between(head, "body"))
    assert "Insert LayerNorm(6) between body and act" in said
    edited(head)
    norm = next(m for m in head.document.root.modules() if isinstance(m, nn.LayerNorm))
    with torch.no_grad():
        wanted = before.fc(before.act(norm(before.body(x))))  # type: ignore[operator]
        assert torch.allclose(head.document.model().eval()(x), wanted)
    head.window.desk.undo()
    head.rests()
    assert head.document.root is before


def test_before_the_first_and_behind_the_last_are_the_input_and_the_output(head: Studio) -> None:
    drops(head, "Dropout", between(head, "fc"))
    edited(head)
    assert "between fc and output" in head.window.desk.state.steps[-1].label
    drops(head, "PReLU", between(head, "body", 0.1))
    edited(head, 2)
    assert "between x and body" in head.window.desk.state.steps[-1].label


def test_where_no_tensor_passes_straight_between_them_somebody_chooses(studio: Studio) -> None:
    studio.opens(Block(), IMAGES)
    studio.window.tree.expand_to(1)
    said = drops(studio, "Dropout", between(studio, "tail"))
    assert "asked for the steps it is to stand between" in said
    dialog, form = asked(studio)
    texts = [form.box.itemText(n).partition(",")[0] for n in range(form.box.count())]
    assert texts == ["tail → add", "relu_1 → output"]
    dialog.reject()
    assert studio.window.desk.state.cursor == 0
