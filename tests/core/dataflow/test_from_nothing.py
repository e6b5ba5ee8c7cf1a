"""A U-Net put together edit by edit is the U-Net that is written as a class."""

import torch

import core
from core.analysis import analyse
from core.blocks import UNet
from core.dataflow import graph_of
from core.document import Document, parse_inputs
from core.edits import AddNode, Connect, Edit, History, RemoveNode, Wrap
from core.export import model_source
from tests.core.dataflow.flows import agree


def _steps() -> list[Edit]:
    """Four blocks down, four up with their skips, and the scores."""
    edits: list[Edit] = [
        Wrap("", "MyUNet", "start"),
        AddNode("", "DoubleConv(3, 8)", ("start",), "inc"),
    ]
    down = ["inc"]
    for level in range(1, 5):
        name, wide = f"down{level}", 8 * 2**level
        edits.append(AddNode("", f"Down({wide // 2}, {wide})", (down[-1],), name))
        down.append(name)
    last = down.pop()
    for step in range(1, 5):
        name, wide = f"up{step}", 128 // 2 ** (step - 1)
        edits.append(AddNode("", f"Up({wide}, {wide // 2})", (last, down.pop()), name))
        last = name
    edits += [
        AddNode("", "OutConv(8, 2)", (last,), "outc"),
        Connect("", "outc", "output"),
        RemoveNode("", "start"),
    ]
    return edits


def test_blocks_that_are_added_and_connected_are_the_u_net() -> None:
    session = core.open("Identity()", inputs=parse_inputs("2,3,48,40"))
    for edit in _steps():
        session.apply(edit)
    ours = session.document
    assert type(ours.root).__name__ == "MyUNet"
    assert not session.problems
    theirs = UNet(3, 2, width=8).eval()
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert agree(ours.root, theirs, ours)
    graph = graph_of(ours, "")
    assert graph.by_name["up1"].reads == ("down4", "down3")
    assert graph.by_name["up4"].reads == ("up3", "inc")


def test_it_is_taken_home_as_a_class_of_its_name() -> None:
    document = Document.of(torch.nn.Identity(), parse_inputs("2,3,16,16"))
    history = History(document)
    for edit in _steps():
        history.do(edit)
    text = model_source(history.document).text
    assert "class MyUNet(nn.Module):" in text
    assert "        up1 = self.up1(down4, down3)  # (2, 64, 2, 2)\n" in text
    scope: dict[str, object] = {"__name__": "written"}
    exec(compile(text, "written.py", "exec"), scope)
    built = scope["build_model"]().eval()  # type: ignore[operator]
    built.load_state_dict(history.document.state_dict(), strict=True)
    assert agree(built, history.document.root, history.document)
    assert not analyse(history.document).problems
