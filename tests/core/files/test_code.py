"""The lines that read a file are run by Python, and give what plain PyTorch wrote."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.files import read_contents
from core.files.code import literal, tensor_code, weights_code

State = dict[str, torch.Tensor]


def net() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))


def shards(state: State, folder: Path) -> Path:
    names = list(state)
    for number, part in enumerate((names[:3], names[3:])):
        save_file({name: state[name] for name in part}, folder / f"part{number}.safetensors")
    index = folder / "model.safetensors.index.json"
    where = {name: f"part{int(at >= 3)}.safetensors" for at, name in enumerate(names)}
    index.write_text(json.dumps({"weight_map": where}))
    return index


def pieces(state: State, folder: Path) -> Path:
    import torch.distributed.checkpoint as dcp

    with pytest.warns(UserWarning, match="single process"):
        dcp.save({"model": state}, checkpoint_id=str(folder / "parts"), no_dist=True)
    return folder / "parts"


def saved(what: Callable[[State], Any]) -> Callable[[State, Path], Path]:
    def write(state: State, folder: Path) -> Path:
        torch.save(what(state), folder / 'it\'s "one".pth')
        return folder / 'it\'s "one".pth'

    return write


def single(state: State, folder: Path) -> Path:
    save_file(state, folder / "one.safetensors")
    return folder / "one.safetensors"


def program(state: State, folder: Path) -> Path:
    model = net().eval()
    torch.export.save(torch.export.export(model, (torch.zeros(2, 4),)), folder / "net.pt2")
    return folder / "net.pt2"


FILES = {
    "state dict": saved(lambda state: state),
    "training checkpoint": saved(lambda state: {"net": {"weights": state}, "epoch": 3}),
    "module in a checkpoint": saved(lambda state: {"ema": net(), "epoch": 3}),
    "safetensors": single,
    "shards": shards,
    "folder": pieces,
    "exported program": program,
}


@pytest.mark.parametrize("kind", FILES)
def test_the_weights_are_read(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = dict(net().state_dict())
    contents = read_contents(FILES[kind](state, tmp_path))
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {"torch": torch}
    exec(weights_code(contents), made)
    assert set(state) <= set(made["state"])
    for name, tensor in state.items():
        assert torch.equal(made["state"][name], tensor), name


@pytest.mark.parametrize("kind", FILES)
def test_each_tensor_is_read(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = dict(net().state_dict())
    contents = read_contents(FILES[kind](state, tmp_path))
    monkeypatch.chdir(tmp_path)
    label = contents.weights[0].label
    for name, tensor in state.items():
        made: dict[str, Any] = {}
        exec(tensor_code(contents, f"{label}.{name}" if label else name), made)
        assert torch.equal(made["tensor"], tensor), name


def test_the_state_of_an_optimizer_is_found_by_its_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 4)).sum().backward()
    optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "optimizer.pt")
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(tensor_code(read_contents(tmp_path / "optimizer.pt"), "state.1.exp_avg"), made)
    assert torch.equal(made["tensor"], optimizer.state_dict()["state"][1]["exp_avg"])


@pytest.mark.parametrize("name", ["", "a..b", ".c", 'x"]; made = 1; y["', "\\", "new\nline", "вес"])
def test_a_name_is_never_more_than_data(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({name: torch.ones(2), "other": torch.zeros(3)}, tmp_path / "names.pth")
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(tensor_code(read_contents(tmp_path / "names.pth"), name), made)
    assert torch.equal(made["tensor"], torch.ones(2))
    assert set(made) - {"__builtins__"} == {"torch", "tensor"}
    assert eval(literal(name)) == name


def test_what_torch_refuses_is_said(tmp_path: Path) -> None:
    class Call:
        def __reduce__(self) -> Any:
            return print, ("never",)

    torch.save({"model": net().state_dict(), "call": Call()}, tmp_path / "calls.pth")
    contents = read_contents(tmp_path / "calls.pth")
    code = weights_code(contents)
    assert contents.dangerous
    assert code.startswith("# torch refuses this file")
    assert "weights_only=True" in code


def test_a_folder_with_one_index_or_one_file_of_weights_is_read_as_that(tmp_path: Path) -> None:
    state = dict(net().state_dict())
    index = shards(state, tmp_path)
    assert read_contents(tmp_path).path == index
    index.unlink()
    (tmp_path / "part1.safetensors").unlink()
    assert read_contents(tmp_path).path.name == "part0.safetensors"


PARTS = """
import os, sys, torch
from pathlib import Path
torch.distributed.init_process_group("gloo")
rank = torch.distributed.get_rank()
import torch.distributed.checkpoint.format_utils as utils
joins = utils.dcp_to_torch_save
def counted(*arguments):
    Path(f"joined by {rank}").touch()
    joins(*arguments)
utils.dcp_to_torch_save = counted
{code}
torch.save(state, f"{rank}.out")
torch.distributed.destroy_process_group()
"""


def test_of_several_processes_one_joins_the_parts_and_all_read_them(tmp_path: Path) -> None:
    state = dict(net().state_dict())
    code = weights_code(read_contents(pieces(state, tmp_path)), in_each=True)
    script = tmp_path / "train.py"
    script.write_text(PARTS.replace("{code}", code))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2",
               "--master_addr=127.0.0.1", "--master_port=0", "--rdzv_endpoint=127.0.0.1:0",
               "--rdzv_backend=c10d", str(script)]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert [each.name for each in tmp_path.glob("joined by *")] == ["joined by 0"]
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.out", weights_only=True)
        assert all(torch.equal(found[name], tensor) for name, tensor in state.items())
