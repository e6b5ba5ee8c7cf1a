"""Every word that an item model shows can be in another language: a translator marks them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt, QTranslator
from PySide6.QtWidgets import QApplication
from torch import nn

import core
from app.item_models.conversions import Conversion, ConversionModel
from app.item_models.differences import DifferenceModel
from app.item_models.ledger import LedgerModel
from app.item_models.palette import PaletteModel
from app.item_models.plan_rows import STATUS, PlanModel, word_of
from app.item_models.stored_tree import StoredTreeModel, shape_text
from app.item_models.zoo import ZooModel
from core.document import Document


class Marked(QTranslator):
    """Says each text in guillemets, so that what nobody asked it about stands out."""

    def translate(self, context: str, text: str, remark: str | None = None, count: int = -1) -> str:
        return f"«{text}»"

    def isEmpty(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def marked(qapp: QApplication) -> Iterator[None]:
    translator = Marked()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def headers(model: QAbstractItemModel) -> list[str]:
    across = Qt.Orientation.Horizontal
    return [str(model.headerData(each, across)) for each in range(model.columnCount())]


def texts(model: QAbstractItemModel, column: int, parent: QModelIndex | None = None) -> list[str]:
    """The texts of a column, of all rows at any depth."""
    above = parent if parent is not None else QModelIndex()
    found: list[str] = []
    for row in range(model.rowCount(above)):
        found.append(str(model.index(row, column, above).data()))
        found += texts(model, column, model.index(row, 0, above))
    return found


def all_marked(found: list[str]) -> bool:
    return bool(found) and all(each.startswith("«") for each in found)


@pytest.fixture
def contents(tmp_path: Path) -> object:
    state = {"a.weight": torch.zeros(2, 3), "a.bias": torch.zeros(()), "": torch.zeros(1)}
    torch.save(state, tmp_path / "file.pth")
    return core.read_contents(tmp_path / "file.pth")


def test_the_plan_of_a_load(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2).half().state_dict(), tmp_path / "w.pth")
    plan = core.match(Document.of(nn.Linear(2, 2)), core.read_contents(tmp_path / "w.pth"))
    model = PlanModel()
    model.show_plan(plan)
    assert all_marked(headers(model))
    assert all_marked(texts(model, 0))
    assert all_marked([word_of(each) for each in STATUS])
    tip = str(model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole))
    assert tip.count("«") == 2


def test_the_tensors_of_a_file(contents) -> None:  # type: ignore[no-untyped-def]
    model = StoredTreeModel()
    model.show_tensors(contents.tensors)
    assert all_marked(headers(model))
    assert "«(no name)»" in texts(model, 0)
    assert "«{} tensors»".format("2") in texts(model, 1)
    assert shape_text(()) == "«one number»"


def test_the_queue_of_conversions() -> None:
    model = ConversionModel()
    model.add([Conversion(Path("a.pth"), Path("a.safetensors"))])
    assert all_marked(headers(model))
    assert texts(model, 2) == ["«waiting»"]


def test_what_differs(tmp_path: Path) -> None:
    for name, value in (("one", 0.0), ("two", 1.0)):
        torch.save({"a.weight": torch.full((2,), value)}, tmp_path / f"{name}.pth")
    one, two = (core.read_contents(tmp_path / f"{name}.pth") for name in ("one", "two"))
    found = core.diff(one, two)
    model = DifferenceModel()
    model.show_differences(found, core.by_module(found))
    assert all_marked(headers(model))
    assert "«all of it»" in texts(model, 0)
    assert "«changed»" in texts(model, 1)


def test_the_ledger() -> None:
    session = core.open("Sequential(Linear(4, 3), Linear(3, 2))")
    session.apply("1.out_features = 1")
    model = LedgerModel()
    model.show_ledger(session.ledger)
    assert all_marked(headers(model))
    assert all_marked(texts(model, 0))
    assert any("values kept»" in each for each in texts(model, 4))


def test_the_zoo() -> None:
    model = ZooModel()
    model.show_models([each for each in core.models() if each.name in ("resnet18", "fcn_resnet50")])
    assert all_marked(headers(model))
    for column in (1, 5, 6):
        assert all_marked(texts(model, column))


def test_the_groups_of_the_palette() -> None:
    model = PaletteModel()
    model.fill()
    groups = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
    assert all_marked(groups)
