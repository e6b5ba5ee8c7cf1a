"""The tables and trees of files of weights under Qt's own tester, and what they say."""

from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from torch import nn

import core
from app.item_models.conversions import Conversion, ConversionModel
from app.item_models.differences import SHARE, DifferenceModel
from app.item_models.plan_rows import STATUS, STORED, PlanModel
from app.item_models.stored_tree import StoredTreeModel
from app.item_models.texts import TextRow, TextTable
from core.checkpoint.plan import Status
from core.files import Contents, read_contents


def under_test(model: QAbstractItemModel) -> None:
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    QAbstractItemModelTester(model, fatal, model)


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.Linear(4, 2)))
    torch.save({"model": net.state_dict(), "alone": torch.tensor(1.0)}, tmp_path / "a.pth")
    return read_contents(tmp_path / "a.pth")


def names(model: QAbstractItemModel, parent: QModelIndex | None = None) -> list[str]:
    above = parent or QModelIndex()
    found = []
    for row in range(model.rowCount(above)):
        index = model.index(row, 0, above)
        found += [index.data(), *names(model, index)]
    return found


def test_tensors_stand_by_the_parts_of_their_names(contents: Contents, qapp: object) -> None:
    model = StoredTreeModel()
    under_test(model)
    model.show_tensors(contents.tensors)
    assert names(model)[:4] == ["model", "0", "weight", "bias"]
    assert model.root.bytes == sum(each.bytes for each in contents.tensors.values())
    assert model.root.count == len(contents.tensors)
    index = model.index_of("model.2.0.weight")
    assert model.node(index).path == "model.2.0.weight"
    assert index.siblingAtColumn(1).data() == "2×4"
    assert not model.index_of("model.7").isValid()
    model.show_only("running")
    assert names(model) == ["model", "1", "running_mean", "running_var"]
    model.show_only("")
    assert len(names(model)) > 10


def test_a_plan_says_what_becomes_of_each_tensor(contents: Contents, qapp: object) -> None:
    document = core.open("Sequential(Conv2d(3, 4, 3), BatchNorm2d(4), Sequential(Linear(4, 5)))")
    plan = core.match(document.document, contents)
    model = PlanModel()
    under_test(model)
    model.show_plan(plan)
    assert model.rowCount() == len(plan.rows)
    model.show_only("", "what does not fit")
    assert {row.status for row in model.rows} == {"shape differs"}
    model.show_only("", "what differs")
    assert "loaded" not in {row.status for row in model.rows}
    model.show_only("", "everything", "2")
    assert {row.name for row in model.rows} == {"2.0.weight", "2.0.bias"}
    index = model.index(0, 2)
    assert index.data() == "5×4"
    assert index.data(Qt.ItemDataRole.ForegroundRole) is not None
    data = model.mimeData([index])
    assert bytes(data.data(STORED).data()).decode() == model.rows[0].stored
    model.show_plan(None)
    assert model.rowCount() == 0


def test_every_status_has_a_word_an_icon_and_a_meaning() -> None:
    from typing import get_args

    assert set(STATUS) == set(get_args(Status))


def test_differences_add_up_for_each_module(tmp_path: Path, qapp: object) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)))
    torch.save(net.state_dict(), tmp_path / "a.pth")
    with torch.no_grad():
        net[0].weight += 3
        net[1][0].weight += 1
    torch.save(net.state_dict(), tmp_path / "b.pth")
    found = core.diff(read_contents(tmp_path / "a.pth"), read_contents(tmp_path / "b.pth"))
    model = DifferenceModel()
    under_test(model)
    model.show_differences(found, core.by_module(found))
    assert names(model) == ["all of it", "0", "weight", "1", "0", "weight"]
    whole = model.index(0, 2)
    assert float(whole.data()) == pytest.approx((4 * 9 + 4 * 1) ** 0.5, rel=1e-3)
    assert whole.data(SHARE) == 1.0
    model.show_only_differing(False)
    assert names(model).count("bias") == 2


def test_the_queue_follows_what_becomes_of_its_files(qapp: object) -> None:
    model = ConversionModel()
    under_test(model)
    items = [Conversion(Path(f"{n}.pth"), Path(f"{n}.safetensors")) for n in range(4)]
    model.add(items)
    items[1].where, items[1].said = "failed", "It is empty."
    model.tell(items[1])
    assert model.index(1, 2).data() == "It is empty."
    model.remove([0, 2])
    assert [item.source.name for item in model.items] == ["1.pth", "3.pth"]
    model.add([])
    assert model.rowCount() == 2


def test_a_table_of_texts(qapp: object) -> None:
    model = TextTable(("Entry", "Value"))
    under_test(model)
    model.show_rows([TextRow(("epoch", "3")), TextRow(("os.system", "no"), "warning", "problem")])
    assert model.index(1, 1).data() == "no"
    assert model.index(1, 0).data(Qt.ItemDataRole.DecorationRole) is not None
    assert model.index(0, 0).data(Qt.ItemDataRole.DecorationRole) is None
