"""What a forward does is read without running it on anything, and without touching the model."""

import copy
import gc
import inspect
import sys
import threading
import weakref

import pytest
import torch
from torch import nn

from core.dataflow import Choice, Ref, graph_of, trace, write_class
from core.dataflow.merging import equal, merge
from core.dataflow.trace import _once, given
from core.edits import InsertOnEdge
from core.errors import Untraceable
from tests.core.dataflow.flows import document
from tests.core.dataflow.odd_forwards import (
    READABLE,
    Asking,
    Batched,
    Branching,
    Buffered,
    Counting,
    Dice,
    DropsOut,
    EvalOnly,
    Optional,
)
from tests.zoo import ZOO, Recursive, Shared

#: What a graph cannot tell, and a word of the reason.
UNREADABLE = {"remembering": "loop", "recurrent": "depends"}


def test_children_functions_inputs_and_the_output_are_nodes() -> None:
    graph = graph_of(document(ZOO["two inputs"][0], "2,10; 2"), "")
    assert [(n.name, n.kind, n.title) for n in graph.nodes] == [
        ("x", "input", "x"),
        ("add_variable", "input", "add_variable"),
        ("body", "call", "body"),
        ("unsqueeze", "method", "unsqueeze"),
        ("cat", "function", "cat"),
        ("fc_add", "call", "fc_add"),
        ("output", "output", "output"),
    ]
    assert [(e.source, e.target, e.port) for e in graph.edges if e.target == "cat"] == [
        ("body", "cat", 0),
        ("unsqueeze", "cat", 1),
    ]
    assert graph.readers["body"] == ("cat",)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_every_odd_model_is_read_or_refused_with_the_reason(name: str) -> None:
    build, inputs = ZOO[name]
    if name in UNREADABLE:
        with pytest.raises(Untraceable, match=UNREADABLE[name]):
            graph_of(document(build, inputs), "")
        return
    graph = graph_of(document(build, inputs), "")
    done: set[str] = set()
    for node in graph.nodes:
        assert done.issuperset(node.reads)
        done.add(node.name)
    assert graph.output.kind == "output"


def test_a_module_under_two_names_is_called_by_the_name_the_forward_uses() -> None:
    graph = trace(Shared().eval())
    assert [n.target for n in graph.nodes if n.kind == "call"] == ["first", "between", "second"]


def test_a_child_in_a_loop_has_a_node_for_each_call() -> None:
    assert [n.name for n in trace(Recursive().eval()).calls_of("step")] == [
        "step",
        "step_1",
        "step_2",
    ]


def test_training_is_kept_as_a_choice_and_a_branch() -> None:
    graph = trace(DropsOut().eval())
    dropout = graph.by_name["dropout"]
    assert dict(dropout.kwargs)["training"] == Choice(True, False)
    assert graph.by_name["aux"].when == "train"
    assert graph.output.args[0].eval == Ref("dropout")


@pytest.mark.parametrize("name", sorted(READABLE))
def test_each_mode_of_a_merged_graph_is_the_graph_of_that_mode(name: str) -> None:
    fed = document(*READABLE[name])
    told = given(fed, "")
    fixed = {"mask": None, "scale": 2.0} if "optional" in name else {}
    fixed = {which: value for which, value in fixed.items() if which not in told}
    train, evaluation = (
        _once(fed.root, fixed, training=mode, given=told) for mode in (True, False)
    )
    merged = merge(train, evaluation)
    for mode, alone in (("train", train), ("eval", evaluation)):
        seen = merged.seen_in(mode)  # type: ignore[arg-type]
        assert len(seen.nodes) == len(alone.nodes)
        names = dict(zip((n.name for n in alone.nodes), seen.nodes, strict=True))
        for one in alone.nodes:
            other = names[one.name]
            assert (one.kind, one.target, len(one.reads)) == (
                other.kind,
                other.target,
                len(other.reads),
            )


def test_numbers_that_differ_by_mode_are_both_kept() -> None:
    graph = trace(EvalOnly().eval())
    assert graph.by_name["mul"].args[1] == Choice(2.0, 0.5)
    assert graph.by_name["softmax"].when == "eval"


def test_tensors_of_the_module_are_nodes_by_their_path() -> None:
    graph = trace(Buffered().eval())
    assert {n.target for n in graph.nodes if n.kind == "attribute"} == {"scale", "mask"}
    assert "arange" in graph.by_name  # made in each run, not kept from the reading


def test_what_may_be_left_out_is_an_input_only_where_it_is_given() -> None:
    fed = document(Optional, "3,4")
    assert [n.name for n in graph_of(fed, "").inputs] == ["x"]
    masked = document(Optional, "3,4; mask=3,4")
    assert [n.name for n in graph_of(masked, "").inputs] == ["x", "mask"]


def test_what_a_child_is_given_stands_in_the_graph_around_it() -> None:
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Optional()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x, mask=x)

    fed = document(Around, "3,4")
    assert [n.name for n in graph_of(fed, "inner").inputs] == ["x", "mask"]


def test_reading_writes_nothing_to_the_module() -> None:
    module = Counting().eval()
    before = {name: id(value) for name, value in module.__dict__.items()}
    graph = trace(module)
    assert (module.calls, module.seen) == (0, [])
    assert {name: id(value) for name, value in module.__dict__.items()} == before
    assert "calls, seen" in graph.notes[0]


def test_a_forward_that_is_different_each_time_is_refused() -> None:
    with pytest.raises(Untraceable, match="not the same each time"):
        trace(Dice().eval())


def test_a_forward_that_goes_by_numbers_is_refused_with_its_line() -> None:
    with pytest.raises(Untraceable, match=r"line \d+ of odd_forwards.py.*numbers in a tensor"):
        trace(Branching().eval())


def test_containers_without_a_forward_and_set_forwards_are_refused() -> None:
    with pytest.raises(Untraceable, match="has no forward"):
        trace(nn.ModuleList([nn.ReLU()]))
    module = nn.Linear(2, 2)
    module.forward = lambda x: x  # type: ignore[method-assign]
    with pytest.raises(Untraceable, match="set on the object"):
        trace(module)


def test_a_graph_is_kept_for_as_long_as_its_module_lives() -> None:
    module = Shared().eval()
    assert trace(module) is trace(module)
    alive = weakref.ref(module)
    del module
    gc.collect()
    assert alive() is None


def test_other_threads_run_their_models_while_one_is_read() -> None:
    """fx patches ``nn.Module.__call__`` for all threads."""
    model, x = nn.Sequential(nn.Linear(4, 4), nn.ReLU()).eval(), torch.ones(2, 4)
    expected, wrong = model(x), []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            if not torch.equal(model(x), expected):
                wrong.append(1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(20):
            assert len(trace(Recursive().eval()).calls_of("step")) == 3
    finally:
        stop.set()
        thread.join()
    assert not wrong


def test_equal_graphs_merge_to_one_without_choices() -> None:
    graph = _once(Shared().eval(), {}, training=False)
    assert all(map(equal, merge(graph, graph).nodes, graph.nodes))


def test_a_forward_that_asks_for_a_tensor_is_told_that_it_has_one() -> None:
    tensor, several = document(Asking, "3,4"), document(Asking, "[3,3; 3,1]")
    assert "[x]" in write_class(tensor.root, graph_of(tensor, "")).text
    assert "[x]" not in write_class(several.root, graph_of(several, "")).text
    assert not hasattr(sys.modules[Asking.__module__], "isinstance")


def test_what_a_dictionary_has_decides_and_is_said() -> None:
    with_image = graph_of(document(Batched, "{tokens: 3,4; image: 3,6}"), "")
    without = graph_of(document(Batched, "{tokens: 3,4}"), "")
    assert "image" in with_image.by_name
    assert "image" not in without.by_name
    assert sum(node.title == "relu" for node in with_image.nodes) == 1
    assert any("whether 'image' is in batch (yes)" in note for note in with_image.notes)
    assert any("whether 'image' is in batch (no)" in note for note in without.notes)


def test_a_re_wired_forward_with_a_dictionary_runs_as_plain_pytorch() -> None:
    fed = document(Batched, "{tokens: 3,4; image: 3,6}")
    after = InsertOnEdge("", "image", "add", "ReLU()", "kept").apply(fed)
    (batch,), _ = fed.example_inputs()
    plain = copy.deepcopy(fed.root)
    plain.image = nn.Sequential(plain.image, nn.ReLU())
    assert torch.equal(after.model()(batch), plain(batch))


def test_a_dictionary_handed_on_is_known_inside_too() -> None:
    fed = document(*READABLE["gathering"])
    assert "image" in graph_of(fed, "inner").by_name


def test_what_cannot_be_answered_is_refused_with_the_construct_and_the_line() -> None:
    line = inspect.getsourcelines(Batched.forward)[1] + 2
    reason = rf"line {line} of odd_forwards.py.*whether 'image' is in batch \('in'\)"
    with pytest.raises(Untraceable, match=reason) as refused:
        trace(Batched().eval())
    assert "loop" not in str(refused.value)


def test_after_a_dictionary_was_changed_unseen_nothing_is_guessed() -> None:
    class Popping(nn.Module):
        def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            x = batch.pop("x")
            return x + 1 if "x" in batch else x

    class Putting(nn.Module):
        def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            batch["y"] = batch["x"] + 1
            return batch["y"] if "y" in batch else batch["x"]

    with pytest.raises(Untraceable, match="whether 'x' is in batch"):
        graph_of(document(Popping, "{x: 3,4}"), "")
    graph = graph_of(document(Putting, "{x: 3,4}"), "")
    assert graph.output.reads
    assert "setitem" in graph.by_name
