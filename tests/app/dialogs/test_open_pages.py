"""What the pages of the sheet say and choose before anything is opened."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

import core
from app.dialogs.open_file import FilePage
from app.dialogs.open_layers import ExpressionPage
from app.dialogs.open_model import OpenDialog
from app.dialogs.open_zoo import ZooPage
from app.jobs import Jobs


@pytest.fixture
def zoo(jobs: Jobs, qtbot: QtBot) -> ZooPage:
    page = ZooPage(jobs)
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: page.model.rowCount() > 100, timeout=30_000)
    return page


@pytest.fixture
def file(qtbot: QtBot) -> FilePage:
    page = FilePage()
    qtbot.addWidget(page)
    return page


def test_the_model_whose_whole_name_is_typed_is_chosen(zoo: ZooPage) -> None:
    zoo.search.setText("resnet50")
    assert zoo.entry is not None
    assert zoo.entry.name == "resnet50"


def test_sorting_the_table_keeps_the_choice(zoo: ZooPage) -> None:
    zoo.search.setText("resnet50")
    zoo.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert zoo.entry is not None
    assert zoo.entry.name == "resnet50"


def test_a_number_of_classes_goes_along_and_the_core_takes_it(zoo: ZooPage) -> None:
    zoo.search.setText("resnet18")
    assert zoo.request()(None).text == "torchvision:resnet18"
    zoo.classes.setValue(7)
    zoo.structure.setChecked(True)
    request = zoo.request()(None)
    session = core.open(request.text, structure=request.structure)
    assert session.document.module("fc").out_features == 7


def test_weights_fix_the_number_of_classes(zoo: ZooPage) -> None:
    zoo.search.setText("resnet18")
    zoo.classes.setValue(7)
    zoo.weights.setCurrentIndex(1)
    assert not zoo.classes.isEnabled()
    assert zoo.request()(None).text == "torchvision:resnet18"
    zoo.structure.setChecked(True)
    assert zoo.classes.isEnabled()
    assert zoo.request()(None).text == "torchvision:resnet18(num_classes=7)"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (b"class Net(:\n", "is no Python in line 1"),
        (b"x = 1\n", "No class in net.py"),
        (b"\0\xff\xfe", "is no Python"),
        (b"# coding: nonsense\n", "is no Python"),
        (b"(" * 5000, "is no Python"),
    ],
    ids=["half a class", "no class", "binary", "unknown encoding", "too deep"],
)
def test_a_file_without_a_model_is_said_so(
    file: FilePage, tmp_path: Path, code: bytes, said: str
) -> None:
    (tmp_path / "net.py").write_bytes(code)
    file.path.setText(str(tmp_path / "net.py"))
    assert said in file.said.text()
    assert file.said.tone == "problem"
    assert file.call.count() == 0


def test_the_last_class_of_a_file_is_proposed(file: FilePage, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("class Block(M): pass\nclass Net(M): pass\n")
    file.path.setText(str(tmp_path / "net.py"))
    assert file.call.currentText() == "Net()"
    assert file.request()(None).text == f"{tmp_path / 'net.py'}:Net()"


def test_a_recipe_has_no_class(file: FilePage, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text("{}")
    file.path.setText(str(tmp_path / "recipe.json"))
    assert not file.call.isEnabled()
    assert file.request()(None).text == str(tmp_path / "recipe.json")


@pytest.mark.parametrize("path", ["x" * 5000 + ".py", "a\0b.py", "/.py", "."])
def test_no_path_is_too_odd_to_be_typed(file: FilePage, path: str) -> None:
    file.path.setText(path)
    with pytest.raises(core.errors.SourceError):
        file.request()


def test_browsing_fills_the_path(
    file: FilePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = str(tmp_path / "net.py")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (chosen, ""))
    file.browse.click()
    assert file.path.text() == chosen


def test_enter_after_a_refusal_does_not_press_another_button(
    jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = OpenDialog(jobs)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    browsed: list[bool] = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: browsed.append(True) or ("", ""))
    dialog.pages.setCurrentWidget(dialog.file)
    dialog.file.path.setFocus()
    qtbot.keyClicks(dialog.file.path, "nothing.py")
    qtbot.keyClick(dialog.file.path, Qt.Key.Key_Return)
    assert "no file" in dialog.said.text()
    assert browsed == []
    assert dialog.isVisible()


def test_an_input_is_checked_while_typing(jobs: Jobs, qtbot: QtBot) -> None:
    dialog = OpenDialog(jobs)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.input.setText("1,x")
    qtbot.waitUntil(lambda: "whole numbers" in dialog.said.text(), timeout=30_000)
    dialog.input.setText("1,3,8,8")
    qtbot.waitUntil(lambda: dialog.said.tone == "good")
    assert "3" in dialog.said.text()
    dialog.input.clear()
    assert dialog.said.text() == ""


def test_both_examples_can_be_opened(jobs: Jobs, qtbot: QtBot) -> None:
    page = ExpressionPage(jobs)
    qtbot.addWidget(page)
    for button, size in zip(page.findChildren(QPushButton), ((1, 784), (1, 3, 8, 8)), strict=True):
        button.click()
        inputs = core.parse_inputs(",".join(map(str, size)))
        session = core.open(page.request()(None).text, inputs=inputs)
        assert session.problems == ()
