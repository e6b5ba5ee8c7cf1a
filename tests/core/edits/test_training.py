"""Freeze, unfreeze, start anew."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from core.document import Document, ledger, recording
from core.edits import Freeze, Reinitialise, Replace, Unfreeze
from core.errors import EditRefused
from tests.zoo import Tied


def test_freezing_shares_the_storage_and_leaves_the_original_trainable() -> None:
    before = Document.of(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)))
    after = Freeze("0").apply(before)
    assert not after.module("0").weight.requires_grad
    assert before.module("0").weight.requires_grad
    assert after.module("0").weight.data_ptr() == before.module("0").weight.data_ptr()
    assert after.module("1") is before.module("1")
    assert ledger(before, after).count("kept") == 4


def test_freezing_a_tied_weight_keeps_it_tied() -> None:
    after = Freeze("head").apply(Document.of(Tied()))
    assert after.root.head.weight is after.root.embedding.weight
    assert not after.root.embedding.weight.requires_grad


def test_a_frozen_lstm_still_computes() -> None:
    before = Document.of(nn.LSTM(3, 2))
    after = Freeze("").apply(before)
    assert all(
        a is b for a, b in zip(after.root._flat_weights, after.root.parameters(), strict=True)
    )
    x = torch.randn(2, 1, 3)
    assert torch.equal(after.root(x)[0], before.root(x)[0])


def test_unfreezing_undoes_freezing() -> None:
    frozen = Freeze("").apply(Document.of(nn.Linear(2, 2)))
    assert all(p.requires_grad for p in Unfreeze("").apply(frozen).root.parameters())


def test_what_is_so_already_or_has_no_parameters_is_refused() -> None:
    document = Document.of(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    with pytest.raises(EditRefused, match="trainable already"):
        Unfreeze("0").apply(document)
    with pytest.raises(EditRefused, match="no parameters"):
        Freeze("1").apply(document)
    with pytest.raises(EditRefused, match="no parameters"):
        Reinitialise("1").apply(document)


def test_starting_anew_gives_other_weights_of_the_same_shape() -> None:
    with recording():
        before = Document.of(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    after = Reinitialise("0").apply(before)
    assert after.module("0").weight.shape == before.module("0").weight.shape
    assert not torch.equal(after.module("0").weight, before.module("0").weight)
    assert ledger(before, after).count("new") == 2


def test_starting_anew_works_without_a_record_too() -> None:
    before = Document.of(nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3)))
    after = Reinitialise("").apply(before)
    assert not torch.equal(after.module("0").weight, before.module("0").weight)


class _Own(nn.Module):
    def __init__(self, size: torch.Size) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(size))


def test_nobody_knows_how_to_start_an_own_parameter_anew_without_its_constructor() -> None:
    document = Document.of(nn.Sequential(_Own(torch.Size([3]))))
    with pytest.raises(EditRefused, match="reset_parameters"):
        Reinitialise("0").apply(document)


def _parametrized(layer: nn.Module) -> nn.Module:
    return torch.nn.utils.parametrizations.weight_norm(layer)


@pytest.mark.parametrize("norm", [_parametrized, torch.nn.utils.weight_norm])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_weight_that_is_computed_is_not_said_to_be_new(norm: Callable[..., nn.Module]) -> None:
    """PyTorch's own ``reset_parameters`` does nothing to what it is computed from."""
    layer = norm(nn.Linear(3, 3))
    held = [each.clone() for name, each in layer.named_parameters() if name != "bias"]
    layer.reset_parameters()
    now = [each for name, each in layer.named_parameters() if name != "bias"]
    assert all(torch.equal(old, new) for old, new in zip(held, now, strict=True))
    document = Document.of(nn.Sequential(norm(nn.Linear(3, 3)), nn.Linear(3, 3)))
    with pytest.raises(EditRefused, match="computes its weight from others"):
        Reinitialise("").apply(document)


def test_what_an_edit_has_taken_apart_is_refused_in_a_sentence() -> None:
    document = Document.of(nn.Sequential(_parametrized(nn.Linear(4, 4))))
    apart = Replace("0.parametrizations", "Sequential(Linear(4, 4), Tanh())").apply(document)
    with pytest.raises(EditRefused, match="could not be started anew"):
        Reinitialise("").apply(apart)
