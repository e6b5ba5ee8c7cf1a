"""Who follows the desk does so at once in a model, and one by one when another is opened."""

from pytestqt.qtbot import QtBot

from app.state import State
from app.turns import Turns


def made() -> tuple[Turns, list[tuple[str, State]]]:
    seen: list[tuple[str, State]] = []
    followers = [lambda s, name=name: seen.append((name, s)) for name in ("tree", "ledger")]
    return Turns(followers), seen  # type: ignore[arg-type]


def opened() -> State:
    return State(origin=object())  # type: ignore[arg-type]


def test_a_step_of_the_same_model_is_followed_at_once(qtbot: QtBot) -> None:
    turns, seen = made()
    state = State(cursor=3)
    turns.show_state(state)
    assert seen == [("tree", state), ("ledger", state)]
    assert not turns.waiting


def test_another_model_is_followed_one_by_one(qtbot: QtBot) -> None:
    turns, seen = made()
    state = opened()
    turns.show_state(state)
    assert seen == []
    assert turns.waiting
    qtbot.waitUntil(lambda: not turns.waiting)
    assert seen == [("tree", state), ("ledger", state)]


def test_a_state_that_comes_in_between_takes_the_place_of_the_one_before(qtbot: QtBot) -> None:
    turns, seen = made()
    first, second = opened(), opened()
    turns.show_state(first)
    turns.show_state(second)
    qtbot.waitUntil(lambda: not turns.waiting)
    assert seen == [("tree", second), ("ledger", second)]
