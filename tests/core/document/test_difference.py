"""The difference of two documents, module by module, and the ledger's counts."""

from torch import nn

from core.document import Document, difference, ledger
from core.edits import Freeze, Insert, Move, Reinitialise, Remove, Replace, SetArguments, Unfreeze


def told(before: Document, after: Document) -> list[tuple[str, str]]:
    return [(change.kind, change.path) for change in difference(before, after)]


def document() -> Document:
    return Document.of(
        nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)), nn.Linear(4, 2))
    )


def test_what_is_the_same_is_not_mentioned() -> None:
    first = document()
    assert told(first, first) == []


def test_each_kind_of_change_is_told_at_its_place() -> None:
    first = document()
    assert told(first, Replace("0.1", "GELU()").apply(first)) == [("replaced", "0.1")]
    assert told(first, SetArguments("1", {"out_features": 3}).apply(first)) == [("changed", "1")]
    assert told(first, Insert("", None, "ReLU()").apply(first)) == [("added", "2")]
    assert told(first, Remove("1").apply(first)) == [("removed", "1")]
    assert told(first, Reinitialise("1").apply(first)) == [("weights", "1")]
    assert told(first, Freeze("0.0").apply(first)) == [("frozen", "0.0")]


def test_a_move_is_a_move_and_not_a_removal() -> None:
    first = document()
    moved = difference(first, Move("0.0", "0", 2).apply(first))
    assert {change.kind for change in moved} == {"moved"}
    assert ("0.2", "0.0") in {(change.path, change.before) for change in moved}


def test_a_part_that_was_frozen_as_a_whole_is_told_once() -> None:
    first = document()
    frozen = Freeze("").apply(first)
    assert told(first, frozen) == [("frozen", "")]
    assert told(frozen, Unfreeze("0").apply(frozen)) == [("thawed", "0")]


def test_the_ledger_follows_weights_through_renumbering() -> None:
    first = document()
    after = Insert("", 0, "Identity()").apply(first)
    entries = {entry.name: entry for entry in ledger(first, after).entries}
    assert entries["2.weight"].status == "moved"
    assert entries["2.weight"].before == "1.weight"
    assert ledger(first, after).share_kept == 1
