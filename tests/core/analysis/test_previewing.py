"""What an edit would lead to is what it leads to; the place of a layer is what stands around it."""

import pytest
from torch import nn

from core.analysis import analyse, place_at, place_of, preview
from core.document import Document, InputSpec
from core.edits import Insert, Replace, SetArguments
from core.errors import EditRefused


@pytest.fixture
def report():
    root = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4))
    return analyse(Document.of(root, (InputSpec(shape=(2, 8)),)))


def test_a_replacement_counts_what_comes_and_what_goes(report):
    found = preview(report, Replace("2", "Linear(6, 10)"))
    assert (found.new, found.dropped) == (6 * 10 + 10, 6 * 4 + 4)
    assert found.report.output.shape == (2, 10)
    assert [change.path for change in found.changes] == ["2"]
    assert found.problems == ()


def test_values_carried_over_are_neither_new_nor_dropped(report):
    found = preview(report, SetArguments("2", {"out_features": 10}))
    assert (found.new, found.dropped) == (6 * 6 + 6, 0)
    found = preview(report, SetArguments("2", {"out_features": 1}))
    assert (found.new, found.dropped) == (0, 6 * 3 + 3)


def test_only_new_problems_are_told(report):
    broken = preview(report, Replace("0", "Linear(8, 5)"))
    assert [each.path for each in broken.problems] == ["2"]
    again = preview(broken.report, Replace("1", "GELU()"))
    assert again.problems == ()


def test_the_snapshot_is_left_alone_and_refusals_are_raised(report):
    root, children = report.document.root, list(report.document.root)
    with pytest.raises(EditRefused):
        preview(report, Insert("1", 0, "ReLU()"))
    preview(report, Insert("", 1, "GELU()"))
    assert report.document.root is root
    assert list(root) == children


def test_a_place_knows_what_comes_in_and_what_stands_before(report):
    place = place_of(report, "2")
    assert (place.input_shape, place.output_shape, place.name) == ((2, 6), (2, 4), "2")
    assert place.previous is report.document.module("1")
    assert place_of(report, "0").previous is None


@pytest.mark.parametrize(("index", "shape"), [(0, (2, 8)), (1, (2, 6)), (None, (2, 4))])
def test_between_children_comes_what_the_one_before_gives(report, index, shape):
    assert place_at(report, "", index).input_shape == shape
