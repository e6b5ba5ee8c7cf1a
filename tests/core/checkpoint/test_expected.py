"""What saving would write is what it then writes."""

from pathlib import Path

import pytest
import torch
from torch import nn

from core.checkpoint import SaveOptions, expected, load, match, not_loaded, save
from core.document import Document
from core.edits import Insert, Replace
from core.errors import CheckpointError, SaveRefused
from core.files import read_contents
from tests.zoo import Tied


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(40, 30), nn.BatchNorm1d(30), nn.Linear(30, 20))


@pytest.mark.parametrize(
    "options",
    [
        SaveOptions(),
        SaveOptions(module_prefix=True),
        SaveOptions(dtype="float16"),
        SaveOptions(shard_size=3000),
        SaveOptions(what="training"),
    ],
    ids=["plain", "prefix", "half", "shards", "training"],
)
def test_names_sizes_and_files(options: SaveOptions, tmp_path: Path) -> None:
    document = Document.of(net())
    told = expected(document, options)
    files = save(document, tmp_path / "a.pth", options)
    contents = read_contents(files[-1])
    assert told.tensors == len(contents.tensors)
    assert told.bytes == contents.bytes
    assert told.files == (len(files) - 1 if options.shard_size else 1)
    if options.what == "state dict":
        assert list(told.names) == list(contents.tensors)[: len(told.names)]
        assert told.more == len(contents.tensors) - len(told.names)


def test_tied_weights_count_once() -> None:
    told = expected(Document.of(Tied()), SaveOptions())
    state = Tied().state_dict()
    assert told.bytes < sum(each.numel() * 4 for each in state.values())


def test_a_whole_model_is_refused_where_no_such_device_is(tmp_path: Path) -> None:
    with pytest.raises(SaveRefused, match="cannot be put on cuda:99"):
        save(Document.of(net()), tmp_path / "a.pth", SaveOptions("whole model", device="cuda:99"))
    assert not list(tmp_path.iterdir())


def test_what_no_load_has_filled_is_followed_through_edits(tmp_path: Path) -> None:
    document = Document.of(net())
    state = {k: v for k, v in net().state_dict().items() if not k.startswith("2.")}
    torch.save(state, tmp_path / "part.pth")
    loaded = load(match(document, read_contents(tmp_path / "part.pth")), partial=True)
    assert not_loaded([loaded], loaded.document) == {"2.weight", "2.bias"}
    edited = Insert("", 0, "ReLU()").apply(loaded.document)
    assert not_loaded([loaded], edited) == {"3.weight", "3.bias"}
    replaced = Replace("3", "Linear(30, 20)").apply(edited)
    assert not_loaded([loaded], replaced) == frozenset()  # it is new, which is told elsewhere
    torch.save(net().state_dict(), tmp_path / "whole.pth")
    again = load(match(loaded.document, read_contents(tmp_path / "whole.pth")))
    assert not_loaded([loaded, again], again.document) == frozenset()


def test_a_file_that_is_another_by_now_is_not_loaded(tmp_path: Path) -> None:
    document, file = Document.of(net()), tmp_path / "a.pth"
    torch.save(net().state_dict(), file)
    plan = match(document, read_contents(file))
    torch.save({"w": torch.ones(1)}, file)
    with pytest.raises(CheckpointError, match="has changed since it was read"):
        load(plan)
    file.unlink()
    with pytest.raises(CheckpointError, match="is not there any more"):
        load(plan)
