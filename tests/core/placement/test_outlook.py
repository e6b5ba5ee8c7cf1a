"""Rows for devices that are made up: what is needed, whether it fits, and the sentence why."""

import re

import pytest
from torch import nn

from core.document import Document, InputSpec
from core.errors import PlacementError
from core.placement import Device, need, outlooks, verdict

GB = 10**9


@pytest.fixture(scope="module")
def document() -> Document:
    layers = nn.Sequential(nn.Linear(64, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU())
    return Document.of(layers, (InputSpec(shape=(1, 64)),))


def gpu(free: int | None, name: str = "cuda:0", hidden: bool = False) -> Device:
    return Device(name, "made up", free, free, hidden=hidden)


def test_a_row_for_each_device_with_what_need_and_verdict_say(document: Document) -> None:
    there = [Device("cpu", "a CPU", 8 * GB, 8 * GB), gpu(80 * GB), gpu(10), gpu(None)]
    rows = outlooks(document, there, optimizer="adam", batch=32)
    needed = need(document, optimizer="adam", batch=32)
    assert [row.device for row in rows] == there
    assert all(row.need == needed for row in rows)
    assert [row.verdict for row in rows] == [verdict(needed, each) for each in there]
    assert [row.verdict for row in rows] == ["fits", "fits", "does not fit", "unknown"]
    assert "of 74.5 GB that are free" in rows[1].sentence
    assert "most of it for the optimizer's state" in rows[1].sentence
    assert "the device does not say" in rows[3].sentence


def test_the_batch_that_is_said_to_fit_fits(document: Document) -> None:
    fixed = need(document, optimizer="sgd").total
    there = gpu(fixed + 2 * GB)
    (row,) = outlooks(document, [there], optimizer="sgd", batch=60_000)
    assert row.verdict == "does not fit"
    found = re.search(r"A batch of ([\d,]+) instead of 60,000 would fit", row.sentence)
    assert found, row.sentence
    smaller = int(found[1].replace(",", ""))
    assert outlooks(document, [there], optimizer="sgd", batch=smaller)[0].verdict == "fits"
    assert outlooks(document, [there], optimizer="sgd", batch=2 * smaller)[0].verdict != "fits"


def test_where_no_batch_fits_it_says_so(document: Document) -> None:
    (row,) = outlooks(document, [gpu(GB // 10)], optimizer="adam", batch=8)
    assert row.verdict == "does not fit"
    assert "Without any sample it takes" in row.sentence
    assert "476.8 MB for CUDA" in row.sentence
    (cpu,) = outlooks(document, [Device("cpu", "", 1, 1000)], optimizer="adam")
    assert "for CUDA" not in cpu.sentence


def test_what_is_tight_is_said_to_be_an_estimate(document: Document) -> None:
    needed = need(document, batch=64)
    (row,) = outlooks(document, [Device("cpu", "", None, needed.total + 1000)], batch=64)
    assert row.verdict == "tight"
    assert "that is an estimate" in row.sentence


def test_a_hidden_gpu_is_told_with_the_reason(document: Document) -> None:
    (row,) = outlooks(document, [gpu(80 * GB, "", hidden=True)])
    assert row.verdict == "fits"
    assert row.sentence.endswith("CUDA_VISIBLE_DEVICES hides it from PyTorch.")


def test_several_devices_share_the_batch(document: Document) -> None:
    (one,) = outlooks(document, [gpu(80 * GB)], optimizer="sgd", batch=64)
    (half,) = outlooks(document, [gpu(80 * GB)], optimizer="sgd", batch=64, parts=2)
    assert half.need.activations * 2 == one.need.activations
    assert half.need.parameters == one.need.parameters


def test_an_optimizer_nobody_knows_is_refused(document: Document) -> None:
    with pytest.raises(PlacementError, match="'sofia' is no optimizer"):
        outlooks(document, [gpu(GB)], optimizer="sofia")
