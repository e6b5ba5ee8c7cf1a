"""Steps become a module and a module becomes steps; what the model does stays the same."""

import pytest
from torch import Tensor, nn

from core.analysis import analyse
from core.dataflow import graph_of
from core.document import Document, key_map
from core.edits import Connect, Edit, Group, History, Ungroup
from core.errors import EditRefused
from tests.core.dataflow.flows import agree, document
from tests.core.dataflow.odd_forwards import Buffered, DropsOut
from tests.core.edits.test_ports import Outer
from tests.core.edits.test_rewiring import Residual
from tests.zoo import Recursive, Shared


@pytest.fixture
def residual() -> Document:
    return document(Residual, "3,4")


def test_steps_become_a_module_with_their_children(residual: Document) -> None:
    history = History(residual)
    after = history.do(Group("", ("left", "right", "add"), "joined", "Joined"))
    assert list(after.root._modules) == ["act", "end", "joined"]
    assert type(after.module("joined")).__name__ == "Joined"
    assert after.module("joined.left") is residual.module("left")
    assert [n.name for n in graph_of(after, "joined").inputs] == ["x"]
    assert key_map(residual, after)["joined.left.weight"] == "left.weight"
    assert agree(after.root, residual.root, residual)
    assert not analyse(after).problems
    again = history.do(Ungroup("joined"))
    assert set(again.root._modules) == set(residual.root._modules)
    assert agree(again.root, residual.root, residual)
    assert dict(key_map(residual, again)) == {n: n for n in residual.state_dict()}


def test_several_results_are_taken_from_the_module_by_number(residual: Document) -> None:
    history = History(residual)
    after = history.do(Group("", ("left", "right"), "both"))
    assert {"left", "right", "add"} <= graph_of(after, "").by_name.keys()
    assert agree(after.root, residual.root, residual)
    again = history.do(Ungroup("both"))
    assert agree(again.root, residual.root, residual)


def test_torchvisions_blocks_open_up() -> None:
    from torchvision.models import resnet18

    fed = document(lambda: resnet18(num_classes=3), "2,3,32,32")
    history = History(fed)
    history.do(Ungroup("layer2"))
    assert "layer2_0" in history.document.root._modules
    history.do(Ungroup("layer2_0"))
    after = history.document
    assert {"layer2_0_conv1", "downsample"} <= set(after.root._modules)
    assert agree(after.root, fed.root, fed)
    assert not analyse(after).problems
    steps = ("layer1", "layer2_0_conv1", "layer2_0_bn1")
    history.do(Group("", steps, "stem"))
    assert agree(history.document.root, fed.root, fed)
    history.jump(0)
    assert history.document is fed


def test_a_group_that_would_wait_for_itself_is_refused(residual: Document) -> None:
    with pytest.raises(EditRefused, match="wait for itself"):
        Group("", ("left", "act"), "odd").apply(residual)


def test_a_child_is_taken_along_with_all_its_calls() -> None:
    with pytest.raises(EditRefused, match="called by step_1, step_2 too"):
        Group("", ("step",), "one").apply(document(Recursive, "2,5"))
    fed = document(Recursive, "2,5")
    steps = tuple(n.name for n in graph_of(fed, "").nodes[1:-1])
    after = Group("", steps, "loop").apply(fed)
    assert agree(after.root, fed.root, fed)


def test_branches_on_training_stay_when_a_module_opens_up() -> None:
    fed = document(lambda: nn.Sequential(nn.Sequential(DropsOutPlain()), nn.Tanh()), "3,4")
    after = Ungroup("0.0").apply(fed)
    assert agree(after.root, fed.root, fed)
    assert agree(Ungroup("0").apply(after).root, fed.root, fed)


class DropsOutPlain(nn.Module):
    """A step of training alone, and one way through."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.extra = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(x)
        if self.training:
            y = self.extra(y)
        return nn.functional.dropout(y, 0.5, self.training)


@pytest.mark.parametrize(
    ("build", "inputs", "edit", "words"),
    [
        (Residual, "3,4", Group("", (), "none"), "No steps"),
        (Residual, "3,4", Group("", ("x",), "none"), "is an input"),
        (Residual, "3,4", Group("", ("left", "output"), "none"), "is an output"),
        (Residual, "3,4", Group("", ("left",), "act"), "already has a child called 'act'"),
        (Residual, "3,4", Group("", ("left",), "new", "Linear"), "is no container"),
        (DropsOut, "3,4", Group("", ("aux",), "new"), "one mode alone"),
        (Buffered, "3,4", Group("", ("scale",), "new"), "the module itself holds"),
        (Outer, "2,3,4,4", Group("", ("blocks.0",), "new"), "container of its own"),
        (Residual, "3,4", Ungroup(""), "stands in no other"),
        (Residual, "3,4", Ungroup("left"), "tensors of its own"),
        (Shared, "2,6", Ungroup("between"), None),
    ],
)
def test_what_cannot_be_grouped_is_refused(
    build: type[nn.Module], inputs: str, edit: Edit, words: str | None
) -> None:
    fed = document(build, inputs)
    if words is None:  # a ReLU is one step too
        assert agree(edit.apply(fed).root, fed.root, fed)
        return
    with pytest.raises(EditRefused, match=words):
        edit.apply(fed)


def test_a_new_module_can_be_re_wired_itself(residual: Document) -> None:
    history = History(residual)
    history.do(Group("", ("left", "right", "add"), "joined", "Joined"))
    history.do(Connect("joined", "left", "right"))
    assert type(history.document.module("joined")).__name__ == "Joined"
    assert not analyse(history.document).problems
