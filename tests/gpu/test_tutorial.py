"""The tutorial's table on a GPU: each cell in processes of its own, as printed, values compared."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from core.checkpoint import SaveOptions, load, match, save
from core.document import Document
from core.files import read_contents
from core.placement import Layout, loading_script, saving_script

pytestmark = pytest.mark.gpu
NET = """
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
HOW: dict[str, Any] = {"build": "Net()", "imports": "from tinynet import Net"}
_TELL = """
bare = model.module if isinstance(model, torch.nn.DataParallel) else model
assert all(each.is_cuda for each in bare.state_dict().values())
torch.save({name: each.cpu() for name, each in bare.state_dict().items()}, "%s")
assert isinstance(model, torch.nn.DataParallel) == %s
"""


def run(script: str, folder: Path) -> None:
    (folder / "script.py").write_text(script)
    ran = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("saved", "loaded", "whole", "suffix"),
    list(itertools.product([False, True], [False, True], [False, True], ["pkl", "pt", "pth"])),
)
def test_each_cell(saved: bool, loaded: bool, whole: bool, suffix: str, tmp_path: Path) -> None:
    (tmp_path / "tinynet.py").write_text(NET)
    how = {**HOW, "file": f"model.{suffix}"}
    # A machine with one GPU wraps over that one: names and files are the same as with eight.
    there, here = Layout(saved, whole, "0"), Layout(loaded, whole, "0")
    run(saving_script(there, **how) + _TELL % ("saved.bin", saved), tmp_path)
    run(loading_script(there, here, **how) + _TELL % ("loaded.bin", loaded), tmp_path)
    first, second = torch.load(tmp_path / "saved.bin"), torch.load(tmp_path / "loaded.bin")
    assert list(first) == list(second)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("legacy", [False, True])
def test_files_of_cuda_tensors_load_here_by_value(
    wrapped: bool, legacy: bool, tmp_path: Path
) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)).cuda()
    model = torch.nn.DataParallel(net) if wrapped else net
    steps = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3, device="cuda")).sum().backward()
    steps.step()
    file = tmp_path / "net.pth"
    what = {"model": model.state_dict(), "optimizer": steps.state_dict(), "epoch": 3}
    torch.save(what, file, _use_new_zipfile_serialization=not legacy)
    document = Document.of(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)))
    contents = read_contents(file)
    weights = [each for name, each in contents.tensors.items() if name.startswith("model.")]
    assert {each.device for each in weights} == {"cuda:0"}
    plan = match(document, contents)
    found = load(plan).document.state_dict()
    for name, tensor in net.state_dict().items():
        assert found[name].device.type == "cpu"
        assert torch.equal(found[name], tensor.cpu()), name


@pytest.mark.parametrize("prefix", [False, True])
def test_a_whole_model_saved_from_a_gpu_opens_there(prefix: bool, tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    options = SaveOptions("whole model", device="cuda:0", module_prefix=prefix)
    save(Document.of(net), tmp_path / "net.pth", options)
    script = """
import torch
model = torch.load("net.pth", weights_only=False)
assert all(each.is_cuda for each in model.state_dict().values())
torch.save({name: each.cpu() for name, each in model.state_dict().items()}, "loaded.bin")
"""
    run(script, tmp_path)
    second = torch.load(tmp_path / "loaded.bin")
    for name, tensor in net.state_dict().items():
        assert torch.equal(second[f"module.{name}" if prefix else name], tensor)
