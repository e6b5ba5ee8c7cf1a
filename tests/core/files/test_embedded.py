"""Tensors that ``pickle.dump`` wrote: every storage is a file of its own within the pickle."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.checkpoint import load, match
from core.checkpoint.values import Mapped
from core.document import Document
from core.errors import CheckpointError
from core.files import read_contents
from core.files.convert import convert


def written(value: object, path: Path, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_what_plain_pickle_wrote_is_read_value_by_value(protocol: int, tmp_path: Path) -> None:
    state = net().state_dict()
    contents = read_contents(written(state, tmp_path / "weights.pkl", protocol))
    assert contents.dangerous == ()
    assert list(contents.tensors) == list(state)
    for name, stored in contents.tensors.items():
        assert torch.equal(Mapped().tensor(stored), state[name])


@pytest.mark.parametrize("protocol", [2, 4])
def test_views_halves_and_equal_values_are_kept_apart(protocol: int, tmp_path: Path) -> None:
    base = torch.arange(24.0).reshape(4, 6)
    state = {
        "transposed": base.t(), "rows": base[1:3], "half": base.half(), "empty": base[:0],
        "one": torch.ones(3), "other": torch.ones(3),
    }  # fmt: skip
    contents = read_contents(written(state, tmp_path / "views.pkl", protocol))
    for name, stored in contents.tensors.items():
        assert torch.equal(Mapped().tensor(stored), state[name])
    assert contents.tensors["one"].storage != contents.tensors["other"].storage


def test_it_is_loaded_into_a_model_and_nothing_is_said_of_arrays(tmp_path: Path) -> None:
    model = net()
    plan = match(Document.of(net()), read_contents(written(model.state_dict(), tmp_path / "w.pkl")))
    assert plan.complete
    assert not [each for each in plan.conditions if each.kind == "numpy"]
    for name, tensor in load(plan).document.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name])


def test_a_whole_model_and_its_conversion_hold_the_same_values(tmp_path: Path) -> None:
    model = net()
    whole = written(model, tmp_path / "whole.pkl")
    convert(whole, tmp_path / "whole.pth")
    state = torch.load(tmp_path / "whole.pth", weights_only=True)
    for name, tensor in model.state_dict().items():
        assert torch.equal(state[name], tensor)


class _Embedded:
    """What a pickle may claim to be a storage."""

    def __init__(self, data: object) -> None:
        self.data = data

    def __reduce__(self) -> Any:
        return torch.storage._load_from_bytes, (self.data,)  # type: ignore[attr-defined]


class _Evil:
    def __reduce__(self) -> Any:
        return print, ("this must never be seen",)


def test_a_pickle_within_that_is_no_storage_is_refused_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = tmp_path / "inner.pth"
    torch.save({"a": _Evil()}, inner, _use_new_zipfile_serialization=False)
    for data in (inner.read_bytes(), b"not even a pickle", "a text"):
        path = written({"weight": _Embedded(data)}, tmp_path / "evil.pkl")
        with pytest.raises(CheckpointError, match=r"evil\.pkl (has|holds) a"):
            read_contents(path)
    assert capsys.readouterr().out == ""


def test_a_storage_that_is_cut_off_is_said(tmp_path: Path) -> None:
    inner = tmp_path / "inner.pth"
    torch.save(torch.ones(9)._typed_storage(), inner, _use_new_zipfile_serialization=False)
    path = written({"weight": _Embedded(inner.read_bytes()[:-8])}, tmp_path / "cut.pkl")
    with pytest.raises(CheckpointError, match="cut off"):
        read_contents(path)
