"""Where a model goes: devices with what they have free, code for any machine, and trying it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torchvision.models import squeezenet1_1

import core
from app.dialogs.load import LoadSheet
from core.document import InputSpec
from core.errors import Cancelled, PlacementError
from core.placement import Device
from tests.app.checkpoints.conftest import Desktop
from tests.core.checkpoint.test_match import trained

GB = 10**9
CPU = Device("cpu", "a processor", 16 * GB, 8 * GB)
GPUS = (
    CPU,
    Device("cuda:0", "Big GPU", 80 * GB, 70 * GB, "GPU-a"),
    Device("cuda:1", "Small GPU", 2 * GB, 1_000_000, "GPU-b"),
    Device("", "Hidden GPU", 80 * GB, 70 * GB, "GPU-c", hidden=True),
)


@pytest.fixture
def placed(desktop: Desktop, written: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def place(devices: tuple[Device, ...]) -> LoadSheet:
        monkeypatch.setattr(core, "devices", lambda: devices, raising=False)
        net = trained(squeezenet1_1(num_classes=3))
        desktop.opens(squeezenet1_1(num_classes=3), (InputSpec(shape=(1, 3, 64, 64)),))
        sheet = desktop.drops(written({"model": torch.nn.DataParallel(net).state_dict()}))
        sheet.pages.setCurrentWidget(sheet.place)
        desktop.idles()
        return sheet

    return place


def test_each_device_says_whether_the_model_fits(placed: Any) -> None:
    place = placed(GPUS).place
    told = [row.verdict.text() for row in place.rows]
    assert told[0].startswith("fits")
    assert told[1].startswith("fits")
    assert told[2].startswith("does not fit")
    assert not place.rows[3].box.isEnabled()
    assert "CUDA_VISIBLE_DEVICES" in place.rows[3].box.toolTip()
    assert "free of" in place.rows[1].bar.text()


def test_training_needs_more_than_running(placed: Any, desktop: Desktop) -> None:
    place = placed(GPUS).place
    before = place.need.text()
    place.use.setCurrentIndex(place.use.findData("adamw"))
    place.use.activated.emit(place.use.currentIndex())
    desktop.idles()
    assert "optimizer" in place.need.text()
    assert "gradients" in place.need.text()
    assert place.need.text() != before


def test_code_follows_the_place_and_the_ticks(placed: Any) -> None:
    place = placed(GPUS).place
    assert 'weights_only=True)["model"]' in place.code.code()
    assert "squeezenet1_1(num_classes=3)" in place.code.code()
    assert 'removeprefix("module.")' in place.code.code()
    place.radios["dp"].click()
    assert 'CUDA_VISIBLE_DEVICES"] = "0,1"' in place.code.code()
    assert "DataParallel" in place.code.code()
    place.rows[1].box.click()
    assert 'CUDA_VISIBLE_DEVICES"] = "1"' in place.code.code()
    place.radios["ddp"].click()
    assert "torchrun" in place.code.code()
    compile(place.code.code(), "code", "exec")


def test_without_a_gpu_the_code_is_had_by_typing_numbers(placed: Any) -> None:
    place = placed((CPU,)).place
    assert "no GPU" in place.hint.text()
    place.radios["dp"].click()
    place.typed.setText("2,3")
    assert 'CUDA_VISIBLE_DEVICES"] = "2,3"' in place.code.code()
    assert not place.try_it.isEnabled()
    assert "not on this machine" in place.try_it.toolTip()
    place.radios["cpu"].click()
    assert place.try_it.isEnabled()


def test_one_forward_is_run_there(placed: Any, desktop: Desktop) -> None:
    place = placed((CPU,)).place
    place.try_it.click()
    desktop.waits(lambda: place._trying is None)
    assert place.tried.tone == "good"
    assert "(1, 3)" in place.tried.text()


@pytest.mark.parametrize("by", ["the button", "closing"])
def test_a_forward_that_takes_too_long_is_stopped(
    by: str, placed: Any, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = placed((CPU,))
    stopped = threading.Event()

    def waits(*_: Any, cancelled: Callable[[], bool]) -> None:
        while not cancelled():
            time.sleep(0.01)
        stopped.set()
        raise Cancelled("Trying the model was stopped.")

    monkeypatch.setattr(core, "try_forward", waits, raising=False)
    sheet.place.try_it.click()
    assert "Stop" in sheet.place.try_it.text()
    assert "Running" in sheet.place.tried.text()
    if by == "closing":
        sheet.reject()
    else:
        sheet.place.try_it.click()
        assert "Stopped" in sheet.place.tried.text()
        assert "Run" in sheet.place.try_it.text()
        assert sheet.place.try_it.isEnabled()
    desktop.waits(stopped.is_set)
    desktop.idles()


@pytest.mark.parametrize("why", ["its memory ran out", "the GPU fell off the bus"])
def test_a_gpu_that_runs_out_or_vanishes_is_said_and_the_model_stays(
    why: str, placed: Any, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = placed(GPUS).place
    before = desktop.document

    def fails(*_: Any, **__: Any) -> None:
        raise PlacementError(f"The model does not run on cuda:0: {why}.")

    monkeypatch.setattr(core, "try_forward", fails, raising=False)
    place.radios["cuda"].click()
    place.rows[2].box.click()
    place.try_it.click()
    desktop.waits(lambda: place._trying is None)
    assert why in place.tried.text()
    assert place.tried.tone == "problem"
    assert desktop.document is before


@pytest.mark.gpu
def test_a_real_gpu_runs_the_model(desktop: Desktop, written: Any) -> None:
    net = squeezenet1_1(num_classes=3)
    desktop.opens(net, (InputSpec(shape=(1, 3, 64, 64)),))
    sheet = desktop.drops(written(net.state_dict()))
    sheet.pages.setCurrentWidget(sheet.place)
    desktop.idles()
    sheet.place.radios["cuda"].click()
    sheet.place.try_it.click()
    desktop.waits(lambda: sheet.place._trying is None)
    assert "cuda" in sheet.place.tried.text()


@pytest.mark.gpu
def test_a_real_gpu_that_runs_out_of_memory_leaves_the_model(
    desktop: Desktop, written: Any
) -> None:
    net = squeezenet1_1(num_classes=3)
    desktop.opens(net, (InputSpec(shape=(1, 3, 64, 64)),))
    sheet = desktop.drops(written(net.state_dict()))
    sheet.pages.setCurrentWidget(sheet.place)
    desktop.idles()
    before = desktop.document
    free = torch.cuda.mem_get_info(0)[0]
    taken = torch.empty(free - (200 << 20), dtype=torch.uint8, device="cuda")
    sheet.place.radios["cuda"].click()
    sheet.place.try_it.click()
    desktop.waits(lambda: sheet.place._trying is None)
    del taken
    torch.cuda.empty_cache()
    assert sheet.place.tried.tone == "problem"
    assert "memory" in sheet.place.tried.text()
    assert desktop.document is before
    sheet.place.try_it.click()
    desktop.waits(lambda: sheet.place._trying is None)
    assert sheet.place.tried.tone == "good"
