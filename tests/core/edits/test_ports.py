"""Inputs and outputs come and go, end to end: from the model's own inputs down, and up again."""

import pytest
import torch
from torch import Tensor, nn

from core.analysis import analyse
from core.dataflow import graph_of, is_rewired
from core.document import Document, ledger
from core.edits import (
    AddInput,
    AddOutput,
    Connect,
    Edit,
    History,
    InsertOnEdge,
    RemoveInput,
    RemoveOutput,
    Replace,
)
from core.errors import EditRefused
from tests.core.dataflow.flows import agree, document, outputs
from tests.core.dataflow.odd_forwards import Branching, DropsOut, NamedOutput, Optional
from tests.zoo import DictOutput, Recursive, Shared


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x))


class Outer(nn.Module):
    """Two levels deep, with a list on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Inner()])
        self.stage = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU())
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 5))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(self.stage(x))


@pytest.fixture
def outer() -> Document:
    return document(Outer, "2,3,4,4")


def test_an_input_that_joins_before_a_convolution_widens_it(outer: Document) -> None:
    after = AddInput("", "depth", (2, 1, 4, 4), before="stage").apply(outer)
    conv, old = after.module("stage.0"), outer.module("stage.0")
    assert conv.in_channels == 5
    assert torch.equal(conv.weight[:, :4], old.weight)
    assert [str(each) for each in after.inputs] == ["2,3,4,4", "2,1,4,4"]
    assert not analyse(after).problems
    entry = next(e for e in ledger(outer, after).entries if e.name == "stage.0.weight")
    assert (entry.status, entry.kept) == ("sliced", 16)


def test_the_next_layer_is_found_past_activations_and_inside_a_sequential() -> None:
    fed = document(
        lambda: nn.Sequential(nn.Linear(4, 6), nn.Sequential(nn.ReLU(), nn.Linear(6, 2))), "3,4"
    )
    after = AddInput("", "age", (3,), before="1", unsqueeze=1).apply(fed)
    assert after.module("1.1").in_features == 7
    assert not analyse(after).problems


def test_an_input_below_the_root_is_handed_down_from_the_models_own(outer: Document) -> None:
    history = History(outer)
    history.do(AddInput("blocks.0", "mask", (2, 2, 4, 4), before="conv"))
    after = history.document
    assert [str(each) for each in after.inputs] == ["2,3,4,4", "2,2,4,4"]
    assert after.module("blocks.0.conv").in_channels == 5
    assert not analyse(after).problems
    x, mask = torch.randn(2, 3, 4, 4), torch.randn(2, 2, 4, 4)
    with torch.no_grad():
        conv = after.module("blocks.0.conv")
        inner = torch.relu(conv(torch.cat([x, mask], 1)))
        expected = outer.module("head")(outer.module("stage")(inner))
        assert torch.equal(after.model()(x, mask), expected)
    history.undo()
    assert history.document is outer


def test_an_input_with_a_default_may_be_left_out(outer: Document) -> None:
    after = AddInput("", "depth", (2, 1, 4, 4), default=0.5, before="stage").apply(outer)
    model, x = after.model(), torch.randn(7, 3, 4, 4)
    with torch.no_grad():
        assert torch.equal(model(x), model(x, torch.full((7, 1, 4, 4), 0.5)))
    inside = AddInput("blocks.0", "mask", (2, 1, 4, 4), default=1.0, before="conv").apply(outer)
    assert inside.inputs == outer.inputs
    assert not is_rewired(inside.root)
    assert not analyse(inside).problems


def test_an_input_nobody_reads_yet_can_be_connected_later(outer: Document) -> None:
    history = History(outer)
    history.do(AddInput("", "other", (2, 4, 4, 4)))
    history.do(InsertOnEdge("", "blocks_0", "stage", "add", "sum", ("other",)))
    after = history.document
    model, (x, other) = after.model(), after.example_inputs()[0]
    with torch.no_grad():
        expected = outer.module("head")(outer.module("stage")(outer.module("blocks.0")(x) + other))
        assert torch.equal(model(x, other), expected)


def test_a_forward_with_optional_arguments_is_fed_the_new_input_by_name() -> None:
    fed = document(Optional, "3,4; mask=3,4")
    after = AddInput("", "extra", (3, 2), before="body").apply(fed)
    assert [str(each) for each in after.inputs] == ["3,4", "mask=3,4", "extra=3,2"]
    assert not analyse(after).problems


def test_an_input_is_removed_with_what_only_serves_it(outer: Document) -> None:
    history = History(outer)
    history.do(AddInput("", "age", (2,), before="stage", dim=1, unsqueeze=1, widen=False))
    history.do(RemoveInput("", "age"))
    after = history.document
    assert after.inputs == outer.inputs
    assert [n.name for n in graph_of(after, "").inputs] == ["x"]
    assert "unsqueeze" not in graph_of(after, "").by_name
    assert agree(after.root, outer.root, outer)


def test_an_input_that_a_layer_needs_is_not_removed(outer: Document) -> None:
    with pytest.raises(EditRefused, match="would lack an input"):
        RemoveInput("", "x").apply(outer)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (AddInput("", "class", (2, 3)), "a word of Python"),
        (AddInput("", "x", (2, 3)), "already"),
        (AddInput("", "self", (2, 3)), "no name for a variable"),
        (AddInput("", "two words", (2, 3)), "no name for a variable"),
        (AddInput("", "y", (2, 0)), "at least 1"),
        (AddInput("", "y", (2, 3), "float31"), "no dtype"),
        (AddInput("", "y", (2,), before="stage"), "unsqueeze"),
        (AddInput("", "y", (2,), before="stage", unsqueeze=5), "goes to 0 to 1"),
        (AddInput("", "y", (2,), before="stages"), "no step 'stages'"),
        (AddInput("", "y", (2, 1, 4, 4), before="stage", port=1), "port 1"),
        (RemoveInput("", "stage"), "is no input"),
        (AddOutput("", "stages"), "no step 'stages'"),
        (RemoveOutput("", 0), "returns one thing"),
    ],
)
def test_what_cannot_be_is_refused(outer: Document, edit: Edit, words: str) -> None:
    with pytest.raises(EditRefused, match=words):
        edit.apply(outer)


def test_an_output_is_appended_and_taken_away_again(outer: Document) -> None:
    history = History(outer)
    history.do(AddOutput("", "stage"))
    history.do(AddOutput("", "blocks.0"))
    first, second, third = outputs(history.document.root, outer, training=False)
    with torch.no_grad():
        x = outer.example_inputs()[0][0]
        assert torch.equal(third, outer.module("blocks.0")(x))
        assert torch.equal(second, outer.module("stage")(third))
    assert torch.equal(first, outputs(outer.root, outer, training=False)[0])
    history.do(RemoveOutput("", 1))
    history.do(RemoveOutput("", 1))
    assert agree(history.document.root, outer.root, outer)


def test_an_output_below_the_root_is_handed_up(outer: Document) -> None:
    after = AddOutput("blocks.0", "conv").apply(outer)
    main, extra = outputs(after.root, outer, training=False)
    with torch.no_grad():
        conv = outer.module("blocks.0.conv")(outer.example_inputs()[0][0])
    assert torch.equal(extra, conv)
    assert torch.equal(main, outputs(outer.root, outer, training=False)[0])
    assert not analyse(after).problems


def test_two_outputs_of_one_module_are_both_handed_up(outer: Document) -> None:
    history = History(outer)
    history.do(AddOutput("stage", "0"))
    history.do(AddOutput("blocks.0", "conv"))
    history.do(AddOutput("blocks.0", "x"))
    after = history.document
    main, stage, conv, x = outputs(after.root, outer, training=False)
    assert torch.equal(main, outputs(outer.root, outer, training=False)[0])
    assert torch.equal(x, outer.example_inputs()[0][0])
    with torch.no_grad():
        assert torch.equal(conv, outer.module("blocks.0.conv")(x))
        assert torch.equal(stage, outer.module("stage.0")(torch.relu(conv)))


def test_an_output_of_a_dictionary_has_a_name() -> None:
    fed = document(DictOutput, "2,3,8,8")
    after = AddOutput("", "mean", "pooled").apply(fed)
    args, _ = fed.example_inputs()
    with torch.no_grad():
        result = after.model()(*args)
    assert list(result) == ["out", "features", "pooled"]
    assert torch.equal(result["pooled"], result["features"].mean((2, 3)))
    with pytest.raises(EditRefused, match="output called 'out' already"):
        AddOutput("", "mean", "out").apply(fed)
    assert agree(RemoveOutput("", "pooled").apply(after).root, fed.root, fed)


def test_a_named_tuple_stays_one_and_stands_first() -> None:
    fed = document(NamedOutput, "3,4")
    args, _ = fed.example_inputs()
    result, extra = AddOutput("", "x").apply(fed).model()(*args)
    assert type(result).__name__ == "Pair"
    assert extra is args[0]


def test_a_step_of_training_is_returned_there_and_none_in_eval_mode() -> None:
    fed = document(DropsOut, "3,4")
    after = AddOutput("", "aux").apply(fed)
    args, _ = fed.example_inputs()
    assert after.model()(*args)[1] is None
    assert after.model().train()(*args)[1].shape == (3, 2)


@pytest.mark.parametrize(
    ("build", "inputs", "edit", "words"),
    [
        (Recursive, "2,5", AddOutput("step", "linear"), "is called 3 times"),
        (
            lambda: nn.Sequential(Shared()),
            "2,6",
            AddOutput("0.first", "linear"),
            "stands at several places",
        ),
        (
            lambda: nn.Sequential(Branching()),
            "3,4",
            AddOutput("0.body", "linear"),
            "cannot be reached",
        ),
    ],
)
def test_outputs_that_are_not_one_tensor_are_refused(
    build: type[nn.Module], inputs: str, edit: Edit, words: str
) -> None:
    with pytest.raises(EditRefused, match=words):
        edit.apply(document(build, inputs))


def test_a_replaced_child_is_called_by_the_written_forward(outer: Document) -> None:
    """Edits of the tree and of the dataflow go together."""
    history = History(outer)
    history.do(AddOutput("", "stage"))
    history.do(Replace("stage", "Conv2d(4, 4, 3, padding=1)"))
    history.do(Connect("", "blocks_0", "head"))
    assert not analyse(history.document).problems
    main, stage = outputs(history.document.root, outer, training=False)
    with torch.no_grad():
        inner = outer.module("blocks.0")(outer.example_inputs()[0][0])
        assert torch.equal(stage, history.document.module("stage")(inner))
        assert torch.equal(main, outer.module("head")(inner))
