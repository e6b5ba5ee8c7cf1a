"""Who follows the desk does so one by one: the first at once, the others in turns of their own."""

from pytestqt.qtbot import QtBot

from app.state import State
from app.turns import Turns


def made() -> tuple[Turns, list[tuple[str, State]]]:
    seen: list[tuple[str, State]] = []
    names = ("tree", "inspector", "ledger")
    return Turns([lambda s, name=name: seen.append((name, s)) for name in names]), seen


def test_the_first_follows_at_once_and_the_others_in_turn(qtbot: QtBot) -> None:
    turns, seen = made()
    state = State(cursor=3)
    turns.show_state(state)
    assert seen == [("tree", state)]
    assert turns.waiting
    qtbot.waitUntil(lambda: not turns.waiting)
    assert seen == [("tree", state), ("inspector", state), ("ledger", state)]


def test_a_state_that_comes_in_between_takes_the_place_of_the_one_before(qtbot: QtBot) -> None:
    turns, seen = made()
    first, second = State(cursor=1), State(cursor=2)
    turns.show_state(first)
    turns.show_state(second)
    qtbot.waitUntil(lambda: not turns.waiting)
    others = [("inspector", second), ("ledger", second)]
    assert seen == [("tree", first), ("tree", second), *others]


def test_a_follower_may_bring_about_the_next_state(qtbot: QtBot) -> None:
    turns, seen = made()
    second = State(cursor=2)
    turns._followers[1] = lambda state: state is not second and turns.show_state(second)  # type: ignore[func-returns-value]
    turns.show_state(State(cursor=1))
    qtbot.waitUntil(lambda: not turns.waiting)
    assert [state for name, state in seen if name == "ledger"] == [second]
