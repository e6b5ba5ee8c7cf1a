"""Inputs may be given as they are written in the window and the terminal."""

import pytest

import core
from core.errors import InputError


def test_inputs_are_taken_as_text() -> None:
    session = core.open("Sequential(Linear(4, 2))", inputs="7,4")
    assert session.document.inputs == core.parse_inputs("7,4")


def test_a_text_that_is_no_input_is_refused() -> None:
    with pytest.raises(InputError, match="seven"):
        core.open("Sequential(Linear(4, 2))", inputs="seven,4")
