"""Folders of ``torch.distributed.checkpoint``; what PyTorch makes of one itself is the oracle."""

import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed.checkpoint as dcp
from hypothesis import HealthCheck, given, settings, strategies as st
from torch import Tensor, nn
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from torch.distributed.checkpoint.state_dict import get_state_dict

import core
from core.checkpoint.values import Mapped
from core.errors import CheckpointError
from core.files import read_contents
from core.files.convert import convert

SMALL = "Sequential(fc1=Linear(4, 8), norm=BatchNorm1d(8), fc2=Linear(8, 2))"


def saved(state: dict[str, Any], folder: Path, **options: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is only one process
        dcp.save(state, checkpoint_id=folder, no_dist=True, **options)
    return folder


def oracle(folder: Path, file: Path) -> Any:
    """Let PyTorch itself make an ordinary file of a folder, and load that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp_to_torch_save(folder, file)
    return torch.load(file, weights_only=False)


def trained() -> tuple[nn.Module, torch.optim.Optimizer]:
    net = core.open(SMALL).model().train()
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(5, 4)).sum().backward()
    optimizer.step()
    return net, optimizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    net, optimizer = trained()
    state = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    return saved(state, tmp_path / "step-3")


def test_a_plain_state_dict(tmp_path: Path) -> None:
    state = {
        "fc.weight": torch.randn(3, 4),
        "turned": torch.randn(4, 6).T,
        "view": torch.arange(10.0)[2:5],
        "brain": torch.randn(3).bfloat16(),
        "scalar": torch.tensor(3),
        "empty": torch.zeros(0, 3),
        "parameter": nn.Parameter(torch.randn(2)),
    }
    contents = read_contents(saved(state, tmp_path / "a"))
    assert contents.kind == "state dict"
    assert contents.format == "torch distributed"
    assert list(contents.tensors) == list(contents.weights[0].tensors) == list(state)
    mapped, there = Mapped(), oracle(tmp_path / "a", tmp_path / "a.pth")
    for name, tensor in state.items():
        stored = contents.tensors[name]
        assert stored.shape == tuple(tensor.shape)
        assert f"torch.{stored.dtype}" == str(tensor.dtype)
        assert torch.equal(mapped.tensor(stored), there[name])
        assert torch.equal(mapped.tensor(stored), tensor)


def test_a_training_checkpoint_is_nested_again(folder: Path, tmp_path: Path) -> None:
    contents = read_contents(folder)
    assert contents.kind == "training checkpoint"
    assert [each.label for each in contents.weights] == ["model"]
    assert contents.values["epoch"] == "3"
    assert "optimizer.state.0.exp_avg" in contents.tensors
    assert not contents.dangerous
    there = oracle(folder, tmp_path / "a.pth")
    found = core.checkpoint.values.plain(contents.tree)
    assert found["epoch"] == there["epoch"] == 3
    assert found["optimizer"]["param_groups"] == there["optimizer"]["param_groups"]
    for name, tensor in there["model"].items():
        assert torch.equal(found["model"][name], tensor)


def test_the_metadata_names_the_same(folder: Path) -> None:
    there, here = read_contents(folder), read_contents(folder / ".metadata")
    assert there.tensors == here.tensors
    assert there.path == here.path == folder


def test_loading_into_a_document_equals_pytorch(folder: Path, tmp_path: Path) -> None:
    document = core.open(SMALL).document
    loaded = core.load(core.match(document, read_contents(folder)))
    there = oracle(folder, tmp_path / "a.pth")["model"]
    state = loaded.document.state_dict()
    assert set(state) == set(there)
    assert all(torch.equal(state[name], tensor) for name, tensor in there.items())


def test_the_training_state_comes_along(folder: Path) -> None:
    from core.checkpoint.training import rebound

    document = core.open(SMALL).document
    loaded = core.load(core.match(document, read_contents(folder))).document
    assert loaded.training is not None
    found = rebound(loaded.training, loaded)
    net = loaded.model()
    optimizer = torch.optim.Adam(net.parameters())
    optimizer.load_state_dict(found.entries["optimizer"])
    assert all(optimizer.state[parameter]["step"] == 1 for parameter in net.parameters())


def test_a_training_state_by_name_comes_along(tmp_path: Path) -> None:
    from core.checkpoint.training import rebound

    net, optimizer = trained()
    model, state = get_state_dict(net, optimizer)
    folder = saved({"model": model, "optim": state}, tmp_path / "step")
    loaded = core.load(core.match(core.open(SMALL).document, read_contents(folder))).document
    assert loaded.training is not None
    found = rebound(loaded.training, loaded).entries["optim"]
    copy = loaded.model()
    again = torch.optim.Adam(copy.parameters())
    again.load_state_dict(found)
    before = dict(net.named_parameters())
    for name, parameter in copy.named_parameters():
        moment = optimizer.state[before[name]]["exp_avg"]
        assert torch.equal(again.state[parameter]["exp_avg"], moment)


def test_values_that_are_no_tensors_and_nested_ones(tmp_path: Path) -> None:
    state = {"args": {"lr": 0.1, "steps": [1, torch.ones(2)]}, "name": "net", "w": torch.ones(3)}
    contents = read_contents(saved(state, tmp_path / "a"))
    assert contents.values["args.lr"] == "0.1"
    assert contents.values["name"] == "net"
    assert Mapped().tensor(contents.tensors["args.steps.1"]).tolist() == [1, 1]


def test_a_planner_that_does_not_flatten(tmp_path: Path) -> None:
    planner = dcp.DefaultSavePlanner(flatten_state_dict=False)
    state = {"model": nn.Linear(2, 3).state_dict(), "epoch": 4}
    contents = read_contents(saved(state, tmp_path / "a", planner=planner))
    assert [each.label for each in contents.weights] == ["model"]
    assert contents.values["epoch"] == "4"
    for name, stored in contents.weights[0].tensors.items():
        assert torch.equal(Mapped().tensor(stored), state["model"][name])  # type: ignore[index]


def test_many_alike_are_told_apart(tmp_path: Path) -> None:
    state = {f"w{number}": torch.randn(3, 4) for number in range(8)}
    state |= {f"t{number}": torch.randn(4, 3).T for number in range(3)}
    state |= {f"b{number}": torch.randn(3, 4).bfloat16() for number in range(3)}
    contents, mapped = read_contents(saved(state, tmp_path / "a")), Mapped()
    for name, tensor in state.items():
        assert torch.equal(mapped.tensor(contents.tensors[name]), tensor)
        assert mapped.tensor(contents.tensors[name]).stride() == tensor.stride()
    assert len({each.storage.key for each in contents.tensors.values()}) == len(state)


class _Loop:
    """Pickled, it is a dictionary that holds itself."""

    def __reduce__(self) -> Any:
        return dict, (), None, None, iter([("again", self)])


def test_an_entry_inside_itself(tmp_path: Path) -> None:
    folder = saved({"loop": _Loop(), "w": torch.ones(2)}, tmp_path / "a")
    assert list(read_contents(folder).tensors) == ["w"]


SHARDED = """
import sys, torch, torch.distributed as dist, torch.distributed.checkpoint as dcp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, Replicate, distribute_tensor
rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{folder}.sync", rank=rank, world_size=2)
mesh = init_device_mesh("cpu", (2,))
torch.manual_seed(7)
state = {}
for name, shape, how in (
    ("fc1.weight", (8, 4), Shard(0)), ("fc1.bias", (8,), Shard(0)),
    ("fc2.weight", (2, 8), Shard(1)), ("fc2.bias", (2,), Replicate()),
    ("norm.weight", (8,), Shard(0)), ("norm.bias", (7,), Shard(0)),
):
    whole = torch.randn(shape)
    state[name] = distribute_tensor(whole, mesh, [how])
dcp.save(state, checkpoint_id=folder)
"""


def whole() -> dict[str, Tensor]:
    torch.manual_seed(7)
    shapes = {
        "fc1.weight": (8, 4), "fc1.bias": (8,), "fc2.weight": (2, 8), "fc2.bias": (2,),
        "norm.weight": (8,), "norm.bias": (7,),
    }  # fmt: skip
    return {name: torch.randn(shape) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes wrote together, each its own half."""
    folder = tmp_path_factory.mktemp("sharded") / "step"
    command = [sys.executable, "-W", "ignore", "-c", SHARDED]
    both = [subprocess.Popen([*command, str(rank), str(folder)]) for rank in range(2)]
    assert [each.wait(240) for each in both] == [0, 0]
    return folder


def test_tensors_in_pieces_are_put_together(sharded: Path, tmp_path: Path) -> None:
    contents = read_contents(sharded)
    pieces = {name: len(stored.pieces) for name, stored in contents.tensors.items()}
    assert pieces == dict.fromkeys(pieces, 2) | {"fc2.bias": 0}
    assert "5 tensors are kept in several pieces" in contents.notes[0]
    mapped = Mapped()
    for name, tensor in whole().items():
        stored = contents.tensors[name]
        assert stored.shape == tuple(tensor.shape)
        assert stored.storage.bytes == tensor.nbytes
        assert torch.equal(mapped.tensor(stored), tensor)


def test_pieces_are_converted_as_one(sharded: Path, tmp_path: Path) -> None:
    for name in ("a.pth", "a.safetensors"):
        convert(sharded, tmp_path / name)
    found = torch.load(tmp_path / "a.pth")
    for name, tensor in whole().items():
        assert torch.equal(found[name], tensor)
        assert torch.equal(
            Mapped().tensor(read_contents(tmp_path / "a.safetensors").tensors[name]), tensor
        )


def test_pieces_load_into_a_document(sharded: Path) -> None:
    document = core.open("Sequential(fc1=Linear(4, 8), fc2=Linear(8, 2))").document
    plan = core.match(document, read_contents(sharded))
    assert any(each.kind == "pieces" for each in plan.conditions)
    loaded = core.load(plan, partial=True)
    there = whole()
    for name, tensor in loaded.document.state_dict().items():
        assert torch.equal(tensor, there[name])


def changed(folder: Path, change: Any) -> Path:
    """Change the metadata of a folder as PyTorch has it."""
    metadata = pickle.loads((folder / ".metadata").read_bytes())
    change(metadata)
    (folder / ".metadata").write_bytes(pickle.dumps(metadata))
    return folder


def _moved(by: int, longer: int = 0, to: str | None = None) -> Any:
    def change(metadata: Any) -> None:
        for info in metadata.storage_data.values():
            info.offset += by
            info.length += longer
            info.relative_path = to or info.relative_path

    return change


def _exchanged(metadata: Any) -> None:
    places = {index.fqn: info for index, info in metadata.storage_data.items()}
    one, other = places["model.fc1.weight"], places["model.fc2.weight"]
    one.offset, other.offset = other.offset, one.offset


def _resized(metadata: Any) -> None:
    for each in metadata.state_dict_metadata.values():
        if hasattr(each, "size"):
            each.size = torch.Size(2 * size for size in each.size)


def _lying(metadata: Any) -> None:
    for each in metadata.state_dict_metadata.values():
        for chunk in getattr(each, "chunks", ()):
            chunk.sizes = torch.Size((1 << 40,) * len(chunk.sizes))


def _overlapping(metadata: Any) -> None:
    for each in metadata.state_dict_metadata.values():
        if hasattr(each, "chunks"):
            each.chunks = each.chunks * 2


def _without_places(metadata: Any) -> None:
    metadata.storage_data = {}


def _tangled(metadata: Any) -> None:
    metadata.planner_data["epoch"] = ("model",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_moved(1), "is cut off"),
        (_exchanged, "something else stands there"),
        (_moved(-1), "stand at byte -1"),
        (_moved(1 << 50), "is cut off"),
        (_moved(0, 1 << 50), "is cut off"),
        (_moved(0, -1000), "no directory|damaged"),
        (_moved(0, 0, "../step.distcp"), "outside its own folder"),
        (_moved(0, 0, "/etc/passwd"), "outside its own folder"),
        (_moved(0, 0, "lost.distcp"), r"missing: lost\.distcp"),
        (_resized, "overlap or leave holes"),
        (_lying, "something else stands there"),
        (_overlapping, "overlap or leave holes"),
        (_without_places, "does not say where"),
        (_tangled, "in each other's way"),
    ],
)
def test_metadata_that_lies(change: Any, said: str, folder: Path) -> None:
    with pytest.raises(CheckpointError, match=said):
        read_contents(changed(folder, change))


def test_processes_that_did_not_speak_to_each_other(folder: Path) -> None:
    """Each describes what it wrote itself: one is taken, of several one has to be chosen."""
    before = read_contents(folder)
    (folder / ".metadata").rename(folder / "__0.metadata")
    assert list(read_contents(folder).tensors) == list(before.tensors)
    (folder / "__1.metadata").write_bytes((folder / "__0.metadata").read_bytes())
    with pytest.raises(CheckpointError, match=r"of 2 processes \(__0\.metadata, __1\.metadata"):
        read_contents(folder)
    assert list(read_contents(folder / "__1.metadata").tensors) == list(before.tensors)


def test_a_missing_part_is_named(folder: Path) -> None:
    (folder / "__0_0.distcp").unlink()
    with pytest.raises(CheckpointError, match=r"missing: __0_0\.distcp"):
        read_contents(folder)


def test_a_part_that_is_cut_off(folder: Path) -> None:
    part = folder / "__0_0.distcp"
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="is cut off"):
        read_contents(folder)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"without the \.metadata"):
        read_contents(tmp_path)


class _Evil:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.canary)!r}, 'w')",)


@pytest.mark.parametrize("where", ["planner", "entry", "a part"])
def test_nothing_malicious_is_run(where: str, folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    def change(metadata: Any) -> None:
        if where == "planner":
            metadata.storage_meta = _Evil(canary)
        else:
            metadata.state_dict_metadata["evil"] = _Evil(canary)

    if where == "a part":
        folder = saved({"w": torch.ones(2), "evil": _Evil(canary)}, tmp_path / "evil")
        contents = read_contents(folder)
        assert [each.name for each in contents.dangerous] == ["builtins.eval"]
    else:
        try:
            contents = read_contents(changed(folder, change))
            assert [each.name for each in contents.dangerous] == ["builtins.eval"]
        except CheckpointError:
            pass
    assert not canary.exists()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    folder = saved({"a": {"w": torch.ones(2, 3)}, "e": 3}, tmp_path_factory.mktemp("small") / "s")
    return (folder / ".metadata").read_bytes(), (folder / "__0_0.distcp").read_bytes()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    which=st.integers(0, 1),
    share=st.floats(0, 1),
    cut=st.booleans(),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_damage_gives_contents_or_a_sentence(
    which: int, share: float, cut: bool, flips: list[tuple[float, int]],
    small: tuple[bytes, bytes], tmp_path: Path,
) -> None:  # fmt: skip
    parts = [bytearray(each) for each in small]
    broken = parts[which]
    if cut:
        del broken[int(share * len(broken)) :]
    for place, byte in flips:
        if broken:
            broken[int(place * len(broken))] = byte
    (tmp_path / ".metadata").write_bytes(parts[0])
    (tmp_path / "__0_0.distcp").write_bytes(parts[1])
    try:
        for stored in read_contents(tmp_path).tensors.values():
            Mapped().tensor(stored)
    except CheckpointError:
        pass  # a sentence; anything else would fail the test
