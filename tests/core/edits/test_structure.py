"""Edits of the tree, on containers and on modules with a forward of their own."""

import pytest
import torch
from torch import nn

from core.catalog import parse_spec
from core.document import Document, key_map, ledger, recording
from core.edits import (
    Duplicate,
    Insert,
    Move,
    Remove,
    Rename,
    Replace,
    Together,
    Unwrap,
    Wrap,
)
from core.errors import EditRefused, SpecError
from tests.zoo import Lists, Shared, TwoInputs


def positional() -> Document:
    with recording():
        root = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    return Document.of(root)


def named() -> Document:
    with recording():
        root = nn.Sequential()
        root.add_module("fc1", nn.Linear(4, 4))
        root.add_module("relu1", nn.ReLU())
        root.add_module("fc2", nn.Linear(4, 2))
    return Document.of(root)


def own_forward() -> Document:
    with recording():
        return Document.of(TwoInputs())


def names(document: Document, path: str = "") -> list[str]:
    return list(document.module(path)._modules)


def kinds(document: Document, path: str = "") -> list[str]:
    return [type(child).__name__ for child in document.module(path).children()]


def test_replacing_takes_a_spec_as_text_or_as_an_object() -> None:
    for layer in ("Linear(4, 9)", parse_spec("nn.Linear(4, 9)")):
        edited = Replace("2", layer).apply(positional())
        assert edited.module("2").out_features == 9
        assert not edited.module("2").training


def test_inserting_renumbers_positional_children() -> None:
    document = positional()
    edited = Insert("", 1, "Dropout(0.5)").apply(document)
    assert names(edited) == ["0", "1", "2", "3"]
    assert kinds(edited) == ["Linear", "Dropout", "ReLU", "Linear"]
    assert edited.module("3") is document.module("2")


def test_inserting_into_a_named_container_names_the_child() -> None:
    assert names(Insert("", 1, "BatchNorm1d(4)", "bn").apply(named())) == [
        "fc1", "bn", "relu1", "fc2",
    ]  # fmt: skip
    assert names(Insert("", None, "BatchNorm1d(2)").apply(named()))[-1] == "batch_norm1d"
    twice = Insert("", None, "ReLU()").apply(Insert("", None, "ReLU()").apply(named()))
    assert names(twice)[-2:] == ["relu", "relu_2"]


def test_appending_is_inserting_at_no_index() -> None:
    assert kinds(Insert("", None, "Softmax(dim=1)").apply(positional()))[-1] == "Softmax"


def test_module_lists_and_dicts_take_children() -> None:
    document = Document.of(Lists())
    edited = Insert("layers", 1, "Dropout()").apply(document)
    assert names(edited, "layers") == ["0", "1", "2", "3"]
    edited = Insert("by_name", None, "Linear(4, 3)", "output").apply(edited)
    assert names(edited, "by_name") == ["linear", "act", "output"]
    assert edited.root(torch.zeros(1, 4)).shape == (1, 3)


def test_a_module_with_its_own_forward_takes_no_further_child() -> None:
    with pytest.raises(EditRefused, match="forward of its own"):
        Insert("", 0, "ReLU()").apply(own_forward())


def test_removing_closes_the_gap_and_shares_the_rest() -> None:
    document = positional()
    edited = Remove("1").apply(document)
    assert names(edited) == ["0", "1"]
    assert edited.module("1") is document.module("2")
    assert key_map(document, edited) == {
        "0.weight": "0.weight", "0.bias": "0.bias", "1.weight": "2.weight", "1.bias": "2.bias",
    }  # fmt: skip


def test_removing_what_forward_calls_leaves_an_identity_and_says_so() -> None:
    edited = Remove("body").apply(own_forward())
    assert isinstance(edited.module("body"), nn.Identity)
    assert "Identity" in edited.notes[0]
    with pytest.raises(EditRefused, match="Identity already"):
        Remove("body").apply(edited)


def test_moving_within_a_container() -> None:
    edited = Move("0", "", 2).apply(positional())
    assert kinds(edited) == ["ReLU", "Linear", "Linear"]
    assert edited.module("2").out_features == 4
    assert names(Move("fc2", "", 0).apply(named())) == ["fc2", "fc1", "relu1"]


def test_moving_between_containers_in_every_direction() -> None:
    with recording():
        document = Document.of(
            nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh(), nn.Sequential(nn.ELU())), nn.GELU())
        )
    deeper = Move("0", "1.1", 0).apply(document)
    assert kinds(deeper, "0.1") == ["ReLU", "ELU"]
    assert deeper.module("0.1.0") is document.module("0")
    higher = Move("1.1.0", "", 0).apply(document)
    assert kinds(higher) == ["ELU", "ReLU", "Sequential", "GELU"]
    assert kinds(higher, "2.1") == []
    aside = Move("2", "1", 1).apply(document)
    assert kinds(aside, "1") == ["Tanh", "GELU", "Sequential"]


def test_moving_out_of_a_module_with_its_own_forward_leaves_an_identity() -> None:
    document = Document.of(Lists())
    with recording():
        root = nn.Sequential(TwoInputs(), nn.Sequential())
    moved = Move("0.body", "1", None).apply(Document.of(root))
    assert isinstance(moved.module("0.body"), nn.Identity)
    assert moved.module("1.0") is root[0].body
    assert moved.notes
    assert document.notes == ()


def test_a_module_cannot_be_moved_into_itself() -> None:
    document = Document.of(nn.Sequential(nn.Sequential(nn.ReLU())))
    for parent in ("0", "0.0"):
        with pytest.raises(EditRefused, match="into itself"):
            Move("0", parent, 0).apply(document)


def test_renaming_keeps_the_order() -> None:
    assert names(Rename("relu1", "act").apply(named())) == ["fc1", "act", "fc2"]


@pytest.mark.parametrize(
    ("path", "name", "reason"),
    [
        ("fc1", "fc2", "already has a child"),
        ("fc1", "a.b", "dot"),
        ("fc1", "", "needs a name"),
        ("fc1", "forward", "already an attribute"),
        ("", "net", "root"),
        ("fc3", "x", "Did you mean"),
    ],
)
def test_names_that_cannot_be_are_refused(path: str, name: str, reason: str) -> None:
    with pytest.raises(EditRefused, match=reason):
        Rename(path, name).apply(named())


def test_a_name_that_forward_uses_stays() -> None:
    with pytest.raises(EditRefused, match="calls 'body' by name"):
        Rename("body", "trunk").apply(own_forward())


def test_numbered_children_have_no_names_to_change() -> None:
    with pytest.raises(EditRefused, match="numbered"):
        Rename("0", "first").apply(positional())
    with pytest.raises(EditRefused, match="numbered"):
        Insert("", 0, "ReLU()", "first").apply(positional())


@pytest.mark.parametrize("container", ["Sequential", "ModuleList", "ModuleDict"])
def test_wrapping_and_unwrapping_come_back_to_the_same_modules(container: str) -> None:
    document = named()
    wrapped = Wrap("relu1", container).apply(document)
    assert type(wrapped.module("relu1")).__name__ == container
    back = Unwrap("relu1").apply(wrapped)
    assert [child for _, child in back.modules()][1:] == [c for _, c in document.modules()][1:]
    if container == "Sequential":
        args = (torch.randn(2, 4),)
        assert torch.equal(wrapped.root(*args), document.root(*args))


def test_unwrapping_in_a_container_splices_the_children_in() -> None:
    document = Document.of(nn.Sequential(nn.Sequential(nn.Tanh(), nn.ELU()), nn.ReLU()))
    assert kinds(Unwrap("0").apply(document)) == ["Tanh", "ELU", "ReLU"]


def test_several_children_cannot_take_one_place() -> None:
    with pytest.raises(EditRefused, match="3 children"):
        Unwrap("").apply(positional())
    with pytest.raises(EditRefused, match="no container"):
        Unwrap("0").apply(positional())
    with pytest.raises(EditRefused, match="is no container"):
        Wrap("0", "Linear").apply(positional())


def test_a_duplicate_has_equal_weights_of_its_own() -> None:
    document = positional()
    edited = Duplicate("0").apply(document)
    assert kinds(edited) == ["Linear", "Linear", "ReLU", "Linear"]
    assert torch.equal(edited.module("1").weight, edited.module("0").weight)
    assert edited.module("1").weight is not edited.module("0").weight
    entry = next(e for e in ledger(document, edited).entries if e.name == "1.weight")
    assert (entry.status, entry.before) == ("copied", "0.weight")


def test_together_is_all_or_nothing() -> None:
    document = positional()
    both = Together((Remove("1"), Replace("1", "Linear(4, 7)"))).apply(document)
    assert kinds(both) == ["Linear", "Linear"]
    with pytest.raises(EditRefused):
        Together((Remove("1"), Remove("9"))).apply(document)
    assert kinds(document) == ["Linear", "ReLU", "Linear"]


def test_shared_modules_change_at_every_use_by_default() -> None:
    document = Document.of(Shared())
    assert Replace("first", "Linear(6, 6)").apply(document).module("second") is not document.module(
        "second"
    )
    alone = Replace("first", "Linear(6, 6)", every_use=False).apply(document)
    assert alone.module("second") is document.module("second")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (Replace("fc9", "ReLU()"), "no module at 'fc9'"),
        (Remove(""), "root"),
        (Move("", "", 0), "root"),
        (Insert("", 9, "ReLU()"), "from 0 to 3"),
        (Insert("fc1", 0, "ReLU()"), "forward of its own"),
        (Duplicate(""), "root"),
        (Together(()), "no edit"),
    ],
)
def test_edits_that_make_no_sense_are_refused(edit: Replace, reason: str) -> None:
    document = named()
    with pytest.raises(EditRefused, match=reason):
        edit.apply(document)


@pytest.mark.parametrize(
    "layer", ["Linaer(4, 2)", "Linear(4)", "Linear('four', 2)", "__import__('os')", "Linear", "3"]
)
def test_layers_that_make_no_sense_are_refused(layer: str) -> None:
    with pytest.raises(SpecError):
        Replace("fc1", layer).apply(named())
