"""Files of ``torch.export.save``; ``torch.export.load`` is the oracle."""

import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from torch import Tensor, nn

import core
from core.checkpoint.values import Mapped
from core.errors import CheckpointError
from core.files import read_contents
from core.files.convert import convert

pytestmark = pytest.mark.filterwarnings("ignore")  # torch.export warns of itself


class Net(nn.Module):
    """Parameters, tied ones, buffers that persist and do not, constants of both kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.tied = nn.Linear(3, 4)
        self.tied.weight = self.fc.weight
        self.register_buffer("turned", torch.randn(3, 4).T)
        self.register_buffer("passing", torch.ones(4), persistent=False)
        self.table = torch.arange(4.0)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.fc(x) + self.tied(x)) + x @ self.turned.T  # type: ignore[operator]
        return y * self.passing + self.table + torch.tensor([1.0, 2, 3, 4])


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("new") / "net.pt2"
    exported = torch.export.export(Net().eval(), (torch.randn(2, 3),))
    torch.export.save(exported, file)
    return file


@pytest.fixture(scope="module")
def old(new: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same program as PyTorch wrote it up to 2.7."""
    from torch._export.serde.schema import SCHEMA_VERSION
    from torch._export.serde.serialize import serialize

    file = tmp_path_factory.mktemp("old") / "net.pt2"
    artifact = serialize(torch.export.load(new))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("serialized_exported_program.json", artifact.exported_program)
        archive.writestr("serialized_state_dict.pt", artifact.state_dict)
        archive.writestr("serialized_constants.pt", artifact.constants)
        archive.writestr("serialized_example_inputs.pt", artifact.example_inputs)
        archive.writestr("version", ".".join(map(str, SCHEMA_VERSION)))
    return file


@pytest.mark.parametrize("layout", ["new", "old"])
def test_parameters_buffers_and_constants(layout: str, request: pytest.FixtureRequest) -> None:
    file = request.getfixturevalue(layout)
    contents, there = read_contents(file), torch.export.load(file)
    assert (contents.format, contents.kind) == ("torch export", "exported program")
    (weights,) = contents.weights
    assert list(weights.tensors) == list(there.state_dict)
    assert set(contents.tensors) == set(there.state_dict) | set(there.constants)
    mapped = Mapped()
    for name, tensor in {**there.constants, **there.state_dict}.items():
        stored = contents.tensors[name]
        assert (stored.shape, stored.dtype) == (tuple(tensor.shape), str(tensor.dtype)[6:])
        assert stored.parameter == isinstance(tensor, nn.Parameter)
        assert stored.requires_grad == tensor.requires_grad
        assert torch.equal(mapped.tensor(stored), tensor)
        assert mapped.tensor(stored).stride() == tensor.stride()
    one, other = (contents.tensors[f"{name}.weight"].storage.key for name in ("fc", "tied"))
    assert one == other
    assert not contents.dangerous
    assert "tensor 2×3 float32" in contents.values["example inputs"]


@pytest.mark.parametrize("layout", ["new", "old"])
def test_it_loads_into_a_document(layout: str, request: pytest.FixtureRequest) -> None:
    file = request.getfixturevalue(layout)
    document = core.open("Sequential(fc=Linear(3, 4), norm=BatchNorm1d(4))").document
    loaded = core.load(core.match(document, read_contents(file)), partial=True)
    assert (loaded.loaded, loaded.tensors) == (7, 7)
    there = torch.export.load(file).state_dict
    for name, tensor in loaded.document.state_dict().items():
        assert torch.equal(tensor, there[name])


def test_it_becomes_an_ordinary_file(new: Path, tmp_path: Path) -> None:
    done = convert(new, tmp_path / "a.pth")
    assert "3 tensors" in done.notes[0]  # the constants
    found, there = torch.load(tmp_path / "a.pth"), torch.export.load(new).state_dict
    assert list(found) == list(there)
    assert all(torch.equal(found[name], tensor) for name, tensor in there.items())
    assert found["fc.weight"].data_ptr() == found["tied.weight"].data_ptr()


def test_weights_in_one_record(new: Path, tmp_path: Path) -> None:
    """As PyTorch 2.8 had it: between the two others."""
    there, file = torch.export.load(new), tmp_path / "net.pt2"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/models/model.json", "{}")
        for part, what in (("weights", there.state_dict), ("constants", there.constants)):
            torch.save(what, tmp_path / part)
            archive.write(tmp_path / part, f"net/data/{part}/model.pt")
    contents = read_contents(file)
    assert list(contents.weights[0].tensors) == list(there.state_dict)
    for name, stored in contents.weights[0].tensors.items():
        assert torch.equal(Mapped().tensor(stored), there.state_dict[name])


def rewritten(file: Path, out: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Write the archive again, with each record changed, or left out."""
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            data = change(name, before.read(name))
            if data is not None:
                after.writestr(name, data)
    return out


def _config(change: Callable[[dict[str, Any]], None]) -> Callable[[str, bytes], bytes]:
    def changed(name: str, data: bytes) -> bytes:
        if not name.endswith("weights_config.json"):
            return data
        config = json.loads(data)
        for payload in config["config"].values():
            change(payload)
        return json.dumps(config).encode()

    return changed


def _larger(payload: dict[str, Any]) -> None:
    payload["tensor_meta"]["sizes"] = [{"as_int": 1 << 40} for _ in payload["tensor_meta"]["sizes"]]


def _negative(payload: dict[str, Any]) -> None:
    payload["tensor_meta"]["storage_offset"] = {"as_int": -1}


def _symbolic(payload: dict[str, Any]) -> None:
    payload["tensor_meta"]["sizes"] = [{"as_expr": "s0"}]


def _elsewhere(payload: dict[str, Any]) -> None:
    payload["path_name"] = "../../../etc/passwd"


def _unheard_of(payload: dict[str, Any]) -> None:
    payload["tensor_meta"]["dtype"] = 999


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_config(_larger), "made to mislead"),
        (_config(_negative), "make no sense"),
        (_config(_symbolic), "not a row of numbers"),
        (_config(_elsewhere), "which should hold fc.weight"),
        (_config(_unheard_of), "does not say what fc.weight is"),
        (_config(dict.clear), "does not say where fc.weight stands"),
        (lambda n, d: b"[" * 100_000 if n.endswith("config.json") else d, "tells of no tensors"),
        (lambda n, d: None if n.endswith("weight_0") else d, "weight_0, which should hold"),
        (lambda n, d: None if n.endswith("config.json") else d, "in which its tensors"),
        (lambda n, d: d if n.endswith("format") else None, "no exported program"),
        (lambda n, d: d[:2] if n.endswith("weight_0") else d, "made to mislead"),
    ],
)
def test_archives_that_lie(change: Any, said: str, new: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=said):
        read_contents(rewritten(new, tmp_path / "x.pt2", change))


class _Evil:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.canary)!r}, 'w')",)


@pytest.mark.parametrize("where", ["sample_inputs/model.pt", "constants/opaque_obj_0"])
def test_nothing_malicious_is_run(where: str, new: Path, tmp_path: Path) -> None:
    canary, evil = tmp_path / "canary", tmp_path / "evil"
    torch.save(_Evil(canary), evil)

    def change(name: str, data: bytes) -> bytes:
        if name.endswith("constants_config.json"):
            config = json.loads(data)
            config["config"]["k"] = {
                "path_name": "opaque_obj_0", "is_param": False, "use_pickle": True,
                "tensor_meta": None,
            }  # fmt: skip
            return json.dumps(config).encode() if "opaque" in where else data
        return evil.read_bytes() if name.endswith(where) else data

    file = rewritten(new, tmp_path / "x.pt2", change)
    if "opaque" in where:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(f"net/data/{where}", pickle.dumps(_Evil(canary)))
    contents = read_contents(file)
    assert [each.name for each in contents.dangerous] == ["builtins.eval"]
    assert not canary.exists()


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    which=st.sampled_from(["new", "old"]),
    share=st.floats(0, 1),
    cut=st.booleans(),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_damage_gives_contents_or_a_sentence(
    which: str, share: float, cut: bool, flips: list[tuple[float, int]],
    new: Path, old: Path, tmp_path: Path,
) -> None:  # fmt: skip
    whole = (new if which == "new" else old).read_bytes()
    broken = bytearray(whole[: int(share * len(whole))] if cut else whole)
    for place, byte in flips:
        if broken:
            broken[int(place * len(broken))] = byte
    file = tmp_path / "broken.pt2"
    file.write_bytes(broken)
    try:
        with warnings.catch_warnings():
            for stored in read_contents(file).tensors.values():
                Mapped().tensor(stored)
    except CheckpointError:
        pass  # a sentence; anything else would fail the test
