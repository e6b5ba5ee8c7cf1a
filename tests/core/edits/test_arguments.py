"""SetArguments: the layer is built anew and the weights are carried over."""

import pytest
import torch
from torch import nn

from core.document import Document, ledger, recording
from core.edits import Freeze, Replace, SetArguments
from core.errors import EditRefused, SpecError


def document(*layers: nn.Module) -> Document:
    return Document.of(nn.Sequential(*layers))


def statuses(before: Document, after: Document) -> dict[str, str]:
    return {entry.name: entry.status for entry in ledger(before, after).entries}


def test_what_keeps_its_shape_is_the_same_tensor() -> None:
    before = document(nn.Conv2d(3, 8, 3))
    after = SetArguments("0", {"stride": 2, "padding": [1, 1]}).apply(before)
    assert after.module("0").stride == (2, 2)
    assert after.module("0").padding == (1, 1)
    assert after.module("0").weight is before.module("0").weight
    assert statuses(before, after) == {"0.weight": "kept", "0.bias": "kept"}


def test_fewer_outputs_keep_the_first_rows() -> None:
    before = document(nn.Linear(6, 5))
    after = SetArguments("0", {"out_features": 3}).apply(before)
    assert torch.equal(after.module("0").weight, before.module("0").weight[:3])
    assert statuses(before, after) == {"0.weight": "sliced", "0.bias": "sliced"}
    assert ledger(before, after).share_kept == pytest.approx(21 / 35)


def test_more_inputs_keep_the_trained_columns_and_start_the_rest_anew() -> None:
    before = document(nn.Linear(4, 2))
    after = SetArguments("0", {"in_features": 7}).apply(before)
    assert torch.equal(after.module("0").weight[:, :4], before.module("0").weight)
    assert after.module("0").bias is before.module("0").bias
    assert ledger(before, after).share_kept == 1


def test_kernels_are_centred() -> None:
    before = document(nn.Conv2d(2, 2, 3, bias=False))
    larger = SetArguments("0", {"kernel_size": 5}).apply(before)
    assert torch.equal(larger.module("0").weight[:, :, 1:4, 1:4], before.module("0").weight)
    back = SetArguments("0", {"kernel_size": 3}).apply(larger)
    assert torch.equal(back.module("0").weight, before.module("0").weight)
    assert statuses(before, back) == {"0.weight": "sliced"}


def test_the_gates_of_an_lstm_are_cut_one_by_one() -> None:
    before = document(nn.LSTM(3, 4))
    after = SetArguments("0", {"hidden_size": 2}).apply(before)
    old, new = before.module("0"), after.module("0")
    for gate in range(4):
        assert torch.equal(
            new.weight_ih_l0[gate * 2 : gate * 2 + 2], old.weight_ih_l0[gate * 4 : gate * 4 + 2]
        )
    assert all(a is b for a, b in zip(new._flat_weights, new.parameters(), strict=True))


def test_dropping_the_bias_drops_it() -> None:
    before = document(nn.Linear(3, 3))
    after = SetArguments("0", {"bias": False}).apply(before)
    assert statuses(before, after) == {"0.weight": "kept", "0.bias": "dropped"}


def test_a_recorded_composite_is_built_anew_with_its_weights() -> None:
    from torchvision.models.resnet import Bottleneck

    with recording():
        before = document(Bottleneck(256, 64))
    after = SetArguments("0", {"stride": 2, "downsample": None}).apply(before)
    assert after.module("0.conv2").stride == (2, 2)
    assert after.module("0.conv1").weight is before.module("0.conv1").weight
    assert isinstance(after.module("0"), Bottleneck)


def test_a_composite_that_was_changed_inside_is_not_built_over() -> None:
    from torchvision.models.resnet import Bottleneck

    with recording():
        before = document(Bottleneck(256, 64))
    edited = Replace("0.relu", "GELU()").apply(before)
    with pytest.raises(EditRefused, match="changed inside by hand"):
        SetArguments("0", {"stride": 2}).apply(edited)


def test_frozen_stays_frozen() -> None:
    before = Freeze("").apply(document(nn.Linear(4, 4)))
    after = SetArguments("0", {"out_features": 2}).apply(before)
    assert not any(p.requires_grad for p in after.root.parameters())


def test_a_layer_from_elsewhere_gives_its_arguments_back() -> None:
    after = SetArguments("0", {"out_channels": 4}).apply(document(nn.Conv2d(3, 8, (3, 1))))
    assert after.module("0").kernel_size == (3, 1)


@pytest.mark.parametrize(
    ("arguments", "kind", "reason"),
    [
        ({"out_feature": 3}, SpecError, "out_features"),
        ({"out_features": "many"}, SpecError, "out_features"),
        ({}, EditRefused, "No argument"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    arguments: dict[str, object], kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        SetArguments("0", arguments).apply(document(nn.Linear(3, 3)))


def test_an_opaque_composite_says_that_it_is_one() -> None:
    from torchvision.models.resnet import Bottleneck

    with pytest.raises(SpecError, match="Bottleneck"):
        SetArguments("0", {"stride": 2}).apply(document(Bottleneck(256, 64)))
