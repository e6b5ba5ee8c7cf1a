"""Steps come and go, and read something else; what cannot be is refused in one sentence."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from core.analysis import analyse
from core.dataflow import graph_of
from core.document import Document
from core.edits import (
    AddNode,
    Bypass,
    Connect,
    Disconnect,
    Edit,
    History,
    InsertOnEdge,
    OutOfPlace,
    RemoveNode,
    Rename,
    RenameNode,
    Reroute,
)
from core.errors import EditRefused, SpecError, Untraceable
from tests.core.dataflow.flows import agree, document, outputs
from tests.core.dataflow.odd_forwards import Branching, DropsOut


class Residual(nn.Module):
    """Two ways that meet."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 4)
        self.right = nn.Linear(4, 4)
        self.act = nn.ReLU()
        self.end = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.act(self.left(x) + self.right(x)))


@pytest.fixture
def residual() -> Document:
    return document(Residual, "3,4")


def by_hand(before: Document, after: Document, forward: Callable[..., object]) -> bool:
    """Say whether the edited model does what ``forward``, with our modules, does."""

    class ByHand(type(after.root)):  # type: ignore[misc]
        pass

    ByHand.forward = forward
    model = after.model()
    model.__class__ = ByHand
    return agree(after.root, model, after)


def test_a_layer_comes_between_two_steps(residual: Document) -> None:
    after = InsertOnEdge("", "add", "act", "Dropout(0.5)", "drop").apply(residual)
    assert list(after.root._modules) == ["left", "right", "act", "end", "drop"]
    assert by_hand(
        residual, after, lambda self, x: self.end(self.act(self.drop(self.left(x) + self.right(x))))
    )


def test_an_operation_takes_further_tensors_beside_the_one_on_the_edge(residual: Document) -> None:
    edit = InsertOnEdge("", "act", "end", "add", "sum", beside=("x",))
    after = edit.apply(residual)
    assert by_hand(
        residual, after, lambda self, x: self.end(self.act(self.left(x) + self.right(x)) + x)
    )


@pytest.mark.parametrize(
    ("spec", "beside", "plain"),
    [
        ("flatten(1)", (), lambda x, o: torch.flatten(x, 1)),
        ("flatten", (), lambda x, o: x.flatten(1)),
        ("reshape(2, -1)", (), lambda x, o: x.reshape(2, -1)),
        ("permute(0, 2, 3, 1)", (), lambda x, o: x.permute(0, 2, 3, 1)),
        ("unsqueeze(1)", (), lambda x, o: x.unsqueeze(1)),
        ("squeeze", (), lambda x, o: x.squeeze()),
        ("mean((2, 3), keepdim=True)", (), lambda x, o: x.mean((2, 3), keepdim=True)),
        ("interpolate(scale_factor=2)", (),
         lambda x, o: nn.functional.interpolate(x, scale_factor=2)),
        ("interpolate(size=(5, 4), mode='bilinear')", (),
         lambda x, o: nn.functional.interpolate(x, size=(5, 4), mode="bilinear")),
        ("softmax(1)", (), lambda x, o: torch.softmax(x, 1)),
        ("sigmoid", (), lambda x, o: torch.sigmoid(x)),
        ("cat(1)", ("other",), lambda x, o: torch.cat([x, o], 1)),
        ("cat", ("other",), lambda x, o: torch.cat([x, o], 1)),
        ("stack(0)", ("other",), lambda x, o: torch.stack([x, o], 0)),
        ("mul", ("other",), lambda x, o: x * o),
        ("sub", ("other",), lambda x, o: x - o),
        ("matmul", ("other",), lambda x, o: x @ o),
        ("split(2, dim=1)", (), lambda x, o: torch.split(x, 2, dim=1)),
        ("fit_to", ("odd",), lambda x, o: nn.functional.pad(x, [-1, 0, 0, 1])),
    ],
)  # fmt: skip
def test_every_operation_does_what_pytorch_does(
    spec: str, beside: tuple[str, ...], plain: Callable[..., object]
) -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor, other: Tensor, odd: Tensor) -> Tensor:
            return x

    fed = document(Two, "2,4,6,6; 2,4,6,6; 2,4,7,5")
    after = InsertOnEdge("", "x", "output", spec, "made", beside).apply(fed)
    assert by_hand(fed, after, lambda self, x, other, odd: plain(x, other))
    assert not analyse(after).problems


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("kat(1)", "Did you mean cat"),
        ("permute", "needs dims"),
        ("cat(1, 2)", "takes dim"),
        ("flatten(start=1)", "takes start_dim, end_dim"),
        ("mean(os.system('x'))", "plain numbers"),
        ("add(3)", "no arguments beside its tensors"),
        ("add", "takes 2 tensor"),
        ("interpolate", "size or a scale_factor"),
    ],
)
def test_wrong_operations_are_refused(residual: Document, spec: str, words: str) -> None:
    with pytest.raises((SpecError, EditRefused), match=words):
        InsertOnEdge("", "add", "act", spec).apply(residual)


def test_one_of_several_results_is_named_by_its_number(residual: Document) -> None:
    history = History(residual)
    history.do(AddNode("", "split(2, dim=1)", ("act",), "parts"))
    history.do(AddNode("", "cat(1)", ("parts[1]", "parts[0]"), "turned"))
    history.do(Connect("", "turned", "end"))
    assert {"parts_0", "parts_1"} < graph_of(history.document, "").by_name.keys()

    def forward(self: nn.Module, x: Tensor) -> Tensor:
        a, b = self.act(self.left(x) + self.right(x)).split(2, dim=1)
        return self.end(torch.cat([b, a], 1))

    assert by_hand(residual, history.document, forward)


def test_a_removed_step_leaves_its_readers_what_it_read(residual: Document) -> None:
    after = RemoveNode("", "act").apply(residual)
    assert "act" not in after.root._modules
    assert by_hand(residual, after, lambda self, x: self.end(self.left(x) + self.right(x)))


def test_a_bypassed_child_stays_with_its_weights(residual: Document) -> None:
    after = Bypass("", "left").apply(residual)
    assert after.module("left") is residual.module("left")
    assert by_hand(residual, after, lambda self, x: self.end(self.act(x + self.right(x))))


def test_connecting_leads_another_tensor_there(residual: Document) -> None:
    after = Connect("", "left", "right").apply(residual)
    assert by_hand(
        residual,
        after,
        lambda self, x: self.end(self.act(self.left(x) + self.right(self.left(x)))),
    )


def test_a_step_that_comes_to_read_a_later_one_waits_for_it(residual: Document) -> None:
    after = Connect("", "right", "left").apply(residual)
    names = [node.name for node in graph_of(after, "").nodes]
    assert names.index("right") < names.index("left")
    assert not analyse(after).problems


def test_a_port_says_which_of_several_inputs_is_meant(residual: Document) -> None:
    with pytest.raises(EditRefused, match="say which of them"):
        Connect("", "x", "add").apply(residual)
    after = Connect("", "x", "add", 1).apply(residual)
    assert by_hand(residual, after, lambda self, x: self.end(self.act(self.left(x) + x)))


def test_disconnecting_one_of_two_leaves_the_other(residual: Document) -> None:
    after = Disconnect("", "right", "add").apply(residual)
    assert by_hand(residual, after, lambda self, x: self.end(self.act(self.left(x))))
    with pytest.raises(EditRefused, match="would lack an input"):
        Disconnect("", "act", "end").apply(residual)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Connect("", "act", "left"), "left -> add -> act -> left"),
        (Connect("", "end", "end"), "end -> end"),
        (Connect("", "nope", "end"), "no step 'nope'"),
        (Connect("", "act", "x"), "reads nothing"),
        (Connect("", "output", "end"), "nothing can read it"),
        (InsertOnEdge("", "x", "end", "ReLU()"), "does not read x"),
        (InsertOnEdge("", "add", "act", "ReLU()", "left"), "already has a child called 'left'"),
        (InsertOnEdge("", "add", "act", "flatten(1)", "class"), "word of Python"),
        (InsertOnEdge("", "add", "act", "Linear(4)"), "out_features"),
        (RemoveNode("", "x"), "is an input"),
        (RemoveNode("", "output"), "cannot be removed"),
        (RenameNode("", "add", "act"), "already"),
        (RenameNode("", "x", "y"), "name callers use"),
        (Bypass("", "add"), "calls no child"),
        (Disconnect("", "x", "end"), "does not read"),
        (RemoveNode("nowhere", "add"), "no module at"),
    ],
)
def test_what_cannot_be_is_refused(residual: Document, edit: Edit, words: str) -> None:
    with pytest.raises((EditRefused, SpecError), match=words):
        edit.apply(residual)


def test_shapes_that_do_not_fit_are_a_problem_with_repairs(residual: Document) -> None:
    after = InsertOnEdge("", "act", "end", "Linear(4, 7)", "wide").apply(residual)
    problem = analyse(after).problems[0]
    assert problem.message == "end expects 4 features, gets 7 from wide"
    assert any(not analyse(each.apply(after)).problems for each in problem.repairs)


def test_renaming_a_step_changes_the_code_alone(residual: Document) -> None:
    after = RenameNode("", "add", "joined").apply(residual)
    assert "joined" in graph_of(after, "").by_name
    assert agree(after.root, residual.root, residual)


def test_a_forward_that_cannot_be_read_is_not_re_wired() -> None:
    with pytest.raises(Untraceable, match="numbers in a tensor"):
        InsertOnEdge("", "x", "body", "ReLU()").apply(document(Branching, "3,4"))


def test_steps_of_training_alone_stay_there() -> None:
    fed = document(DropsOut, "3,4")
    after = InsertOnEdge("", "dropout", "aux", "Tanh()", "bend").apply(fed)
    assert graph_of(after, "").by_name["bend"].when == "train"
    eval_before, eval_after = (outputs(each.root, fed, training=False) for each in (fed, after))
    assert torch.equal(eval_before[0], eval_after[0])

    def forward(self: nn.Module, x: Tensor) -> object:
        x = nn.functional.dropout(self.body(x), 0.5, training=self.training)
        return (x, self.aux(self.bend(x))) if self.training else x

    assert by_hand(fed, after, forward)
    with pytest.raises(EditRefused, match="there in training alone"):
        InsertOnEdge("", "dropout", "output", "add", "sum", ("aux",)).apply(fed)


def test_writing_over_a_tensor_that_is_read_later_is_said() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(4, 4)
            self.act = nn.ReLU(inplace=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.body(x))

    fed = document(Net, "3,4")
    after = InsertOnEdge("", "act", "output", "add", "sum", ("body",)).apply(fed)
    assert after.notes == (
        "act writes over body, which sum reads after it: what comes there is what act leaves.",
    )


def test_an_edit_deep_inside_changes_that_module_alone() -> None:
    from torchvision.models import resnet18

    fed = document(lambda: resnet18(num_classes=4), "2,3,32,32")
    after = InsertOnEdge("layer1.0", "iadd", "relu_1", "Identity()", "seen").apply(fed)
    assert after.module("layer1.1") is fed.module("layer1.1")
    assert set(after.root.state_dict()) == set(fed.root.state_dict())
    assert agree(after.root, fed.root, fed)


def test_a_child_of_a_re_wired_module_can_be_renamed(residual: Document) -> None:
    """Its forward is ours, so it calls the new name."""
    after = Rename("left", "first").apply(Bypass("", "act").apply(residual))
    assert list(after.root._modules) == ["first", "right", "act", "end"]
    assert by_hand(residual, after, lambda self, x: self.end(self.first(x) + self.right(x)))
    with pytest.raises(EditRefused, match="already has a child called 'right'"):
        Rename("first", "right").apply(after)


class Overwriting(nn.Module):
    """A step of each kind that writes over what it reads; nobody else reads it as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        a = self.body(x)
        b = self.act(a)
        c = nn.functional.relu(b * 1, inplace=True)
        d = torch.relu_(c + 1)
        e = (d * 2).mul_(3)
        f = e - 1
        f += x
        return f


@pytest.mark.parametrize(
    ("over", "read"),
    [("act", "body"), ("relu", "mul"), ("relu_", "add"), ("mul_", "mul_1"), ("iadd", "sub")],
)
def test_a_tensor_that_re_wiring_made_two_read_is_a_problem_with_a_repair(
    over: str, read: str
) -> None:
    """Against the same forward, which writes over nothing."""
    fed = document(Overwriting, "3,4")
    graph = graph_of(fed, "")
    assert graph.by_name[over].reads[0] == read
    assert not analyse(fed).problems
    history = History(fed)
    after = history.do(InsertOnEdge("", "iadd", "output", "add", "both", (read,)))
    (problem,) = analyse(after).problems
    assert problem.path == ("act" if over == "act" else "")
    assert problem.message.startswith(f"{over} writes over {read}, which ")
    (repair,) = problem.repairs
    assert repair == OutOfPlace("", over)
    repaired = history.do(repair)
    assert not analyse(repaired).problems

    def forward(self: nn.Module, x: Tensor) -> Tensor:
        found = {"body": self.body(x)}
        b = torch.relu(found["body"])
        found["mul"] = b * 1
        found["add"] = torch.relu(found["mul"]) + 1
        found["mul_1"] = torch.relu(found["add"]) * 2
        found["sub"] = found["mul_1"] * 3 - 1
        return found["sub"] + x + found[read]

    assert by_hand(fed, repaired, forward)
    history.undo()
    history.undo()
    assert history.document is fed


def test_what_writes_over_nothing_or_has_no_twin_is_refused(residual: Document) -> None:
    with pytest.raises(EditRefused, match="act writes over nothing"):
        OutOfPlace("", "act").apply(residual)
    with pytest.raises(EditRefused, match="has no twin"):
        OutOfPlace("", "add").apply(residual)


def test_what_the_class_itself_writes_over_is_no_problem() -> None:
    class Meant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(4, 4)
            self.end = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            a = self.body(x)
            b = a.relu_()
            return self.end(a + b)

    fed = document(Meant, "3,4")
    after = InsertOnEdge("", "end", "output", "Identity()").apply(fed)
    assert not analyse(after).problems
    assert agree(after.root, fed.root, fed)


def test_an_edge_moves_to_another_tensor_in_one_step(residual: Document) -> None:
    history = History(residual)
    edit = Reroute("", "right", "add", "x")
    assert edit.label == "Let add read x instead of right"
    after = history.do(edit)
    assert graph_of(after, "").by_name["add"].reads == ("left", "x")

    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return self.end(self.act(self.left(x) + x))

    assert by_hand(residual, after, forward)
    assert history.undo() is residual


def test_one_of_two_readings_of_a_tensor_moves_alone(residual: Document) -> None:
    twice = Reroute("", "right", "add", "left").apply(residual)
    assert graph_of(twice, "").by_name["add"].reads == ("left", "left")
    once = Reroute("", "left", "add", "x", port=1).apply(twice)
    assert graph_of(once, "").by_name["add"].reads == ("left", "x")
    both = Reroute("", "left", "add", "right").apply(twice)
    assert graph_of(both, "").by_name["add"].reads == ("right", "right")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Reroute("", "x", "add", "left"), "add does not read x; it reads left, right."),
        (Reroute("", "left", "add", "end"), "would wait for itself"),
        (Reroute("", "left", "add", "nothing"), "There is no step 'nothing'"),
        (Reroute("", "left", "add", "x", port=1), "Input 1 of add is not left."),
        (Reroute("", "left", "add", "x", port=-1), "Input -1 of add is not left."),
        (Reroute("", "left", "add", "output"), "output is where tensors leave"),
    ],
)
def test_an_edge_that_cannot_move_is_refused(residual: Document, edit: Edit, said: str) -> None:
    with pytest.raises(EditRefused, match=said):
        edit.apply(residual)
