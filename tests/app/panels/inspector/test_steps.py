"""Stepping numbers: whole ones by one, others by one of their leading digit."""

from typing import Any

import pytest

from app.panels.inspector.steps import stepped


@pytest.mark.parametrize(
    ("value", "steps", "whole", "after"),
    [
        (3, 1, True, 4),
        (3, -5, True, -2),
        ((3, 5), 1, True, (4, 6)),
        (0.1, 1, False, 0.2),
        (0.1, -1, False, 0.09),
        (0.3, -2, False, 0.1),
        (1e-5, 1, False, 2e-5),
        (1e-5, -1, False, 9e-6),
        (-0.1, 1, False, -0.09),
        (0, 1, False, 0.1),
        (1, 1, False, 2.0),
        ("same", 1, True, None),
        (None, 1, True, None),
        (True, 1, True, None),
        ((1, None), 1, True, None),
        ((), 1, True, None),
        (2.5, 1, True, None),
        (float("inf"), 1, False, None),
    ],
)
def test_a_step_goes_to_the_next_number(value: Any, steps: int, whole: bool, after: Any) -> None:
    assert stepped(value, steps, whole=whole) == after


@pytest.mark.parametrize("value", [0.1, 1e-5, 0.7, 30.0, -0.25])
def test_up_and_down_again_is_where_it_was(value: float) -> None:
    assert stepped(stepped(value, 1, whole=False), -1, whole=False) == pytest.approx(value)
