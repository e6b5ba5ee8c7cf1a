"""Where something may be put, the edit that puts it there, and what is said of it before."""

import pytest
from torch import nn

import core
from app.spots import (
    Spot,
    after,
    consequence,
    edit_for_layer,
    edit_for_modules,
    spec_for,
)
from core.analysis import Report, analyse
from core.document import Document, InputSpec
from core.errors import EditRefused, SpecError


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, padding=1)
        )
        self.tail = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(8, 5)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.fc(self.tail(self.body(x)))


@pytest.fixture
def report() -> Report:
    return analyse(Document.of(Net(), (InputSpec(shape=(1, 3, 8, 8)),)))


def names(document: Document, path: str) -> list[str]:
    return [type(child).__name__ for child in document.module(path).children()]


def test_a_layer_of_the_palette_starts_with_what_its_place_says(report: Report) -> None:
    assert str(spec_for("Linear", report, Spot("fc"))) == "Linear(8, 5)"
    assert str(spec_for("BatchNorm2d", report, Spot(parent="body", index=1))) == "BatchNorm2d(4)"
    assert str(spec_for("BatchNorm2d", report, Spot(parent="body"))) == "BatchNorm2d(8)"


def test_every_head_fits_where_a_head_is(report: Report) -> None:
    for preset in core.presets():
        try:
            spec = spec_for(f"preset:{preset.name}", report, Spot("fc"))
        except SpecError:
            continue
        found = core.preview(report, edit_for_layer(str(spec), Spot("fc")))
        assert found.problems == (), preset.name


def test_onto_replaces_and_between_inserts(report: Report) -> None:
    assert edit_for_layer("ReLU()", Spot("fc")) == core.Replace("fc", "ReLU()")
    assert edit_for_layer("ReLU()", Spot(parent="body", index=1)) == core.Insert(
        "body", 1, "ReLU()"
    )


@pytest.mark.parametrize(
    ("path", "index", "expected"),
    [
        ("body.0", 2, ["ReLU", "Conv2d", "Conv2d"]),
        ("body.0", None, ["ReLU", "Conv2d", "Conv2d"]),
        ("body.2", 0, ["Conv2d", "Conv2d", "ReLU"]),
        ("body.1", 1, ["Conv2d", "ReLU", "Conv2d"]),
        ("body.1", 2, ["Conv2d", "ReLU", "Conv2d"]),
    ],
)
def test_a_row_dropped_in_a_gap_stands_in_that_gap(
    report: Report, path: str, index: int | None, expected: list[str]
) -> None:
    edit = edit_for_modules(report.document, [path], Spot(parent="body", index=index), copy=False)
    assert names(edit.apply(report.document), "body") == expected


def test_several_rows_move_together_and_keep_their_order(report: Report) -> None:
    document = report.document
    edit = edit_for_modules(document, ["body.0", "body.1"], Spot(parent="tail", index=1), False)
    after_it = edit.apply(document)
    assert names(after_it, "tail") == ["AdaptiveAvgPool2d", "Conv2d", "ReLU", "Flatten"]
    assert names(after_it, "body") == ["Conv2d"]


def test_ctrl_copies_and_the_original_stays(report: Report) -> None:
    edit = edit_for_modules(report.document, ["body.1"], Spot("tail"), copy=True)
    made = edit.apply(report.document)
    assert names(made, "tail")[-1] == "ReLU"
    assert names(made, "body") == names(report.document, "body")


def test_where_nothing_can_be_put_the_reason_is_said(report: Report) -> None:
    with pytest.raises(EditRefused, match="no container"):
        edit_for_modules(report.document, ["body.1"], Spot("fc"), copy=False)
    refused = consequence(report, core.Insert("", 0, "ReLU()"))
    assert refused.refused
    assert "forward of its own" in refused.text
    with pytest.raises(EditRefused, match="beside the model"):
        after(report.document, "")


def test_what_letting_go_would_do_is_said_in_numbers(report: Report) -> None:
    said = consequence(report, core.Replace("fc", "Linear(8, 10)"))
    assert not said.refused
    assert said.text.startswith("fc → Linear(8, 10): output 1×10, the model gives 1×10")
    assert "90 new weights, 45 dropped" in said.text


def test_a_problem_that_would_follow_is_said(report: Report) -> None:
    said = consequence(report, core.Replace("body.2", "Conv2d(4, 6, 3, padding=1)"))
    assert "Then fc expects 8 features, gets 6" in said.text
