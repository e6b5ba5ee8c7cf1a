"""What every test stands on: no screen, no network, one thread of arithmetic."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Whoever runs the tests may have blocks of their own: here there are none.
os.environ["MODELWRIGHT_BLOCKS"] = str(Path(tempfile.gettempdir()) / "modelwright-no-blocks")
# Tests run side by side, and threads that wait for each other in a busy loop cost five times what
# they compute. Processes that tests start take it over.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest
import torch

# A first example builds models and fills caches; machines are noisy. No test is timed.
hypothesis.settings.register_profile("modelwright", deadline=None, max_examples=50)
hypothesis.settings.load_profile("modelwright")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Random weights are the same in every run of a test."""
    torch.manual_seed(0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason="there is no CUDA device here")
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _gpus(request: pytest.FixtureRequest) -> Iterator[None]:
    """Test everywhere as on a machine without GPUs, but for what is marked to need one.

    Those have it one after the other: some fill its memory.
    """
    if request.node.get_closest_marker("gpu"):
        with open(Path(tempfile.gettempdir()) / "modelwright-gpu.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        patch.setattr(torch.cuda, "device_count", lambda: 0)
        yield


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of the user's own blocks."""
    from core.catalog.layers import changed

    monkeypatch.setenv("MODELWRIGHT_BLOCKS", str(tmp_path / "shelf"))
    changed()
    yield tmp_path / "shelf"
    monkeypatch.undo()
    changed()
