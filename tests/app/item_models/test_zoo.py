"""The zoo as a table: human numbers, the model that is meant, a selection that survives sorting."""

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.item_models.zoo import HEADERS, ZooModel
from core.source import ModelEntry

Descending = Qt.SortOrder.DescendingOrder
PARAMETERS, DOWNLOAD = HEADERS.index("Parameters"), HEADERS.index("Download")
ENTRIES = [
    ModelEntry(
        "fcn_net50", "segmentation", "torchvision:fcn_net50", 35_322_218, 152.7, 60.5, "miou",
        ("COCO_V1",), 135.0,
    ),
    ModelEntry("net5", "classification", "torchvision:net5"),
    ModelEntry(
        "net50", "classification", "torchvision:net50", 25_557_032, 4.09, 80.858, "acc@1",
        ("IMAGENET1K_V1", "IMAGENET1K_V2"), 97.8,
    ),
    ModelEntry("net500", "optical_flow", "torchvision:net500", 9_000),
]  # fmt: skip


@pytest.fixture
def model(qapp: object) -> ZooModel:
    made = ZooModel()
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    made.show_models(ENTRIES)
    return made


def texts(model: ZooModel, row: int) -> list[str]:
    return [model.index(row, column).data() for column in range(model.columnCount())]


def names(model: ZooModel) -> list[str]:
    return [entry.name for entry in model.entries]


def test_numbers_are_written_for_people_and_what_is_not_known_is_empty(model: ZooModel) -> None:
    assert texts(model, names(model).index("net50")) == [
        "net50", "classification", "25.6 M", "4.09", "80.86", "top-1 %", "98 MB",
    ]  # fmt: skip
    assert texts(model, names(model).index("net5")) == ["net5", "classification", *[""] * 5]
    assert texts(model, names(model).index("net500"))[1:3] == ["optical flow", "9,000"]


def test_numbers_stand_right_and_names_left(model: ZooModel) -> None:
    alignments = [
        model.index(0, column).data(Qt.ItemDataRole.TextAlignmentRole) for column in range(7)
    ]
    right = [each is not None and bool(each & Qt.AlignmentFlag.AlignRight) for each in alignments]
    assert right == [False, False, True, True, True, False, True]


def test_what_is_selected_stays_selected_when_sorted(model: ZooModel) -> None:
    kept = [QPersistentModelIndex(model.index(row, 0)) for row in range(model.rowCount())]
    before = [each.data() for each in kept]
    for column in range(model.columnCount()):
        for order in (Qt.SortOrder.AscendingOrder, Descending):
            model.sort(column, order)
            assert [each.data() for each in kept] == before


def test_sorting_goes_by_number_and_unknown_ones_are_last(model: ZooModel) -> None:
    model.sort(PARAMETERS)
    assert names(model) == ["net500", "net50", "fcn_net50", "net5"]
    model.sort(PARAMETERS, Descending)
    assert names(model) == ["fcn_net50", "net50", "net500", "net5"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("net50", "net50"), ("NET5 ", "net5"), ("net", "net5"), ("segmentation", "fcn_net50")],
)
def test_the_name_itself_is_meant_before_others_that_hold_it(
    model: ZooModel, typed: str, meant: str
) -> None:
    model.show_only(typed)
    assert model.entries[model.best_row(typed)].name == meant


def test_where_nothing_fits_the_table_is_empty(model: ZooModel) -> None:
    model.show_only("no such thing")
    assert model.rowCount() == 0
    assert model.best_row("no such thing") == 0
    model.sort(DOWNLOAD)
    assert model.data(QModelIndex()) is None
    model.show_only("")
    assert model.rowCount() == len(ENTRIES)
