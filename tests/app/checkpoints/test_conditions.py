"""Each condition of a file, through the window: dropped, repaired, loaded, compared, undone.

The files are made by plain PyTorch; so is what the model has to hold in the end.
"""

import copy
from collections import OrderedDict
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from torch import nn
from torchvision.models.vision_transformer import interpolate_embeddings

import core
from app.dialogs.load import LoadSheet
from app.dialogs.load.conditions import ConditionRow
from app.item_models.plan_rows import STORED
from core.document import InputSpec
from tests.app.checkpoints.conftest import Desktop
from tests.app.drags import Drag
from tests.core.checkpoint.test_match import NAMES, Net, _vit, prefixed, trained
from tests.zoo import Tied


def row(sheet: Any, kind: str) -> ConditionRow:
    return next(each for each in sheet.match.conditions.rows if each.condition.kind == kind)


def answers(desktop: Desktop, sheet: Any, kind: str, text: str) -> None:
    """Choose an answer where the condition offers it: in its check box, or in its list."""
    answer = row(sheet, kind).answer
    if hasattr(answer, "box"):
        answer.box.click()
    else:
        answer.setCurrentIndex(answer.findData(text))
        answer.activated.emit(answer.currentIndex())
    desktop.waits(lambda: not sheet.case.working)


@pytest.mark.parametrize("condition", NAMES)
def test_names_and_places(condition: str, desktop: Desktop, written: Any) -> None:
    made, kind = NAMES[condition]
    net = trained(Net())
    desktop.opens(Net())
    before = desktop.document
    sheet = desktop.drops(written(made(net)))
    assert kind in {each.condition.kind for each in sheet.match.conditions.rows}
    desktop.loads(sheet)
    desktop.holds(net)
    told = desktop.window.status.currentMessage()
    assert (
        told == f"file.pth: {len(net.state_dict())} of {len(net.state_dict())} loaded and compared"
    )
    desktop.window.desk.undo()
    assert desktop.document is before


def test_counters_that_the_model_makes_itself_are_said(desktop: Desktop, written: Any) -> None:
    state = {n: t for n, t in Net().state_dict().items() if not n.endswith("num_batches_tracked")}
    desktop.opens(Net())
    sheet = desktop.drops(written(state))
    assert sheet.verdict.text().endswith("One is what the model makes itself.")


def test_module_in_the_middle(desktop: Desktop, written: Any) -> None:
    wrapped = trained(Net(wrap=True))
    desktop.opens(Net())
    sheet = desktop.drops(written(wrapped.state_dict()))
    assert "features.module." in row(sheet, "module prefix").condition.sentence
    desktop.loads(sheet)
    state = wrapped.state_dict().items()
    desktop.holds({name.replace("features.module.", "features."): value for name, value in state})


def test_a_repair_can_be_left_undone_and_made_again(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    desktop.opens(nn.ModuleDict({"module": Net()}))
    sheet = desktop.drops(written(prefixed("module.module.", net)))
    assert sheet.load.isEnabled()
    answers(desktop, sheet, "module prefix", "")
    assert not sheet.load.isEnabled()
    assert not row(sheet, "module prefix").answer.box.isChecked()
    answers(desktop, sheet, "module prefix", "")
    assert sheet.load.isEnabled()
    desktop.loads(sheet)
    desktop.holds(prefixed("module.", net))


@pytest.mark.parametrize("label", ["state_dict", "state_dict_ema"])
def test_raw_and_averaged_are_asked_for(label: str, desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    averaged = copy.deepcopy(net)
    with torch.no_grad():
        averaged.fc.weight.add_(1)
    desktop.opens(Net())
    sheet = desktop.drops(
        written({"state_dict": net.state_dict(), "state_dict_ema": averaged.state_dict()})
    )
    assert not sheet.load.isEnabled()
    assert "moving average" in sheet.verdict.text()
    answers(desktop, sheet, "raw and averaged", f"weights={label}")
    desktop.loads(sheet)
    desktop.holds(net if label == "state_dict" else averaged)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_another_dtype(dtype: torch.dtype, desktop: Desktop, written: Any) -> None:
    other = trained(Net()).to(dtype)
    desktop.opens(Net())
    sheet = desktop.drops(written(other.state_dict()))
    assert row(sheet, "dtype").condition.standing == "repaired"
    desktop.loads(sheet)
    oracle = Net()
    oracle.load_state_dict(other.state_dict())
    desktop.holds(oracle)


def test_numpy_arrays(desktop: Desktop, tmp_path: Any) -> None:
    import pickle

    net = trained(Net())
    file = tmp_path / "arrays.pkl"
    with open(file, "wb") as out:
        pickle.dump({name: tensor.numpy() for name, tensor in net.state_dict().items()}, out)
    desktop.opens(Net())
    desktop.loads(desktop.drops(file))
    desktop.holds(net)


def test_another_number_of_classes(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    desktop.opens(Net(classes=4))
    own = {name: tensor.clone() for name, tensor in desktop.document.state_dict().items()}
    sheet = desktop.drops(written(net.state_dict()))
    assert not sheet.load.isEnabled()
    assert "fc.weight, fc.bias" in sheet.verdict.text()
    sheet.partly.click()
    assert sheet.load.isEnabled()
    desktop.loads(sheet)
    state = net.state_dict()
    desktop.holds({**state, "fc.weight": own["fc.weight"], "fc.bias": own["fc.bias"]})
    assert desktop.window.desk.state.marks["fc"] == "not loaded"
    desktop.window.desk.undo()
    sheet = desktop.drops(written(net.state_dict()))
    answers(desktop, sheet, "classes", "classes=slice")
    assert "partly from the file: fc.weight, fc.bias" in sheet.verdict.text()
    desktop.loads(sheet)
    desktop.holds({**state, "fc.weight": state["fc.weight"][:4], "fc.bias": state["fc.bias"][:4]})


@pytest.mark.parametrize("how", ["sum", "mean", "slice"])
def test_another_number_of_input_channels(how: str, desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    desktop.opens(Net(channels=1))
    sheet = desktop.drops(written(net.state_dict()))
    assert not sheet.load.isEnabled()
    answers(desktop, sheet, "channels", f"channels={how}")
    desktop.loads(sheet)
    there = net.state_dict()["features.0.weight"]
    wanted = {"sum": there.sum(1), "mean": there.mean(1), "slice": there[:, 0]}[how]
    mine = desktop.document.state_dict()["features.0.weight"]
    torch.testing.assert_close(mine[:, 0], wanted)


def test_position_embeddings_of_another_size(desktop: Desktop, written: Any) -> None:
    there = trained(_vit(64))
    desktop.opens(_vit(96), (InputSpec(shape=(1, 3, 96, 96)),))
    sheet = desktop.drops(written(there.state_dict()))
    answers(desktop, sheet, "positions", "positions=interpolate")
    desktop.loads(sheet)
    oracle = interpolate_embeddings(96, 16, there.state_dict(), "bicubic")
    torch.testing.assert_close(
        desktop.document.state_dict()["encoder.pos_embedding"], oracle["encoder.pos_embedding"]
    )


def test_tied_weights_saved_once(desktop: Desktop, written: Any) -> None:
    net = trained(Tied())
    state = {name: value for name, value in net.state_dict().items() if name != "head.weight"}
    desktop.opens(Tied())
    sheet = desktop.drops(written(state))
    assert row(sheet, "tied").condition.standing == "repaired"
    desktop.loads(sheet)
    desktop.holds(net)


def test_missing_counters_stay_the_models_own(desktop: Desktop, written: Any) -> None:
    state = {n: t for n, t in trained(Net()).state_dict().items() if "num_batches" not in n}
    desktop.opens(Net())
    sheet = desktop.drops(written(state))
    assert row(sheet, "own buffers")
    desktop.loads(sheet)
    for name, tensor in state.items():
        assert torch.equal(desktop.document.state_dict()[name], tensor)


def test_the_original_checkpoint_loads_into_the_edited_model(
    desktop: Desktop, written: Any
) -> None:
    torch.manual_seed(3)
    there = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    desktop.opens("Sequential(Linear(4, 4), ReLU(), Linear(4, 2))")
    desktop.window.desk.ask("1 = Tanh()")
    desktop.waits(lambda: desktop.window.desk.state.cursor == 1)
    desktop.window.desk.ask(core.Insert("", 0, "Linear(4, 4)"))
    desktop.waits(lambda: desktop.window.desk.state.cursor == 2)
    desktop.idles()
    sheet = desktop.drops(written(there.state_dict()))
    assert not sheet.load.isEnabled()
    answers(desktop, sheet, "before or after", "edits=before")
    assert row(sheet, "key map")
    desktop.loads(sheet)
    mine, theirs = desktop.document.state_dict(), there.state_dict()
    assert torch.equal(mine["1.weight"], theirs["0.weight"])
    assert torch.equal(mine["3.weight"], theirs["2.weight"])


def test_tensors_that_look_exchanged_are_warned_of(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    state = dict(net.state_dict())
    state["features.1.running_mean"], state["features.1.running_var"] = (
        state["features.1.running_var"],
        state["features.1.running_mean"],
    )
    desktop.opens(Net())
    sheet = desktop.drops(written(state))
    warned = [r for r in sheet.match.conditions.rows if r.condition.standing == "warns"]
    assert any("running_var" in each.condition.sentence for each in warned)
    assert sheet.load.isEnabled()  # a warning, never more


def test_nothing_in_common_loads_nothing(desktop: Desktop, written: Any) -> None:
    desktop.opens(Net())
    before = desktop.document
    sheet = desktop.drops(written(nn.Linear(77, 99).state_dict()))
    assert not sheet.load.isEnabled()
    assert sheet.verdict.tone == "problem"
    assert sheet.verdict.text()
    assert desktop.document is before


def strangers(desktop: Desktop, written: Any) -> tuple[LoadSheet, nn.Module]:
    """A file of which no name is the model's, of layers of which one has a twin in it."""
    there = trained(nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5)))
    desktop.opens(nn.Sequential(OrderedDict(one=nn.Linear(3, 4), two=nn.Linear(6, 5))))
    state = there.state_dict()
    names = {"0.weight": "kernel", "0.bias": "offset", "1.weight": "scale", "1.bias": "shift"}
    return desktop.drops(written({names[name]: each for name, each in state.items()})), there


@pytest.mark.parametrize("by", ["drag", "keys"])
def test_where_nothing_fits_the_rows_of_both_are_there_to_be_paired(
    by: str, desktop: Desktop, written: Any, qtbot: Any
) -> None:
    sheet, there = strangers(desktop, written)
    table, model = sheet.match.table, sheet.match.model
    assert "Ctrl+P" in sheet.match.said.text()
    assert "nothing in common" in sheet.verdict.text()
    assert not sheet.load.isEnabled()
    shown = {row.name or row.stored for row in model.rows}
    assert shown == {
        "one.weight", "one.bias", "two.weight", "two.bias", "kernel", "offset", "scale", "shift",
    }  # fmt: skip
    for name, stored in (("two.weight", "kernel"), ("two.bias", "offset")):
        source, target = model.index(model.row_of(stored), 3), model.index(model.row_of(name), 1)
        if by == "drag":
            at = table.visualRect(target).center()
            drag = Drag(table.viewport(), model.mimeData([source]), at)
            assert drag.over(at)
            drag.drop(at)
            assert sheet.case.pairs[name] == stored
        else:
            table.setFocus()
            table.selectRow(source.row())
            table.setCurrentIndex(source)
            qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
            table.setCurrentIndex(target)
            qtbot.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        desktop.waits(lambda: not sheet.case.working)
    assert sheet.match.said.text() == ""
    sheet.partly.setChecked(True)
    desktop.loads(sheet)
    assert torch.equal(desktop.document.module("two").weight, there[0].weight)
    assert torch.equal(desktop.document.module("two").bias, there[0].bias)


def test_a_repair_that_was_left_undone_so_that_nothing_fits_is_made_again(
    desktop: Desktop, written: Any
) -> None:
    net = trained(Net())
    desktop.opens(Net())
    sheet = desktop.drops(written(nn.DataParallel(net).state_dict()))
    sheet.case.choose("keep=module prefix", "keep=module prefix")
    desktop.waits(lambda: not sheet.case.working)
    assert "nothing in common" in sheet.verdict.text()
    assert len(sheet.match.model.rows) == 2 * len(net.state_dict())
    assert row(sheet, "module prefix")
    sheet.case.choose("keep=module prefix", None)
    desktop.waits(lambda: not sheet.case.working)
    desktop.loads(sheet)
    desktop.holds(net)


# Pairing by hand


def test_a_row_of_the_file_is_dragged_onto_one_of_the_model(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    old = {"fc.weight": "last.kernel", "fc.bias": "last.offset"}
    state = {old.get(name, name): tensor for name, tensor in net.state_dict().items()}
    desktop.opens(Net())
    sheet = desktop.drops(written(state))
    assert not sheet.load.isEnabled()
    model = sheet.match.model
    for name, stored in old.items():
        source, target = model.index(model.row_of(stored), 3), model.index(model.row_of(name), 1)
        data = model.mimeData([source])
        assert bytes(data.data(STORED).data()).decode() == stored
        model.dropMimeData(data, sheet.match.table.defaultDropAction(), -1, -1, target)
        desktop.waits(lambda: not sheet.case.working)
    desktop.loads(sheet)
    desktop.holds(net)


def test_the_same_by_keys(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    state = {n.replace("fc.weight", "last.kernel"): t for n, t in net.state_dict().items()}
    desktop.opens(Net())
    sheet = desktop.drops(written(state))
    table, model = sheet.match.table, sheet.match.model
    table.selectRow(model.row_of("fc.weight"))
    sheet.match.pair.click()
    from PySide6.QtWidgets import QMenu

    (menu,) = sheet.match.findChildren(QMenu)
    offered = [action for action in menu.actions() if action.text() == "last.kernel"]
    assert len(offered) == 1
    offered[0].trigger()
    menu.close()
    desktop.waits(lambda: not sheet.case.working)
    assert sheet.load.isEnabled()
    sheet.match.forget.click()
    desktop.waits(lambda: not sheet.case.working)
    assert not sheet.load.isEnabled()
    sheet.case.pair("fc.weight", "last.kernel")
    desktop.waits(lambda: not sheet.case.working)
    desktop.loads(sheet)
    desktop.holds(net)


def test_a_tensor_can_be_left_as_it_is(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    desktop.opens(Net())
    own = desktop.document.state_dict()["fc.bias"].clone()
    sheet = desktop.drops(written(net.state_dict()))
    sheet.match.table.selectRow(sheet.match.model.row_of("fc.bias"))
    sheet.match._leave()
    desktop.waits(lambda: not sheet.case.working)
    assert "fc.bias" in sheet.verdict.text()
    desktop.loads(sheet)
    desktop.holds({**net.state_dict(), "fc.bias": own})


# Training state


@pytest.mark.parametrize("taken", [True, False])
def test_optimizer_and_epoch_are_taken_along_or_not(
    taken: bool, desktop: Desktop, written: Any
) -> None:
    net = trained(Net())
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.rand(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    checkpoint = {
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 37,
    }
    desktop.opens(Net())
    sheet = desktop.drops(written(checkpoint))
    assert "epoch 37" in sheet.sentence.text()
    assert "Adam" in sheet.sentence.text()
    assert not sheet.training.isHidden()
    sheet.training.setChecked(taken)
    desktop.loads(sheet)
    assert (desktop.document.training is not None) == taken
