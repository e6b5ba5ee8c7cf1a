"""The numbers of a tensor, held against plain torch."""

import pytest
import torch
from torch import Tensor, nn

from core import statistics
from core.document import Document
from core.statistics import heat_map, known_statistics, statistics_of, weights_of
from tests.zoo import ZOO


def check(tensor: Tensor) -> None:
    found = statistics_of(tensor)
    plain = (tensor.abs() if tensor.is_complex() else tensor).double()
    finite = plain[plain.isfinite()]
    assert found.count == tensor.numel()
    assert found.sampled is None
    assert found.nans == int(plain.isnan().sum())
    assert found.infinities == int(plain.isinf().sum())
    assert found.minimum == pytest.approx(finite.min().item())
    assert found.maximum == pytest.approx(finite.max().item())
    assert found.mean == pytest.approx(finite.mean().item(), rel=1e-5, abs=1e-6)
    assert found.std == pytest.approx(finite.std(correction=0).item(), rel=1e-5, abs=1e-6)
    assert found.zeros == pytest.approx((plain == 0).double().mean().item())
    assert sum(found.counts) == finite.numel()


TENSORS = {
    "float": torch.linspace(-3, 4, 1000),
    "one value": torch.tensor(3.5),
    "all the same": torch.full((4, 5), -2.0),
    "half": torch.linspace(-3, 4, 100).half(),
    "bfloat16": torch.linspace(-3, 4, 100).bfloat16(),
    "double": torch.linspace(-3, 4, 100).double(),
    "integers": torch.arange(-5, 20),
    "large integers": torch.tensor([2**62, 0, -(2**61)]),
    "bytes": torch.arange(0, 250, dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "complex": torch.tensor([1 + 2j, 0j, -3.0]),
    "transposed": torch.linspace(0, 1, 60).view(3, 4, 5).transpose(0, 2),
    "every second": torch.arange(20.0)[::2],
    "not a number": torch.tensor([1.0, float("nan"), -2.0, float("nan")]),
    "infinite": torch.tensor([1.0, float("inf"), -2.0, float("-inf"), 0.0]),
    "with gradient": nn.Parameter(torch.linspace(-1, 1, 9)),
}


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_the_numbers_are_those_of_plain_torch(tensor: Tensor) -> None:
    check(tensor)


def test_the_histogram_is_that_of_torch() -> None:
    values = torch.randn(5000)
    wanted = torch.histc(values, statistics.BINS)
    assert statistics_of(values).counts == tuple(map(int, wanted))


def test_nothing_finite_leaves_nothing_to_say_but_that() -> None:
    found = statistics_of(torch.tensor([float("nan"), float("inf")]))
    assert (found.nans, found.infinities, found.finite, found.counts) == (1, 1, False, ())


@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        (torch.empty(3, 4, device="meta"), "structure only"),
        (torch.empty(0, 4), "empty"),
        (torch.eye(3).to_sparse(), "layout"),
        (nn.UninitializedParameter(), "not initialised"),
    ],
    ids=["meta", "empty", "sparse", "lazy"],
)
def test_a_tensor_without_values_says_why(tensor: Tensor, why: str) -> None:
    assert statistics_of(tensor).why == why
    assert not statistics_of(tensor).finite


@pytest.mark.parametrize("turned", [False, True], ids=["contiguous", "transposed"])
def test_a_big_tensor_is_sampled_but_for_its_extremes(
    monkeypatch: pytest.MonkeyPatch, turned: bool
) -> None:
    monkeypatch.setattr(statistics, "_ALL", 1 << 14)
    monkeypatch.setattr(statistics, "_SAMPLE", 1 << 13)
    monkeypatch.setattr(statistics, "_BLOCK", 1 << 6)
    values = torch.randn(400, 300)
    values[17, 19], values[250, 3], values[399, 299] = 50.0, -60.0, float("nan")
    found = statistics_of(values.t() if turned else values)
    assert found.sampled is not None
    assert 1 << 11 < found.sampled <= 1 << 13
    assert (found.minimum, found.maximum, found.nans) == (-60.0, 50.0, 1)
    assert found.mean == pytest.approx(0, abs=0.1)
    assert found.std == pytest.approx(1, abs=0.5)


def test_the_answer_is_kept_as_long_as_the_tensor() -> None:
    values = torch.ones(3)
    assert known_statistics(values) is None
    found = statistics_of(values)
    assert known_statistics(values) is found
    assert statistics_of(values) is found
    before = len(statistics._known)
    del values
    assert len(statistics._known) == before - 1


def test_a_tensor_is_only_read() -> None:
    values = torch.randn(20, 20)
    before = values.clone()
    statistics_of(values)
    assert torch.equal(values, before)


def test_a_module_lists_its_own_parameters_and_buffers() -> None:
    root = nn.Sequential(nn.BatchNorm2d(4), nn.Linear(2, 2, bias=False))
    weights = weights_of(Document.of(root), "0")
    assert [(w.name, w.kind, w.shape, w.dtype, w.trainable) for w in weights] == [
        ("weight", "parameter", (4,), "float32", True),
        ("bias", "parameter", (4,), "float32", True),
        ("running_mean", "buffer", (4,), "float32", False),
        ("running_var", "buffer", (4,), "float32", False),
        ("num_batches_tracked", "buffer", (), "int64", False),
    ]
    assert [w.name for w in weights_of(Document.of(root), "1")] == ["weight"]
    assert weights_of(Document.of(root), "") == ()


def test_a_tied_weight_names_its_other_places() -> None:
    document = Document.of(ZOO["tied"][0]())
    (weight,) = weights_of(document, "head")
    assert weight.tied == ("embedding.weight",)
    assert weights_of(document, "body")[0].tied == ()


def test_a_lazy_weight_has_no_shape_yet() -> None:
    weights = weights_of(Document(nn.Sequential(nn.LazyLinear(3)), tangled=False), "0")
    assert weights[0].shape is None


def test_a_heat_map_holds_the_values_where_they_stand() -> None:
    weight = torch.randn(4, 3, 2, 2)
    found = heat_map(weight)
    assert found is not None
    assert (found.height, found.width) == (4, 12)
    assert torch.equal(torch.tensor(found.rows), weight.flatten(1))
    assert found.most == pytest.approx(weight.abs().max().item())
    large = torch.arange(1000.0 * 2000).view(1000, 2000)
    found = heat_map(large, 10, 20)
    assert found is not None
    assert found.at_row == tuple(range(0, 1000, 100))
    for row, at in zip(found.rows, found.at_row, strict=True):
        assert torch.equal(torch.tensor(row), large[at, list(found.at_column)])


def test_a_heat_map_of_odd_tensors() -> None:
    assert heat_map(torch.empty(0, 3)) is None
    assert heat_map(torch.empty(3, 3, device="meta")) is None
    assert heat_map(torch.eye(3).to_sparse()) is None
    alone = heat_map(torch.tensor(2.5))
    assert alone is not None
    assert alone.rows == ((2.5,),)
    holes = heat_map(torch.tensor([[1.0, float("nan")], [float("inf"), -4.0]]))
    assert holes is not None
    assert holes.most == 4.0
    whole = heat_map(torch.tensor([True, False]))
    assert whole is not None
    assert whole.rows == ((1.0, 0.0),)
