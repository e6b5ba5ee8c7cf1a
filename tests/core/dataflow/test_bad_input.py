"""What people and models do that a graph does not expect: each is refused, told, or still right."""

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import core
from core.analysis import analyse, flow
from core.dataflow import graph_of
from core.dataflow.layout import lay_out
from core.document import Document
from core.edits import (
    AddNode,
    AddOutput,
    Connect,
    InsertOnEdge,
    RemoveNode,
    Rename,
    Reroute,
)
from core.errors import EditRefused, Untraceable
from tests.core.dataflow.flows import agree, document
from tests.core.dataflow.odd_forwards import Counting, Noisy
from tests.zoo import ZOO

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


class Turning(nn.Module):
    """Goes another way each second time."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.calls = nn.Linear(4, 4), nn.Linear(4, 4), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.a(x) if self.calls % 2 else self.b(x)


class Selecting(nn.Module):
    """How large its second result is, only the numbers tell."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.end = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.body(x)
        kept = y[y > 0]
        return self.end(x) + kept.sum(), kept


class Keyed(nn.Module):
    """Two things by name come in, a tuple goes out."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 3), nn.Linear(2, 3)

    def forward(self, parts: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        left, right = self.left(parts["left"]), self.right(parts["right"])
        return left + right, right


def test_a_forward_that_changes_between_two_readings_is_refused() -> None:
    fed = document(Turning, "3,4")
    with pytest.raises(Untraceable, match="not the same each time"):
        graph_of(fed, "")
    with pytest.raises(EditRefused, match="something that it counts"):
        InsertOnEdge("", "x", "a", "ReLU()").apply(fed)
    found = flow(analyse(fed))
    assert (found.can_be_rewired, fed.root.calls) == (False, 0)


def test_a_side_effect_that_nothing_goes_by_is_told() -> None:
    fed = document(Counting, "3,4")
    after = InsertOnEdge("", "x", "body", "Identity()").apply(fed)
    assert any("sets calls, seen" in note for note in after.notes)
    assert agree(after.root, fed.root, fed)


def test_torchs_chance_is_thrown_anew_in_each_run_of_a_re_wired_module() -> None:
    fed = document(Noisy, "3,4")
    after = InsertOnEdge("", "x", "body", "Identity()").apply(fed)
    assert agree(after.root, fed.root, fed)  # with one seed
    x = torch.zeros(3, 4)
    assert not torch.equal(after.root(x), after.root(x))


def test_a_tensor_whose_shape_only_numbers_tell_is_re_wired_all_the_same() -> None:
    fed = document(Selecting, "3,4")
    assert analyse(fed).mode == "real"
    after = InsertOnEdge("", "getitem", "output", "mul", "twice", ("getitem",)).apply(fed)
    assert not analyse(after).problems
    x = torch.randn(3, 4)
    (one, kept), (other, squared) = fed.model()(x), after.model()(x)
    assert torch.equal(one, other)
    assert torch.equal(squared, kept * kept)
    assert "getitem" not in flow(analyse(fed)).tensors  # it is not made up
    returned = AddOutput("", "getitem", "again").apply(fed).model()(x)
    assert torch.equal(returned[2], kept)


def test_a_dictionary_that_comes_in_and_a_tuple_that_goes_out_stay_so() -> None:
    fed = document(Keyed, "{left: 3,4; right: 3,2}")
    after = InsertOnEdge("", "right", "add", "ReLU()", "bent").apply(fed)
    parts, _ = fed.example_inputs()
    total, right = after.model()(*parts)
    (was, same) = fed.model()(*parts)
    assert torch.equal(right, same)
    assert torch.equal(total, was - same + torch.relu(same)) or torch.allclose(
        total, was - same + torch.relu(same)
    )
    assert type(after.model()(*parts)) is tuple
    assert not analyse(after).problems


def test_two_outputs_of_one_name_are_refused_in_a_dictionary_and_numbered_in_a_tuple() -> None:
    named = document(*ZOO["dict output"])
    with pytest.raises(EditRefused, match="output called 'out' already"):
        AddOutput("", "mean", "out").apply(named)
    plain = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "3,4")
    twice = AddOutput("", "linear_0", "y").apply(AddOutput("", "linear_0", "y").apply(plain))
    x = torch.randn(3, 4)
    assert len(twice.model()(x)) == 3


def test_two_steps_of_one_name_are_refused() -> None:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "3,4")
    with pytest.raises(EditRefused, match="step called 'linear_0' already"):
        AddNode("", "flatten(1)", ("input",), "linear_0").apply(fed)


def test_what_does_not_fit_is_refused_nowhere_and_is_a_problem_with_repairs_that_help() -> None:
    """An edit is made all the same: further ones may make it fit."""
    fed = document(lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), "3,4")
    after = Reroute("", "relu_1", "linear_2", "input").apply(fed)
    (problem,) = analyse(after).problems
    assert problem.message == "2 expects 8 features, gets 4 from the input"
    assert problem.repairs
    for repair in problem.repairs:
        assert not analyse(repair.apply(after)).problems, repair.label


def test_what_others_need_leaves_them_what_it_read_or_is_not_removed() -> None:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "3,4")
    after = RemoveNode("", "linear_0").apply(fed)
    assert graph_of(after, "").by_name["relu_1"].reads == ("input",)
    buffered = document(*_buffered())
    with pytest.raises(EditRefused, match="reads nothing that could take its place"):
        RemoveNode("", "scale").apply(buffered)


def test_a_module_that_stands_at_two_places_is_called_and_re_wired_at_both() -> None:
    fed = document(*ZOO["shared"])
    graph = graph_of(fed, "")
    calls = [node for node in graph.nodes if node.kind == "call"]
    assert [node.target for node in calls] == ["first", "between", "second"]
    assert fed.module("first") is fed.module("second")
    after = InsertOnEdge("", calls[-1].reads[0], calls[-1].name, "Identity()").apply(fed)
    assert agree(after.root, fed.root, fed)
    assert after.module("first") is after.module("second")


def test_each_call_in_a_loop_is_re_wired_by_itself() -> None:
    fed = document(*ZOO["recursive"])
    calls = [node for node in graph_of(fed, "").nodes if node.kind == "call"]
    assert len({node.target for node in calls}) == 1
    assert len(calls) == 3
    after = RemoveNode("", calls[1].name).apply(fed)
    rest = [node for node in graph_of(after, "").nodes if node.kind == "call"]
    assert len(rest) == 2
    assert calls[0].target in fed.root._modules


def test_a_model_without_children_is_re_wired_too() -> None:
    fed = document(*ZOO["bare"])
    graph = graph_of(fed, "")
    source = graph.output.reads[0]
    after = InsertOnEdge("", source, "output", "mul", "squared", (source,)).apply(fed)
    args, _ = fed.example_inputs()
    assert torch.equal(after.model()(*args), fed.model()(*args) ** 2)


def test_circles_are_refused_by_every_edit_that_could_make_one() -> None:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)), "3,4")
    for edit in (
        Connect("", "linear_2", "relu_1"),
        Reroute("", "linear_0", "relu_1", "linear_2"),
        InsertOnEdge("", "linear_0", "relu_1", "add", "sum", ("linear_2",)),
    ):
        with pytest.raises(EditRefused, match="would wait for itself"):
            edit.apply(fed)


def test_a_child_of_the_same_name_as_an_attribute_is_refused() -> None:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "3,4")
    after = InsertOnEdge("", "linear_0", "relu_1", "Identity()", "same").apply(fed)
    with pytest.raises(EditRefused, match="already an attribute"):
        Rename("same", "forward").apply(after)


@pytest.fixture(scope="module")
def drawings() -> ModuleType:
    """The measures of the benchmark."""
    spec = importlib.util.spec_from_file_location("drawings", BENCHMARKS / "drawings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["drawings"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
@pytest.mark.parametrize(("count", "more"), [(200, 100), (2_000, 1_000)])
def test_a_drawing_has_hardly_more_crossings_than_dots(
    drawings: Any, count: int, more: int
) -> None:
    edges = _random(count, more)
    sizes = dict.fromkeys(range(count), (80.0, 24.0))
    found = lay_out(sizes, edges)
    assert drawings.overlaps(found) == 0
    peer = drawings.dot(sizes, edges)
    assert peer is not None
    ours, theirs = drawings.crossings(drawings.curves_of(found)), drawings.crossings(peer[1])
    assert 0 < ours <= 1.3 * theirs


def test_the_measure_of_crossings_counts_what_one_sees(drawings: Any) -> None:
    cross = [(("a", "b"), [(0, 0), (2, 2)]), (("c", "d"), [(2, 0), (0, 2)])]
    assert drawings.crossings(cross) == 1
    assert drawings.crossings([*cross, (("a", "e"), [(2, 0.5), (0, 2.5)])]) == 1
    assert drawings.crossings([(("a", "b"), [(0, 0), (2, 2)]), (("c", "d"), [(3, 0), (1, 3)])]) == 1
    assert drawings.crossings(cross[:1]) == 0


def _random(count: int, more: int) -> list[tuple[int, int]]:
    """Return edges of a long graph in which each step reads near ones, as the benchmark's."""
    import random

    chance = random.Random(0)
    edges = [(max(0, n - chance.randint(1, 10)), n) for n in range(1, count)]
    for _ in range(more):
        a = chance.randrange(count - 1)
        edges.append((a, min(count - 1, a + chance.randint(1, 20))))
    return list(dict.fromkeys(edges))


def _buffered() -> tuple[Any, str]:
    from tests.core.dataflow.odd_forwards import READABLE

    return READABLE["buffered"]


def test_an_empty_model_is_told_and_not_a_crash() -> None:
    session = core.open("Sequential()", inputs="3,4")
    graph = graph_of(session.document, "")
    assert [node.kind for node in graph.nodes] == ["input", "output"]
    after = AddNode("", "Linear(4, 2)", ("input",), "fc").apply(session.document)
    after = Connect("", "fc", "output").apply(after)
    assert isinstance(after, Document)
    assert str(analyse(after).output) == "3×2"
