"""The graph of a module with the shape of every tensor on its way."""

import pytest
import torch
from torch import Tensor, nn

from core.analysis import analyse, flow, repeats, shape_comments
from core.document import Document
from core.edits import AddNode, AddOutput, Bypass, InsertOnEdge
from tests.core.dataflow.flows import document
from tests.core.dataflow.odd_forwards import Branching, DropsOut, Optional, Shapes
from tests.zoo import ZOO


def _shapes(fed: Document, path: str = "") -> dict[str, str]:
    return {name: str(value) for name, value in flow(analyse(fed), path).tensors.items()}


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"remembering", "recurrent"}))
def test_every_child_gives_what_the_report_says_it_gives(name: str) -> None:
    fed = document(*ZOO[name])
    report = analyse(fed)
    found = flow(report)
    assert found.graph is not None
    counted: dict[str, int] = {}
    for node in found.graph.nodes:
        if node.kind != "call":
            continue
        number = counted.get(node.target, 0)
        counted[node.target] = number + 1
        if name not in ("shared", "shared block"):  # one module, told by its first name
            assert found.tensors[node.name] == report.module(node.target).all_calls[number].output


def test_functions_and_sizes_are_told_too() -> None:
    shapes = _shapes(document(Shapes, "2,3,8,8"))
    assert shapes["x"] == "2×3×8×8"
    assert shapes["body"] == "2×5×8×8"
    assert shapes["reshape"] == "2×5×64"
    assert shapes["permute"] == "2×64×5"


def test_edges_carry_the_tensor_of_their_source() -> None:
    found = flow(analyse(document(*ZOO["two inputs"])))
    told = {(e.source, e.target): (str(v), v.dtype if v else "") for e, v in found.edges}
    assert told["body", "cat"] == ("2×6", "float32")
    assert told["add_variable", "unsqueeze"] == ("2", "float32")


def test_a_child_opens_as_its_own_graph_with_what_it_is_fed() -> None:
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Optional()

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x[:, :4], mask=x[:, 4:])

    shapes = _shapes(document(Around, "3,8"), "inner")
    assert (shapes["x"], shapes["mask"], shapes["body"]) == ("3×4", "3×4", "3×4")


def test_what_does_not_fit_is_left_out_and_the_rest_is_told() -> None:
    fed = document(*ZOO["two inputs"])
    after = InsertOnEdge("", "body", "cat", "Linear(6, 9)", "wide").apply(fed)
    shapes = _shapes(after)
    assert shapes["cat"] == "2×10"
    assert shapes["unsqueeze"] == "2×1"


def test_steps_for_nothing_and_children_never_called_are_problems() -> None:
    fed = document(*ZOO["unused"])
    after = AddNode("", "ReLU()", ("used",), "spare").apply(fed)
    messages = [p.message for p in flow(analyse(Bypass("", "used").apply(after))).problems]
    assert messages == [
        "spare is computed, and nobody reads it.",
        "used (Linear) is never called.",
        "unused (Linear) is never called.",
    ]


def test_steps_of_training_alone_have_no_shape_in_eval_mode() -> None:
    shapes = _shapes(document(DropsOut, "3,4"))
    assert "aux" not in shapes
    assert shapes["dropout"] == "3×4"


def test_nothing_in_the_document_is_written_to() -> None:
    fed = document(*ZOO["in place"])
    before = {k: v.clone() for k, v in fed.root.state_dict().items()}
    held = [dict(m.__dict__) for m in fed.root.modules()]
    flow(analyse(fed))
    assert all(torch.equal(v, before[k]) for k, v in fed.root.state_dict().items())
    assert all(a.keys() == m.__dict__.keys() for a, m in zip(held, fed.root.modules(), strict=True))


def test_what_cannot_be_read_is_a_picture_of_one_run() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.gate = Branching()
            self.blocks = nn.ModuleList([nn.ReLU(), nn.Linear(4, 2)])

        def forward(self, x: Tensor) -> Tensor:
            y = self.first(x)
            if y.sum() == y.sum():
                y = self.gate(y) + y
            for block in self.blocks:
                y = block(y)
            return y.tanh()

    fed = document(Net, "3,4")
    found = flow(analyse(fed))
    assert not found.can_be_rewired
    assert "numbers in a tensor" in found.reason
    assert found.graph is not None
    assert [(n.name, n.reads) for n in found.graph.nodes] == [
        ("input", ()),
        ("first", ("input",)),
        ("gate", ("first",)),
        ("blocks_0", ("first", "gate")),
        ("blocks_1", ("blocks_0",)),
        ("output", ("blocks_1",)),
    ]
    assert str(found.tensors["blocks_1"]) == "3×2"
    assert not fed.root.first._forward_hooks  # type: ignore[union-attr]
    assert flow(analyse(fed), picture=False).graph is None


def test_without_weights_there_is_no_picture_but_the_reason() -> None:
    with torch.device("meta"):
        fed = document(Branching, "3,4")
    found = flow(analyse(fed))
    assert found.graph is None
    assert "no weights" in found.reason


def test_shapes_become_comments() -> None:
    found = flow(analyse(AddOutput("", "body").apply(document(*ZOO["two inputs"]))))
    assert shape_comments(found)["cat"] == "(2, 7)"


def test_a_forward_that_goes_another_way_when_it_is_read_is_a_problem() -> None:
    class Exactly(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(4, 2)
            self.other = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.one(x) if type(x) is Tensor else self.other(x)

    found = flow(analyse(document(Exactly, "3,4")))
    assert "goes another way" in found.problems[0].message
    assert "3×3 instead of 3×2" in found.problems[0].message


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"remembering", "recurrent"}))
def test_what_is_read_is_what_runs(name: str) -> None:
    found = flow(analyse(document(*ZOO[name])))
    assert not [p for p in found.problems if "another way" in p.message]


def test_steps_know_the_line_they_were_read_from() -> None:
    found = flow(analyse(document(Shapes, "2,3,8,8")))
    assert found.graph is not None
    assert found.graph.by_name["body"].source.startswith("odd_forwards.py:")


def test_equal_blocks_in_a_row_are_found() -> None:
    from torchvision.models import resnet50

    report = analyse(document(resnet50, "1,3,64,64"))
    runs = repeats(flow(report, "layer3"), report.document.module("layer3"))
    assert runs == (tuple(f"bottleneck_{number}" for number in range(1, 6)),)
    report = analyse(document(lambda: nn.Sequential(*(nn.Linear(4, 4) for _ in range(4))), "2,4"))
    after = analyse(AddOutput("", "linear_1").apply(report.document))
    assert repeats(flow(report), report.document.root) == (
        ("linear_0", "linear_1", "linear_2", "linear_3"),
    )
    assert repeats(flow(after), after.document.root) == (
        ("linear_0", "linear_1"),
        ("linear_2", "linear_3"),
    )
