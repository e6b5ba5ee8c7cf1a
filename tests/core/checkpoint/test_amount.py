"""How much would be written is how much stands in the file afterwards."""

from pathlib import Path

import torch
from torch import nn

from core.checkpoint import Amount, amount_in, amount_of, save_state_dict
from core.document import Document
from tests.zoo import Tied


def test_what_would_be_written_is_what_then_stands_there(tmp_path: Path) -> None:
    document = Document.of(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    would = amount_of(document)
    assert would == Amount(7, 4 * (12 + 3 + 4 * 3) + 8)
    assert amount_in(save_state_dict(document, tmp_path / "net.pth")) == would


def test_tied_weights_have_two_names_and_are_written_once(tmp_path: Path) -> None:
    tied = Tied()
    document = Document.of(tied)
    weights = {id(each): each for each in tied.state_dict(keep_vars=True).values()}
    would = amount_of(document)
    assert would.tensors == len(tied.state_dict()) > len(weights)
    assert would.bytes == sum(each.numel() * each.element_size() for each in weights.values())
    assert amount_in(save_state_dict(document, tmp_path / "net.pth")) == would


def test_lazy_weights_have_no_size_yet() -> None:
    assert amount_of(nn.LazyLinear(3).state_dict()) == Amount(2, 0)


def test_every_format_is_told(tmp_path: Path) -> None:
    file, net = tmp_path / "net.pth", nn.Linear(2, 2)
    torch.save(net, file)
    assert amount_in(file) == Amount(2, 24)
    torch.save(net.state_dict(), file, _use_new_zipfile_serialization=False)
    assert amount_in(file) == Amount(2, 24)


def test_what_is_no_file_of_weights_is_not_told(tmp_path: Path) -> None:
    file = tmp_path / "net.pth"
    assert amount_in(file) is None
    file.write_bytes(b"x" * 100)
    assert amount_in(file) is None
