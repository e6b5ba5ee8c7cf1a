"""What every test stands on: no screen, no network, one thread of arithmetic."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
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
