"""How much would be written is how much stands in the file afterwards."""

from pathlib import Path

import pytest
import torch
from torch import nn

from core.checkpoint import Contents, contents_of, contents_of_file, save_state_dict
from core.document import Document
from tests.zoo import Tied


def test_what_would_be_written_is_what_then_stands_there(tmp_path: Path) -> None:
    document = Document.of(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    would = contents_of(document)
    assert would == Contents(7, 4 * (12 + 3 + 4 * 3) + 8)
    assert contents_of_file(save_state_dict(document, tmp_path / "net.pth")) == would


def test_tied_weights_have_two_names_and_are_written_once(tmp_path: Path) -> None:
    tied = Tied()
    document = Document.of(tied)
    weights = {id(each): each for each in tied.state_dict(keep_vars=True).values()}
    would = contents_of(document)
    assert would.tensors == len(tied.state_dict()) > len(weights)
    assert would.bytes == sum(each.numel() * each.element_size() for each in weights.values())
    assert contents_of_file(save_state_dict(document, tmp_path / "net.pth")) == would


def test_lazy_weights_have_no_size_yet() -> None:
    assert contents_of(nn.LazyLinear(3).state_dict()) == Contents(2, 0)


@pytest.mark.parametrize("kind", ["missing", "garbage", "whole model", "old format"])
def test_what_is_not_to_be_seen_at_a_glance_is_not_told(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    if kind == "garbage":
        file.write_bytes(b"x" * 100)
    elif kind == "whole model":
        torch.save(nn.Linear(2, 2), file)
    elif kind == "old format":
        state = nn.Linear(2, 2).state_dict()
        torch.save(state, file, _use_new_zipfile_serialization=False)
    assert contents_of_file(file) is None
