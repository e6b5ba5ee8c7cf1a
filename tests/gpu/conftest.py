"""Tests that need a GPU: skipped, and said, on a machine that has none."""

from pathlib import Path

import pytest
import torch

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if torch.cuda.is_available():
        return
    skip = pytest.mark.skip(reason="there is no CUDA device here")
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(skip)
