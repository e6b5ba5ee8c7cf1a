"""What a first user of the sheets ran into."""

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

import core
from app import theme
from app.dialogs.compare import CompareSheet
from app.dialogs.convert import ConvertSheet
from app.dialogs.load import LoadSheet
from app.dialogs.load.conditions import ConditionRow
from app.explorer import ExplorerWindow
from app.parts import ToneLabel
from tests.app.checkpoints.conftest import Desktop
from tests.core.checkpoint.test_match import Net, trained


class Held:
    """A function that waits until it may go on."""

    def __init__(self, function: Any) -> None:
        self.function, self.gate, self.calls = function, threading.Event(), 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        assert self.gate.wait(30)
        return self.function(*args, **kwargs)


# The plan


def test_nothing_is_loaded_while_an_answer_is_worked_out(
    desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = trained(Net(classes=4))
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written({f"module.{n}": t for n, t in net.state_dict().items()}))
    desktop.idles()
    assert sheet.load.isEnabled()
    held = Held(core.match)
    monkeypatch.setattr(core, "match", held, raising=False)
    sheet.case.choose("keep=prefix", "keep=prefix")
    assert not sheet.load.isEnabled()
    sheet.case.load(True, False)
    assert sheet.case.loading is None
    held.gate.set()
    desktop.idles()
    assert not sheet.case.matching
    assert sheet.case.plan is None or "keep=prefix" in sheet.case.choices
    sheet.reject()


def test_values_that_cannot_be_compared_leave_the_sheet_at_rest(
    desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Any) -> Any:
        raise core.errors.CheckpointError("gone")

    monkeypatch.setattr(core, "doubts", fails, raising=False)
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written(trained(Net(classes=4)).state_dict()))
    desktop.idles()
    assert not sheet.case.working
    assert sheet.load.isEnabled()
    sheet.reject()


# Pairing by keyboard


def press(desktop: Desktop, sheet: LoadSheet, name: str, *keys: Any) -> None:
    """Go to a row and press keys there."""
    table = sheet.match.table
    table.setFocus()
    desktop.waits(table.hasFocus)
    table.selectRow(sheet.match.model.row_of(name))
    QTest.keyClick(table, *keys)


def test_a_tensor_is_copied_and_pasted_onto_its_partner(desktop: Desktop, written: Any) -> None:
    net = trained(Net(classes=4))
    desktop.opens(Net(classes=4))
    state = {n: t for n, t in net.state_dict().items() if not n.startswith("fc.")}
    sheet = desktop.drops(written({**state, "odd": net.fc.weight, "odder": net.fc.bias}))
    control = Qt.KeyboardModifier.ControlModifier
    for stored, name in (("odd", "fc.weight"), ("odder", "fc.bias")):
        press(desktop, sheet, stored, Qt.Key.Key_C, control)
        assert QGuiApplication.clipboard().text() == stored
        press(desktop, sheet, name, Qt.Key.Key_V, control)
        desktop.idles()
        assert sheet.case.pairs[name] == stored
    desktop.loads(sheet)
    desktop.holds(net)


def test_what_is_missing_can_be_left_and_what_is_unexpected_left_out(
    desktop: Desktop, written: Any
) -> None:
    net = trained(Net(classes=4))
    desktop.opens(Net(classes=4))
    before = {n: t.clone() for n, t in desktop.document.state_dict().items()}
    state = {n: t for n, t in net.state_dict().items() if n != "fc.bias"}
    sheet = desktop.drops(written({**state, "more": torch.zeros(7, 7, 7, 7, 7)}))
    assert not sheet.load.isEnabled()
    for name in ("fc.bias", "more"):
        press(desktop, sheet, name, Qt.Key.Key_Delete)
        desktop.idles()
    desktop.loads(sheet)
    desktop.holds({**net.state_dict(), "fc.bias": before["fc.bias"]})


def test_the_row_after_one_that_fits_now_is_selected(desktop: Desktop, written: Any) -> None:
    net = trained(Net(classes=4))
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written({"a": torch.ones(9), "b": torch.ones(8), **net.state_dict()}))
    press(desktop, sheet, "a", Qt.Key.Key_Delete)
    desktop.idles()
    assert sheet.match.table.current is not None
    assert sheet.match.table.current.stored == "b"
    sheet.reject()


def test_a_filter_keeps_the_selection(desktop: Desktop, written: Any) -> None:
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written(trained(Net(classes=4)).state_dict()))
    sheet.match.table.selectRow(sheet.match.model.row_of("fc.bias"))
    sheet.match.filter.setText("fc")
    assert sheet.match.table.current is not None
    assert sheet.match.table.current.name == "fc.bias"
    sheet.reject()


def test_no_two_buttons_of_the_step_have_the_same_letter(desktop: Desktop) -> None:
    sheet = LoadSheet(desktop.window.desk.state, desktop.window.jobs, desktop.window)
    texts = [sheet.match.pair, sheet.match.forget, sheet.browse, sheet.folder, sheet.load]
    letters = [each.text().partition("&")[2][0].lower() for each in texts]
    assert len(set(letters)) == len(letters)
    sheet.close()


# What is said


def test_a_file_without_weights_is_not_said_to_want_a_model(desktop: Desktop, written: Any) -> None:
    sheet = desktop.drops(written({"lr": 0.1}))
    assert sheet.verdict.text() == "Nothing in this file can be loaded into a model."
    assert not sheet.file.models.said.text()
    sheet.reject()


def test_one_tensor_keeps_its_values_in_the_singular(desktop: Desktop, written: Any) -> None:
    net = trained(Net(classes=4))
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written({n: t for n, t in net.state_dict().items() if n != "fc.bias"}))
    assert "One keeps the values it has now: fc.bias." in sheet.verdict.text()
    sheet.reject()


def test_tones_follow_the_theme_while_a_sheet_is_open(desktop: Desktop, written: Any) -> None:
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written({"model": trained(Net(classes=4)).state_dict()}))
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    try:
        seen = set()
        for which in ("light", "dark"):
            theme.apply(application, which)  # type: ignore[arg-type]
            application.processEvents()
            row = sheet.match.conditions.findChildren(ConditionRow)[0]
            head = row.findChildren(ToneLabel)[0]
            colour = head.palette().color(QPalette.ColorRole.WindowText)
            assert colour == theme.tone("good")
            seen.add(colour.name())
        assert len(seen) == 2
    finally:
        theme.apply(application, "light")
        sheet.reject()


# Places


def test_a_number_that_is_typed_twice_counts_once(desktop: Desktop, written: Any) -> None:
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written(trained(Net(classes=4)).state_dict()))
    desktop.idles()
    sheet.place.radios["dp"].click()
    sheet.place.typed.setText("1,1")
    desktop.idles()
    assert sheet.place.gpus == (1,)
    assert '"CUDA_VISIBLE_DEVICES"] = "1"' in sheet.place.code.code()
    sheet.place.radios["ddp"].click()
    sheet.place.typed.setText("2,3")
    assert "CUDA_VISIBLE_DEVICES=2,3 torchrun" in sheet.place.code.code()
    desktop.idles()
    sheet.reject()


def test_the_need_is_worked_out_again_where_a_batch_is_shared_out(
    desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    outlooks = core.outlooks

    def noted(*args: Any, parts: int = 1, **kwargs: Any) -> Any:
        asked.append(parts)
        return outlooks(*args, parts=parts, **kwargs)

    monkeypatch.setattr(core, "outlooks", noted, raising=False)
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written(trained(Net(classes=4)).state_dict()))
    desktop.idles()
    sheet.place.typed.setText("0,1,2")
    sheet.place.radios["dp"].click()
    desktop.idles()
    assert asked[-1] == 3
    sheet.place.radios["cpu"].click()
    desktop.idles()
    assert asked[-1] == 1
    sheet.reject()


def test_a_prefix_that_was_taken_away_is_taken_away_by_the_code_too(
    desktop: Desktop, written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = trained(Net(classes=4))
    desktop.opens(Net(classes=4))
    path = written({"state_dict": {f"net.{n}": t for n, t in net.state_dict().items()}})
    sheet = desktop.drops(path)
    desktop.idles()
    code = sheet.place.code.code().splitlines()
    first = next(n for n, line in enumerate(code) if line.startswith("state = "))
    last = next(n for n, line in enumerate(code) if line.startswith("model.load_state_dict"))
    model = Net(classes=4)
    monkeypatch.chdir(tmp_path)
    exec("\n".join(code[first : last + 1]), {"torch": torch, "model": model})
    for name, tensor in net.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor)
    sheet.reject()


# Folders


def test_a_folder_is_chosen_with_a_button_of_its_own(
    desktop: Desktop, written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch.distributed.checkpoint as dcp

    net = trained(Net(classes=4))
    with pytest.warns(UserWarning, match="single process"):
        dcp.save({"model": net.state_dict()}, checkpoint_id=str(tmp_path / "run"), no_dist=True)
    desktop.opens(Net(classes=4))
    sheet = desktop.drops(written({"lr": 0.1}))
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "run"), raising=True
    )
    sheet.folder.click()
    desktop.waits(lambda: sheet.case.plan is not None and not sheet.case.working)
    desktop.loads(sheet)
    desktop.holds(net)


# The explorer


def explored(desktop: Desktop, path: Path) -> ExplorerWindow:
    desktop.window.commands.checkpoints.explore(path)
    window = desktop.window.findChildren(ExplorerWindow)[-1]
    desktop.waits(lambda: window.contents is not None)
    return window


def test_an_explorer_that_a_sheet_opened_is_not_blocked_by_it(
    desktop: Desktop, written: Any
) -> None:
    sheet = desktop.drops(written(trained(Net()).state_dict()))
    sheet.file.explore.click()
    window = desktop.window.findChildren(ExplorerWindow)[-1]
    desktop.waits(lambda: window.contents is not None)
    window.select("fc.weight")
    desktop.idles()
    button = window.details.copy_name
    at = button.mapTo(window, button.rect().center())
    QTest.mouseClick(
        window.windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at
    )
    desktop.waits(lambda: QGuiApplication.clipboard().text() == "fc.weight")
    window.close()
    sheet.reject()


def test_going_through_a_tree_reads_one_tensor_at_a_time(
    desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = explored(desktop, written({name: torch.full((3,), at) for at, name in
                                        enumerate("abcdef", 1)}))  # fmt: skip
    desktop.idles()  # the first tensor is looked at by itself
    held = Held(core.tensor_of)
    monkeypatch.setattr(core, "tensor_of", held, raising=False)
    for name in "bcdef":
        window.select(name)
    assert window.details.said.text() == "Reading…"
    held.gate.set()
    desktop.idles()
    assert held.calls == 2
    assert window.details.facts.facts()["Range"] == "6 to 6"
    assert not window.details.said.text()
    window.close()


def test_names_of_a_thousand_parts_and_of_none_are_shown(desktop: Desktop, written: Any) -> None:
    deep = "a." * 3000 + "w"
    window = explored(
        desktop, written({deep: torch.ones(2), "": torch.zeros(2), ".c": torch.ones(1)})
    )
    for name in (deep, "", ".c"):
        assert window.model.node(window.model.index_of(name)).tensor is not None
    window.close()
    sheet = desktop.drops(written({deep: torch.ones(2)}, "deep.pth"))
    assert "unknown model" in sheet.sentence.text()
    sheet.reject()


# Comparing and converting


def test_names_of_a_thousand_parts_are_compared(desktop: Desktop, written: Any) -> None:
    one = written({"a." * 3000 + "w": torch.ones(2)}, "one.pth")
    other = written({"a." * 3000 + "w": torch.zeros(2)}, "other.pth")
    sheet = compared(desktop)
    sheet.before.setText(str(one))
    sheet.after.setText(str(other))
    sheet.compare.click()
    desktop.waits(lambda: sheet.job is None)
    assert sheet.said.text().startswith("1 of 1 tensors differ; the norm")
    sheet.reject()


def test_a_file_goes_into_the_field_it_is_dropped_on(desktop: Desktop, written: Any) -> None:
    file, sheet = written({"w": torch.ones(2)}), compared(desktop)
    sheet.show()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    assert not sheet.after.acceptDrops()
    at = QPointF(sheet.after.geometry().center())
    sheet.dropEvent(
        QDropEvent(
            at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )  # fmt: skip
    assert sheet.after.text() == str(file)
    assert not sheet.before.text()
    sheet.reject()


def compared(desktop: Desktop) -> CompareSheet:
    desktop.window.commands.checkpoints.compare()
    return desktop.window.findChildren(CompareSheet)[-1]


def test_no_two_files_become_the_same_one(desktop: Desktop, written: Any, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, two = written({"w": torch.ones(2)}, "net.pth"), written({"w": torch.zeros(2)}, "net.pt")
    three = written({"w": torch.full((2,), 3.0)}, "other/net.pth")
    desktop.window.commands.checkpoints.convert([one, two, three])
    sheet = desktop.window.findChildren(ConvertSheet)[-1]
    sheet.folder.setText(str(tmp_path / "out"))
    (tmp_path / "out").mkdir()
    sheet.overwrite.setChecked(True)
    sheet.go.click()
    desktop.waits(lambda: sheet.job is None)
    assert [item.where for item in sheet.model.items] == ["done"] * 3
    names = [item.target.name for item in sheet.model.items]
    assert names == ["net.safetensors", "net_2.safetensors", "net_3.safetensors"]
    assert len(list((tmp_path / "out").iterdir())) == 3
    sheet.reject()


def test_a_file_that_waits_is_not_written_over(desktop: Desktop, written: Any) -> None:
    one = written({"w": torch.ones(2)}, "net.pth")
    two = written({"w": torch.zeros(2)}, "net.pt")
    desktop.window.commands.checkpoints.convert([one, two])
    sheet = desktop.window.findChildren(ConvertSheet)[-1]
    sheet.format.setCurrentIndex(sheet.format.findData(".pt"))
    sheet.format.activated.emit(sheet.format.currentIndex())
    assert [item.target.name for item in sheet.model.items] == ["net_2.pt", "net_converted.pt"]
    sheet.reject()


def test_a_whole_model_that_went_away_is_told_in_a_sentence(
    desktop: Desktop, tmp_path: Path
) -> None:
    said: list[str] = []
    desktop.window.jobs.refused.connect(said.append)
    desktop.window.commands.checkpoints.ask_allowance(str(tmp_path / "gone.pth"), lambda **_: None)
    desktop.waits(lambda: said)
    assert "gone.pth" in said[0]
