"""The tutorial's table: every cell is run as printed, with real DataParallel, and compared."""

import ast
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.errors import PlacementError
from core.placement import Layout, Placement, distributed_script, loading_script, saving_script

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.submodule = nn.Linear(4, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x):
        return self.norm(self.submodule(self.first(x)))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "tinynet.py").write_text(NET)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    yield tmp_path
    sys.modules.pop("tinynet", None)


def run(script: str) -> Any:
    scope: dict[str, Any] = {}
    exec(compile(ast.parse(script), "script.py", "exec"), scope)
    return scope["model"]


def unwrapped(model: nn.Module) -> nn.Module:
    return model.module if isinstance(model, nn.DataParallel) else model


CELLS = list(itertools.product([False, True], [False, True], [False, True], ["pkl", "pt", "pth"]))
HOW: dict[str, Any] = {"build": "Net()", "imports": "from tinynet import Net"}


@pytest.mark.parametrize(("saved", "loaded", "whole", "suffix"), CELLS)
def test_every_cell_of_the_table(
    saved: bool, loaded: bool, whole: bool, suffix: str, folder: Path
) -> None:
    how = {**HOW, "file": f"model.{suffix}"}
    there, here = Layout(saved, whole, "0,1"), Layout(loaded, whole, "0")
    original = run(saving_script(there, **how))
    assert isinstance(original, nn.DataParallel) == saved
    found = run(loading_script(there, here, **how))
    assert isinstance(found, nn.DataParallel) == loaded
    state = unwrapped(original).state_dict()
    assert list(unwrapped(found).state_dict()) == list(state)
    for name, tensor in unwrapped(found).state_dict().items():
        assert torch.equal(tensor, state[name]), name


@pytest.mark.parametrize("whole", [False, True])
def test_files_that_others_saved_wrapped(whole: bool, folder: Path) -> None:
    from tinynet import Net  # type: ignore[import-not-found]

    model = nn.DataParallel(Net())
    torch.save(model if whole else model.state_dict(), "model.pth")
    found = run(loading_script(Layout(True, whole), Layout(False, whole), **HOW))
    for name, tensor in model.module.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor)


def test_what_goes_wrong_by_hand(folder: Path) -> None:
    """The lines that are often copied, beside ours."""
    from tinynet import Net

    net = Net()
    torch.save(net.state_dict(), "model.pth")
    state = torch.load("model.pth")
    cut = {name[7:]: tensor for name, tensor in state.items()}
    other = Net()
    before = other.first.weight.clone()
    other.load_state_dict(cut, strict=False)
    assert torch.equal(other.first.weight, before)  # nothing was loaded, and nothing was said
    wrapped = {f"module.{name}": tensor for name, tensor in state.items()}
    replaced = {name.replace("module.", ""): tensor for name, tensor in wrapped.items()}
    assert "sub" + "weight" in replaced  # submodule.weight is lost
    found = run(loading_script(Layout(True), Layout(), **HOW))
    assert torch.equal(found.first.weight, net.first.weight)


def test_the_distributed_script_is_python() -> None:
    script = distributed_script(gpus=4)
    ast.parse(script)
    assert "torchrun --nproc_per_node=4" in script
    assert "model.module.state_dict()" in script
    chosen = distributed_script(gpus="6, 7")
    assert "CUDA_VISIBLE_DEVICES=6,7 torchrun --nproc_per_node=2 train.py" in chosen
    ast.parse(chosen)


def test_gpus_of_another_machine_may_be_named() -> None:
    there = Placement.read("dp:6,7", None)
    assert there.gpus == (6, 7)
    gpus = ",".join(map(str, there.gpus))
    assert 'os.environ["CUDA_VISIBLE_DEVICES"] = "6,7"' in saving_script(Layout(True, gpus=gpus))
    uuid = "GPU-1111aaaa-0000"
    assert f'= "{uuid}"' in loading_script(Layout(), Layout(gpus=uuid))


@pytest.mark.parametrize("gpus", ['0"; import os', "", "0,", "0 1", "cuda:0", "1,1"])
def test_what_names_no_gpus_does_not_come_into_code(gpus: str) -> None:
    with pytest.raises(PlacementError, match="names no GPUs"):
        Layout(gpus=gpus)
    with pytest.raises(PlacementError, match="names no GPUs"):
        distributed_script(gpus=gpus)
