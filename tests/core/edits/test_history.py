"""Undo, redo, jump, the clean mark, and when steps merge."""

import pytest
from torch import nn

from core.document import Document, parse_inputs
from core.edits import History, Remove, Replace, SetArguments, SetInputs
from core.errors import EditRefused


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def history(clock: _Clock) -> History:
    return History(Document.of(nn.Sequential(nn.Linear(4, 4), nn.ReLU())), clock)


def test_undo_and_redo_come_back_to_the_same_documents(history: History) -> None:
    first = history.document
    second = history.do(Replace("1", "GELU()"))
    third = history.do(Remove("1"))
    assert history.undo() is second
    assert history.undo() is first
    assert history.redo() is second
    assert history.redo() is third
    assert history.jump(0) is first


def test_an_edit_after_an_undo_drops_what_was_undone(history: History) -> None:
    history.do(Replace("1", "GELU()"))
    history.undo()
    history.do(Replace("1", "Tanh()"))
    assert not history.can_redo
    assert [step.label for step in history.steps] == ["Open", "Replace 1 with Tanh()"]


def test_a_refused_edit_changes_nothing_not_even_what_can_be_redone(history: History) -> None:
    history.do(Replace("1", "GELU()"))
    history.undo()
    before = list(history.steps)
    with pytest.raises(EditRefused):
        history.do(Remove("7"))
    assert history.steps == before
    assert history.can_redo


def test_nothing_to_undo_or_redo_is_said(history: History) -> None:
    for move in (history.undo, history.redo, lambda: history.jump(4)):
        with pytest.raises(EditRefused):
            move()


def test_the_clean_mark_stays_with_its_document(history: History) -> None:
    assert history.is_clean
    history.do(Replace("1", "GELU()"))
    assert not history.is_clean
    history.mark_clean()
    history.undo()
    assert not history.is_clean
    history.redo()
    assert history.is_clean


def test_rapid_changes_of_one_field_are_one_step(history: History, clock: _Clock) -> None:
    origin = history.document
    for size in (5, 6, 7):
        history.do(SetArguments("0", {"out_features": size}))
        clock.now += 0.3
    assert len(history.steps) == 2
    assert history.document.module("0").out_features == 7
    assert history.undo() is origin


def test_slow_changes_and_other_fields_are_steps_of_their_own(
    history: History, clock: _Clock
) -> None:
    history.do(SetArguments("0", {"out_features": 5}))
    clock.now += 5
    history.do(SetArguments("0", {"out_features": 6}))
    history.do(SetArguments("0", {"bias": False}))
    assert len(history.steps) == 4


def test_a_saved_step_is_not_merged_away(history: History) -> None:
    history.do(SetArguments("0", {"out_features": 5}))
    history.mark_clean()
    history.do(SetArguments("0", {"out_features": 6}))
    assert len(history.steps) == 3


def test_inputs_are_undone_like_everything_else(history: History, clock: _Clock) -> None:
    history.do(SetInputs(parse_inputs("2,4")))
    clock.now += 5
    history.do(SetInputs(parse_inputs("3,4")))
    assert history.undo().inputs[0].shape == (2, 4)
    assert history.undo().inputs == ()
