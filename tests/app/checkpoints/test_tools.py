"""Comparing, converting, exploring: each through its window, held against plain PyTorch."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from safetensors.torch import load_file

from app.dialogs.compare import CompareSheet
from app.dialogs.convert import ConvertSheet
from app.dialogs.load import LoadSheet
from app.explorer import ExplorerWindow
from tests.app.checkpoints.conftest import Desktop
from tests.core.checkpoint.test_match import Net, prefixed, trained


def compared(desktop: Desktop) -> CompareSheet:
    desktop.window.commands.checkpoints.compare()
    return desktop.window.findChildren(CompareSheet)[-1]


def compares(desktop: Desktop, sheet: CompareSheet) -> None:
    sheet.compare.click()
    desktop.waits(lambda: sheet.job is None)


def test_two_files_that_differ(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    other = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    other["fc.weight"] += 1
    del other["fc.bias"]
    sheet = compared(desktop)
    sheet.before.setText(str(written(net.state_dict(), "a.pth")))
    sheet.after.setText(str(written(other, "b.pth")))
    compares(desktop, sheet)
    assert sheet.said.text().startswith(f"2 of {len(net.state_dict())} tensors differ")
    model = sheet.model
    whole = model.node(model.index(0, 0))
    parts = {child.name: child for child in whole.children}
    assert set(parts) == {"fc"}
    assert parts["fc"].difference is not None
    torch.testing.assert_close(parts["fc"].difference.change, 40**0.5)
    sheet.only.setChecked(False)
    whole = model.node(model.index(0, 0))
    assert {"fc", "features"} <= {child.name for child in whole.children}
    sheet.reject()


def test_a_file_and_the_open_model(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    desktop.opens(net)
    sheet = compared(desktop)
    sheet.before.setText(str(written(net.state_dict())))
    assert not sheet.compare.isEnabled()
    sheet.use_model.click()
    compares(desktop, sheet)
    assert sheet.said.tone == "good"
    assert "are the same" in sheet.said.text()
    sheet.reject()


@pytest.mark.parametrize("bad", ["nothing.pth", "text.pth"])
def test_what_cannot_be_read_is_said(bad: str, desktop: Desktop, tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("hello")
    sheet = compared(desktop)
    sheet.before.setText(str(tmp_path / bad))
    sheet.after.setText(str(tmp_path / bad))
    compares(desktop, sheet)
    assert sheet.said.tone == "problem"
    assert bad in sheet.said.text()
    sheet.reject()


def converting(desktop: Desktop, *paths: Path) -> ConvertSheet:
    desktop.window.commands.checkpoints.convert(list(paths))
    return desktop.window.findChildren(ConvertSheet)[-1]


def choose(box: Any, data: object) -> None:
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())


def test_a_queue_is_worked_through_and_failures_are_told(
    desktop: Desktop, tmp_path: Path, written: Any
) -> None:
    net = trained(Net())
    good = written(prefixed("module.", net), "good.pth")
    bad = tmp_path / "bad.pth"
    bad.write_text("hello")
    sheet = converting(desktop, good, bad, good)
    assert len(sheet.model.items) == 2
    choose(sheet.prefix, "strip")
    sheet.go.click()
    desktop.waits(lambda: sheet.job is None)
    assert [item.where for item in sheet.model.items] == ["done", "failed"]
    assert "bad.pth" in sheet.model.items[1].said
    found = load_file(tmp_path / "good.safetensors")
    for name, tensor in net.state_dict().items():
        assert torch.equal(found[name], tensor)
    sheet.reject()


def test_nothing_is_written_over_unasked(desktop: Desktop, tmp_path: Path, written: Any) -> None:
    file = written(trained(Net()).state_dict(), "net.pth")
    (tmp_path / "net.safetensors").write_text("precious")
    sheet = converting(desktop, file)
    sheet.go.click()
    desktop.waits(lambda: sheet.job is None)
    assert sheet.model.items[0].where == "failed"
    assert (tmp_path / "net.safetensors").read_text() == "precious"
    sheet.overwrite.setChecked(True)
    sheet.go.click()
    desktop.waits(lambda: sheet.job is None)
    assert sheet.model.items[0].where == "done"
    assert load_file(tmp_path / "net.safetensors")
    sheet.reject()


def test_a_file_is_never_converted_onto_itself(
    desktop: Desktop, tmp_path: Path, written: Any
) -> None:
    net = trained(Net())
    file = written(net.state_dict(), "net.pth")
    before = file.read_bytes()
    sheet = converting(desktop, file)
    choose(sheet.format, ".pth")
    choose(sheet.dtype, "float16")
    assert sheet.model.items[0].target.name == "net_float16.pth"
    sheet.go.click()
    desktop.waits(lambda: sheet.job is None)
    assert file.read_bytes() == before
    found = torch.load(tmp_path / "net_float16.pth", weights_only=True)
    assert torch.equal(found["fc.weight"], net.state_dict()["fc.weight"].half())
    sheet.reject()


def explored(desktop: Desktop, path: Path) -> ExplorerWindow:
    desktop.window.commands.checkpoints.explore(path)
    window = desktop.window.findChildren(ExplorerWindow)[-1]
    desktop.waits(lambda: window._job is None)
    return window


def test_a_tensor_is_looked_at(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    window = explored(desktop, written({"model": net.state_dict(), "epoch": 3}))
    window.select("model.features.0.weight")
    desktop.idles()
    facts = window.details.facts.facts()
    weight = net.state_dict()["features.0.weight"]
    assert facts["Shape"] == "4×3×3×3"
    assert facts["Values"] == "108"
    low, _, high = facts["Range"].partition(" to ")
    assert float(low) == pytest.approx(weight.min().item(), rel=1e-3)
    assert float(high) == pytest.approx(weight.max().item(), rel=1e-3)
    assert sum(window.details.histogram.counts) == 108
    assert not window.details.picture.isHidden()
    window.details.copy_name.click()
    assert QGuiApplication.clipboard().text() == "model.features.0.weight"
    window.close()


def test_the_copied_code_reads_the_tensor(
    desktop: Desktop, written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save_file

    net = trained(Net())
    monkeypatch.chdir(tmp_path)
    save_file(dict(net.state_dict()), tmp_path / "net.safetensors")
    files = {
        written(net.state_dict(), "plain.pth"): "fc.weight",
        written({"state": {"model": net.state_dict()}}, "nested.pth"): "state.model.fc.weight",
        tmp_path / "net.safetensors": "fc.weight",
    }
    for file, name in files.items():
        window = explored(desktop, file)
        window.select(name)
        window.details.copy_code.click()
        names: dict[str, Any] = {}
        exec(QGuiApplication.clipboard().text(), names)
        assert torch.equal(names["tensor"], net.state_dict()["fc.weight"])
        window.close()


def test_the_treemap_selects_and_is_as_large_as_the_bytes(desktop: Desktop, written: Any) -> None:
    window = explored(desktop, written({"big": torch.zeros(300), "small": torch.zeros(100)}))
    areas = {node.name: rect.width() * rect.height() for rect, node, _ in window.treemap._boxes}
    assert areas["big"] / areas["small"] == pytest.approx(3, rel=0.01)
    rect = next(rect for rect, node, _ in window.treemap._boxes if node.name == "small")
    node = window.treemap.node_at(QPointF(rect.center()))
    assert node is not None
    window.treemap.chosen.emit(node.path)
    assert window.details.title.text() == "small"
    window.close()


def test_the_search_keeps_what_holds_every_word(desktop: Desktop, written: Any) -> None:
    window = explored(desktop, written(trained(Net()).state_dict()))
    window.search.setText("features running")
    found = [node.path for node in window.model.root.walk() if node.tensor is not None]
    assert found == ["features.1.running_mean", "features.1.running_var"]
    window.close()


def test_values_that_are_not_finite_are_said(desktop: Desktop, written: Any) -> None:
    window = explored(desktop, written({"w": torch.tensor([1.0, float("nan"), float("inf")])}))
    window.select("w")
    desktop.idles()
    assert window.details.said.text() == "NaN: 1, infinite: 1."
    window.close()


def test_from_the_explorer_into_the_model(desktop: Desktop, written: Any) -> None:
    net = trained(Net())
    desktop.opens(Net())
    window = explored(desktop, written(net.state_dict()))
    window.load.click()
    desktop.waits(lambda: desktop.window.findChildren(LoadSheet))
    desktop.loads(desktop.sheet())
    desktop.holds(net)
    window.close()


def test_a_bad_file_is_said_in_the_explorer(desktop: Desktop, tmp_path: Path) -> None:
    (tmp_path / "bad.pth").write_bytes(b"")
    window = explored(desktop, tmp_path / "bad.pth")
    assert window.said.tone == "problem"
    assert "is empty" in window.said.text()
    assert not window.load.isEnabled()
    window.close()


def test_esc_closes_the_explorer(desktop: Desktop, written: Any, qtbot: Any) -> None:
    window = explored(desktop, written({"w": torch.ones(2)}))
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
