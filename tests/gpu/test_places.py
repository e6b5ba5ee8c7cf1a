"""A model on a real GPU: alone, under DataParallel, in an NCCL group; and what fails there."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from core.document import Document, InputSpec
from core.edits import AddOutput
from core.errors import PlacementError
from core.placement import Placement, devices, try_forward

pytestmark = pytest.mark.gpu
_ROOT = Path(__file__).parent.parent.parent
EACH = ("cuda:0", "dp:0", "ddp:0")


class Greedy(nn.Module):
    """Asks for more than any GPU has."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).sum() + torch.empty(1 << 42, device=x.device, dtype=torch.uint8)


class Failing(nn.Module):
    """Its kernel trips over an assertion, after which CUDA is of no use to the process."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.table(x.long() + 1000).sum()


def document(model: nn.Module, *shape: int) -> Document:
    return Document.of(model, (InputSpec(shape=shape),))


@pytest.mark.parametrize("place", EACH)
def test_a_model_runs_there(place: str) -> None:
    model = document(resnet18(num_classes=3), 2, 3, 64, 64)
    ran = try_forward(model, Placement.read(place, devices()))
    assert ran.device == "cuda:0"
    assert ran.output == (2, 3)
    assert ran.peak is not None
    assert ran.peak > 4 * sum(each.numel() for each in model.root.parameters())
    assert all(each.device.type == "cpu" for each in model.state_dict().values())


@pytest.mark.parametrize("place", EACH)
def test_a_rewired_model_runs_there(place: str) -> None:
    model = AddOutput("", "avgpool", "features").apply(document(resnet18(), 2, 3, 64, 64))
    ran = try_forward(model, Placement.read(place, devices()))
    assert ran.output == [(2, 1000), (2, 512, 1, 1)]


@pytest.mark.parametrize("place", EACH)
def test_memory_that_runs_out_is_said_and_nothing_is_lost(place: str) -> None:
    model = document(Greedy(), 1, 2)
    before = {name: each.clone() for name, each in model.state_dict().items()}
    with pytest.raises(PlacementError, match="does not fit on cuda:0: its memory ran out"):
        try_forward(model, Placement.read(place, devices()))
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())


@pytest.mark.parametrize("place", EACH)
def test_a_kernel_that_fails_takes_nothing_with_it(place: str) -> None:
    there = Placement.read(place, devices())
    with pytest.raises(PlacementError, match=r"did not run on .*cuda:0"):
        try_forward(document(Failing(), 1, 2), there)
    assert try_forward(document(nn.Linear(2, 3), 1, 2), there).output == (1, 3)
    assert torch.ones(2, device="cuda").sum().item() == 2


def test_this_process_does_not_use_the_gpu() -> None:
    """Half a gigabyte of it would be gone as soon as it did."""
    script = """
import subprocess, torch
from torch import nn
from core.document import Document, InputSpec
from core.placement import Placement, devices, try_forward
def used():
    asked = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(asked, capture_output=True, text=True).stdout.split()[0])
before = used()
found = devices()
looked = used()
model = Document.of(nn.Linear(2, 2), (InputSpec(shape=(1, 2)),))
try_forward(model, Placement.read("cuda:0", found))
print(before, looked, used(), found[1].total, found[1].free)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=_ROOT
    )
    before, looked, after, total, free = map(int, ran.stdout.split())
    assert looked - before < 100, "looking took memory"  # MiB
    assert after - before < 100, "trying left memory taken"
    assert 0.1 * total < free < total


def test_free_memory_follows_what_others_take() -> None:
    taken = torch.empty(4 << 30, dtype=torch.uint8, device="cuda")
    less = devices()[1].free
    del taken
    torch.cuda.empty_cache()
    more = devices()[1].free
    assert less is not None
    assert more is not None
    assert 3 << 30 < more - less < 6 << 30
