"""What the commands do to the selection."""

from collections.abc import Callable

import pytest
from torch import nn

import core
from app import verbs
from app.spots import Spot
from app.state import State
from core.document import Document
from core.errors import EditRefused
from core.session import Session

StateOf = Callable[..., State]


@pytest.fixture
def session() -> Session:
    return Session(
        Document.of(nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.GELU()), nn.Tanh()))
    )


def kinds(document: Document) -> list[str]:
    return [type(module).__name__ for _, module in document.modules()][1:]


def test_several_are_removed_without_renumbering_each_other(
    session: Session, state_of: StateOf
) -> None:
    session.apply(verbs.remove(state_of(session, "0", "2")))
    assert kinds(session.document) == ["Sequential", "ReLU", "GELU"]
    session.undo()
    assert len(kinds(session.document)) == 5


def test_what_is_inside_something_selected_is_not_done_twice(
    session: Session, state_of: StateOf
) -> None:
    assert verbs.remove(state_of(session, "1.0", "1")) == core.Remove("1")
    assert verbs.freeze(state_of(session, "0", "")) == core.Freeze("")


def test_duplicates_stand_behind_their_originals(session: Session, state_of: StateOf) -> None:
    session.apply(verbs.duplicate(state_of(session, "0", "2")))
    assert kinds(session.document) == [
        "Linear", "Linear", "Sequential", "ReLU", "GELU", "Tanh", "Tanh",
    ]  # fmt: skip


def test_moving_up_and_down_ends_at_the_ends(session: Session, state_of: StateOf) -> None:
    assert verbs.move(state_of(session, "2"), -1) == core.Move("2", "", 1)
    assert verbs.move(state_of(session, "0"), 1) == core.Move("0", "", 1)
    with pytest.raises(EditRefused, match="first"):
        verbs.move(state_of(session, "0"), -1)
    with pytest.raises(EditRefused, match="last"):
        verbs.move(state_of(session, "2"), 1)


def test_places_beside_and_onto(session: Session, state_of: StateOf) -> None:
    assert verbs.beside(state_of(session, "1.1"), 0) == Spot(parent="1", index=1)
    assert verbs.beside(state_of(session, "1.1"), 1) == Spot(parent="1", index=2)
    assert verbs.onto(state_of(session, "1.1")) == Spot("1.1")
    assert verbs.pasted(state_of(session, "1")) == Spot(parent="1", index=None)
    assert verbs.pasted(state_of(session, "0")) == Spot(parent="", index=1)


def test_without_a_model_or_a_selection_it_is_said_what_to_do(
    session: Session, state_of: StateOf
) -> None:
    with pytest.raises(EditRefused, match="Select a module"):
        verbs.remove(state_of(session))
    with pytest.raises(EditRefused, match="Open a model"):
        verbs.beside(State(selection=("",)), 1)
