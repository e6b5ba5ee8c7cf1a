"""Numbers for people: short, three digits, and never 1000 of a unit."""

import pytest

from app import numbers


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (7, "7"),
        (9_408, "9,408"),
        (9_999, "9,999"),
        (10_000, "10.0 k"),
        (36_864, "36.9 k"),
        (99_949, "99.9 k"),
        (99_950, "100 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (2_359_296, "2.36 M"),
        (25_557_032, "25.6 M"),
        (4_089_184_256, "4.09 G"),
        (-25_557_032, "-25.6 M"),
    ],
)
def test_counts_have_three_digits_and_a_unit(number: int, text: str) -> None:
    assert numbers.count(number) == text
    assert numbers.macs(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.00 KB"),
        (37_632, "36.8 KB"),
        (1_048_575, "1.00 MB"),
        (102_540_417, "97.8 MB"),
        (3 * 1024**3, "3.00 GB"),
    ],
)
def test_sizes_are_in_units_of_1024(number: int, text: str) -> None:
    assert numbers.size(number) == text


def test_exact_numbers_show_every_digit() -> None:
    assert numbers.exact(25_557_032) == "25,557,032"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (1.5, "1.5"), (-0.0123456, "-0.01235"), (1.2e-7, "1.2e-07")],
)
def test_measured_numbers_have_four_digits(number: float, text: str) -> None:
    assert numbers.real(number) == text


@pytest.mark.parametrize("power", range(4, 20))
def test_no_count_is_ever_a_thousand_of_a_unit(power: int) -> None:
    for number in (10**power - 1, 10**power, 10**power + 1):
        assert "1000" not in numbers.count(number)
