"""Each page of the sheet asks for the right model, and answers what makes no sense in place."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.dialogs.open_model import OpenDialog
from app.item_models.zoo import ZooModel
from app.jobs import Jobs
from app.request import OpenRequest
from core.document import InputSpec
from core.source import models


@pytest.fixture
def dialog(jobs: Jobs, qtbot: QtBot) -> OpenDialog:
    made = OpenDialog(jobs)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.zoo.model.rowCount() > 100, timeout=30_000)
    return made


@pytest.fixture
def wanted(dialog: OpenDialog) -> list[OpenRequest]:
    found: list[OpenRequest] = []
    dialog.wanted.connect(found.append)
    return found


def test_a_model_of_the_zoo_is_found_and_opened(
    dialog: OpenDialog, wanted: list[OpenRequest], qtbot: QtBot
) -> None:
    qtbot.keyClicks(dialog.zoo.search, "resnet18")
    assert dialog.zoo.entry is not None
    assert dialog.zoo.entry.name.endswith("resnet18")
    qtbot.keyClick(dialog.zoo.search, Qt.Key.Key_Return)
    assert [each.text for each in wanted] == [dialog.zoo.entry.source]
    assert not dialog.isVisible()


def test_weights_and_structure_only_go_along(dialog: OpenDialog, wanted: list[OpenRequest]) -> None:
    dialog.zoo.search.setText("wide_resnet101_2")
    assert [dialog.zoo.weights.itemText(n) for n in range(3)] == [
        "Random", "IMAGENET1K_V1", "IMAGENET1K_V2",
    ]  # fmt: skip
    dialog.zoo.weights.setCurrentIndex(2)
    assert "downloaded" in dialog.zoo.note.text()
    dialog.ask()
    dialog.zoo.structure.setChecked(True)
    dialog.ask()
    assert [(each.pretrained, each.structure) for each in wanted] == [
        ("IMAGENET1K_V2", None), (False, True),
    ]  # fmt: skip


def test_an_input_is_read_or_answered(dialog: OpenDialog, wanted: list[OpenRequest]) -> None:
    dialog.input.setText("1,x")
    dialog.ask()
    assert "whole numbers" in dialog.said.text()
    assert dialog.isVisible()
    dialog.input.setText("2,3,64,64")
    dialog.ask()
    assert [each.inputs for each in wanted] == [(InputSpec(shape=(2, 3, 64, 64)),)]


def test_where_nothing_is_found_nothing_is_opened(
    dialog: OpenDialog, wanted: list[OpenRequest]
) -> None:
    dialog.zoo.search.setText("no such model")
    dialog.ask()
    assert "Choose a model" in dialog.said.text()
    assert wanted == []


def test_the_classes_of_a_file_are_read_and_not_run(
    dialog: OpenDialog, wanted: list[OpenRequest], tmp_path: Path
) -> None:
    mark, file = tmp_path / "it_ran", tmp_path / "net.py"
    file.write_text(
        f"open({str(mark)!r}, 'w')\nclass Net(Module): pass\nclass Other(Net): pass\n"
        "class Plain: pass\n"
    )
    dialog.pages.setCurrentWidget(dialog.file)
    dialog.file.path.setText(str(file))
    calls = [dialog.file.call.itemText(n) for n in range(dialog.file.call.count())]
    assert calls == ["Net()", "Other()"]
    dialog.file.call.setEditText("Net(3)")
    dialog.ask()
    assert wanted[0].text == f"{file}:Net(3)"
    assert not mark.exists()


@pytest.mark.parametrize(("path", "said"), [("", "Name a file"), ("nothing.py", "no file")])
def test_a_file_that_is_not_there_is_said(
    dialog: OpenDialog, wanted: list[OpenRequest], path: str, said: str
) -> None:
    dialog.pages.setCurrentWidget(dialog.file)
    dialog.file.path.setText(path)
    dialog.ask()
    assert said in dialog.said.text()
    assert wanted == []


def test_layers_are_checked_while_typing(
    dialog: OpenDialog, wanted: list[OpenRequest], qtbot: QtBot
) -> None:
    page = dialog.expression
    dialog.pages.setCurrentWidget(page)
    page.text.setPlainText("Sequential(Linear(4, 2)")
    qtbot.waitUntil(lambda: bool(page.said.text()) and "can be read" not in page.said.text())
    dialog.ask()
    assert wanted == []
    page.text.setPlainText("Sequential(nn.Linear(4, 2))")
    qtbot.waitUntil(lambda: "can be read" in page.said.text())
    dialog.ask()
    assert wanted[0].text == "Sequential(Linear(4, 2))"


BEFORE_TORCH = """
import sys, threading, time

class Held:
    "Holds the import of torch up, and notes who asked for it."
    on_gui_thread, goes_on = False, threading.Event()

    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            if threading.current_thread() is threading.main_thread():
                Held.on_gui_thread = True
            else:
                assert Held.goes_on.wait(60)

sys.meta_path.insert(0, Held())

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication
from app.dialogs.open_model import OpenDialog
from app.jobs import Jobs

application, jobs, wanted = QApplication([]), Jobs(), []
dialog = OpenDialog(jobs)
dialog.wanted.connect(wanted.append)
dialog.show()
print(dialog.isVisible(), not dialog.zoo.waiting.isHidden())
dialog.ask()
print(dialog.said.text())
dialog.pages.setCurrentWidget(dialog.expression)
dialog.input.setText("1,784")
dialog.ask()
print(dialog.said.text(), dialog.opens.isEnabled())
Held.goes_on.set()
while not wanted:
    QCoreApplication.processEvents()
    time.sleep(0.01)
print(Held.on_gui_thread, wanted[0].text.startswith("Sequential("), *map(str, wanted[0].inputs))
jobs.cancel_all()
jobs.wait_all(60)
"""


def test_before_pytorch_is_loaded_the_sheet_is_there_and_waits_without_standing_still() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_TORCH], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True True",
        "The models are still being read; choose one in a moment.",
        "Opening as soon as PyTorch is loaded… False",
        "False True 1,784",
    ]


def test_a_sheet_that_is_closed_is_not_filled_any_more(jobs: Jobs, qtbot: QtBot) -> None:
    made = OpenDialog(jobs)
    made.show()
    made.reject()
    assert made.zoo.reading.cancelled()
    qtbot.waitUntil(lambda: not jobs.running, timeout=30_000)


def test_numbers_are_sorted_as_numbers_and_unknown_ones_come_last(qapp: object) -> None:
    model = ZooModel()
    tester = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Fatal, model
    )
    model.show_models(models())
    for column in range(model.columnCount()):
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            model.sort(column, order)
    model.sort(2, Qt.SortOrder.DescendingOrder)
    counts = [each.parameters for each in model.entries]
    known = [each for each in counts if each is not None]
    assert known == sorted(known, reverse=True)
    assert all(each is None for each in counts[len(known) :])
    model.show_only("segmentation")
    assert 3 < model.rowCount() < 20
    del tester
