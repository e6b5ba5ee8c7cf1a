"""Files that plain PyTorch wrote on a machine with a GPU, of tensors that were there.

``cuda_training.pth`` is a DataParallel's state dict with Adam's, ``cuda_whole.pth`` that model,
``cuda_legacy.pth`` the model inside as before 1.6, and ``values.pth`` the same moved to the CPU.
"""

from pathlib import Path

import pytest
import torch
from torch import nn

from core.checkpoint import load, match
from core.document import Document
from core.files import in_a_sentence, read_contents
from core.source import open_source

FOLDER = Path(__file__).parent / "from_a_gpu"


@pytest.fixture
def values() -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(FOLDER / "values.pth")
    return found


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def equal(document: Document, values: dict[str, torch.Tensor]) -> None:
    state = document.state_dict()
    assert list(state) == list(values)
    for name, tensor in values.items():
        assert state[name].device.type == "cpu"
        assert torch.equal(state[name], tensor), name


@pytest.mark.parametrize("name", ["cuda_training", "cuda_whole", "cuda_legacy"])
def test_they_load_here(name: str, values: dict[str, torch.Tensor]) -> None:
    contents = read_contents(FOLDER / f"{name}.pth")
    assert "saved from a GPU" in in_a_sentence(contents)
    plan = match(Document.of(net()), contents)
    assert plan.complete
    assert "device" in {each.kind for each in plan.conditions}
    equal(load(plan).document, values)


def test_the_optimizer_comes_along_and_is_taken_by_torch(values: dict[str, torch.Tensor]) -> None:
    plan = match(Document.of(net()), read_contents(FOLDER / "cuda_training.pth"))
    document = load(plan).document
    assert document.training is not None
    state = document.training.entries["optimizer"]
    optimizer = torch.optim.Adam(document.model().parameters())
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.01
    assert len(optimizer.state) == len(list(net().parameters()))


def test_the_whole_model_opens_without_its_wrapper(values: dict[str, torch.Tensor]) -> None:
    equal(open_source(str(FOLDER / "cuda_whole.pth")), values)
