"""Lists run in order, dictionaries routed by a key: in code, with children that change."""

import pytest
import torch
from torch import Tensor, nn

import core
from core.analysis import analyse
from core.document import Document, parse_inputs
from core.edits import (
    AddNode,
    Connect,
    Edit,
    History,
    Insert,
    InsertOnEdge,
    Move,
    Remove,
    RemoveNode,
    Rename,
    RouteByKey,
    RunInOrder,
    Ungroup,
    Wrap,
)
from core.errors import EditRefused
from core.export import model_source, take_home
from core.recipe import recipe_of, replay
from tests.core.dataflow.flows import agree, document

LAYERS = "ModuleList([Linear(4, 4), ReLU(), Linear(4, 4)])"
HEADS = 'ModuleDict({"a": Linear(4, 2), "b": Linear(4, 3)})'
FROM_NOTHING: tuple[Edit, ...] = (
    Wrap("", "Net", "start"),
    AddNode("", LAYERS, ("start",), "layers"),
    AddNode("", HEADS, ("layers",), "heads"),
    Connect("", "heads", "output"),
    RemoveNode("", "start"),
    RunInOrder("layers"),
    RouteByKey("heads", "task"),
)


class Net(nn.Module):
    """The same by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)])
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "b": nn.Linear(4, 3)})

    def forward(self, x: Tensor, task: str = "a") -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.heads[task](x)


@pytest.fixture
def history() -> History:
    """A composite from nothing, whose list and dictionary have a forward."""
    history = History(Document.of(nn.Identity(), parse_inputs("2,4")))
    for each in FROM_NOTHING:
        history.do(each)
    return history


def test_a_network_from_nothing_has_a_loop_and_branches(history: History) -> None:
    made = history.document
    assert not analyse(made).problems
    theirs = Net().eval()
    theirs.load_state_dict(made.state_dict(), strict=True)
    assert agree(made.root, theirs, made)
    ours, x = made.model(), torch.randn(5, 4)
    for task in ("a", "b"):
        assert torch.equal(ours(x, task=task), theirs(x, task))
    with pytest.raises(KeyError):
        ours(x, task="c")


def test_its_code_is_a_loop_and_a_look_up(history: History) -> None:
    text = model_source(history.document).text
    assert "        for layer in self:\n            x = layer(x)\n        return x\n" in text
    assert "        chosen = self[task](x)\n" in text
    assert "    def forward(self, input, task=None):" in text


def test_it_goes_home_and_a_fresh_process_agrees(history: History, tmp_path: object) -> None:
    from pathlib import Path

    taken = take_home(history.document, Path(str(tmp_path)) / "net.pth")
    assert taken.verdict.difference == 0.0


def test_what_is_inserted_moved_and_removed_is_part_of_the_loop_or_not(history: History) -> None:
    before = history.document
    for edit in (Insert("layers", 1, "Tanh()"), Move("layers.0", "layers", 2), Remove("layers.3")):
        history.do(edit)
    after = history.document
    kinds = [type(each).__name__ for each in after.module("layers").children()]
    assert kinds == ["Tanh", "ReLU", "Linear"]
    x = torch.randn(2, 4)
    layers = after.module("layers")
    expected = layers[2](torch.relu(torch.tanh(x)))
    assert torch.equal(layers(x), expected)
    assert torch.equal(layers[2].weight, before.module("layers.0").weight)
    history.do(Rename("heads.a", "first"))
    history.do(Insert("heads", None, "Linear(4, 7)", "third"))
    assert history.document.model()(x, task="third").shape == (2, 7)
    assert history.document.model()(x).shape == (2, 2)
    assert not analyse(history.document).problems


def test_each_is_undone_and_replays(history: History) -> None:
    origin = history.origin
    replayed = replay(recipe_of(origin, history.edits), origin).document
    assert list(replayed.root.state_dict()) == list(history.document.root.state_dict())
    while history.can_undo:
        history.undo()
    assert history.document is origin


def test_a_list_that_is_called_is_a_problem_with_the_loop_as_its_repair() -> None:
    session = core.open("Identity()", inputs=parse_inputs("2,4"))
    for each in FROM_NOTHING[:2]:
        session.apply(each)
    session.apply(Connect("", "layers", "output"))
    (problem,) = session.problems
    assert problem.path == "layers"
    assert "is a ModuleList, which has no forward" in problem.message
    assert problem.repairs == (RunInOrder("layers"),)
    session.apply(problem.repairs[0])
    assert not session.problems


def test_a_dictionary_that_is_called_is_routed_or_run_in_order() -> None:
    session = core.open("Identity()", inputs=parse_inputs("2,4"))
    session.apply(Wrap("", "Net", "start"))
    session.apply(
        AddNode("", 'ModuleDict({"a": Linear(4, 4), "b": Linear(4, 3)})', ("start",), "heads")
    )
    session.apply(Connect("", "heads", "output"))
    (problem,) = session.problems
    assert problem.repairs == (RouteByKey("heads"), RunInOrder("heads"))
    session.apply(problem.repairs[1])
    heads, x = session.document.module("heads"), torch.randn(2, 4)
    assert torch.equal(heads(x), heads["b"](heads["a"](x)))


def test_a_model_that_is_a_list_itself_runs_in_order() -> None:
    session = core.open(LAYERS, inputs=parse_inputs("2,4"))
    assert session.problems
    session.apply(RunInOrder(""))
    assert not session.problems
    assert str(session.report.output) == "2×4"


def test_a_key_goes_down_through_the_modules_between() -> None:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ModuleDict({"a": nn.ReLU()})), "2,4")
    after = RouteByKey("1").apply(fed)
    assert not analyse(after).problems
    x = torch.randn(2, 4)
    assert torch.equal(after.root(x, key="a"), torch.relu(after.root[0](x)))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (RunInOrder("heads"), "heads is routed by a key already"),
        (RouteByKey("heads"), "heads is routed by a key already"),
        (RouteByKey("layers"), "have no keys, only places"),
        (RunInOrder("layers.0"), "has a forward of its own; only a ModuleList"),
        (InsertOnEdge("layers", "x", "layers", "ReLU()"), "runs whatever modules it holds"),
        (Ungroup("layers"), "runs whatever modules it holds"),
    ],
)
def test_what_cannot_be_is_refused(history: History, edit: Edit, said: str) -> None:
    with pytest.raises(EditRefused, match=said):
        edit.apply(history.document)


def test_a_key_by_a_name_that_is_none_or_is_taken_is_refused() -> None:
    fed = document(lambda: nn.ModuleDict({"a": nn.ReLU()}), "2,4")
    for name, said in (("for", "a word of Python"), ("x", "a step called 'x'"), ("", "no name")):
        with pytest.raises(EditRefused, match=said):
            RouteByKey("", name).apply(fed)
    with pytest.raises(EditRefused, match="no modules yet"):
        RunInOrder("").apply(document(nn.ModuleList, "2,4"))
