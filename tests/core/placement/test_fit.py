"""What a model needs, held against what autograd keeps; places that are not there."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from core.document import Document, InputSpec
from core.errors import PlacementError
from core.placement import Device, Placement, devices, need, try_forward, verdict


def mlp() -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 8)
    )


def document(model: nn.Module, *shape: int) -> Document:
    return Document.of(model, (InputSpec(shape=shape),))


def saved_bytes(model: nn.Module, x: Tensor) -> int:
    """What autograd keeps of a forward, besides the parameters themselves."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    seen: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        held = model.train()(x)
    del held
    return sum(seen.values())


@pytest.mark.parametrize(
    ("build", "shape"),
    [(mlp, (32, 64)), (lambda: resnet18(num_classes=3), (4, 3, 64, 64))],
    ids=["mlp", "resnet18"],
)
def test_the_estimate_is_near_what_autograd_keeps(
    build: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    model = build()
    real = saved_bytes(build(), torch.randn(shape))
    estimate = need(document(model, *shape), optimizer="adam").activations
    assert 0.6 < estimate / real < 2, estimate / real


def test_weights_gradients_and_moments_are_counted() -> None:
    model = mlp()
    count = sum(p.numel() for p in model.parameters())
    for optimizer, numbers in (("sgd", 0), ("sgd momentum", 1), ("adamw", 2)):
        found = need(document(model, 1, 64), optimizer=optimizer)
        assert (found.parameters, found.gradients) == (4 * count, 4 * count)
        assert found.optimizer == numbers * 4 * count
    still = need(document(model, 1, 64))
    assert still.gradients == still.optimizer == 0
    model[0].requires_grad_(False)
    frozen = need(document(model, 1, 64), optimizer="adam")
    assert frozen.gradients == 4 * (count - 64 * 256 - 256)


def test_a_batch_is_shared_out() -> None:
    one = need(document(mlp(), 1, 64), optimizer="adam").activations
    assert need(document(mlp(), 1, 64), optimizer="adam", batch=32).activations == 32 * one
    assert need(document(mlp(), 1, 64), optimizer="adam", batch=32, parts=2).activations == 16 * one


def test_verdicts() -> None:
    needed = need(document(mlp(), 1, 64))
    cases = {10**12: "fits", 10: "does not fit", None: "unknown", needed.total + 1: "tight"}
    for free, said in cases.items():
        assert verdict(needed, Device("cpu", "", free, free)) == said


GPUS = (
    Device("cpu", "", 1, 1),
    Device("cuda:0", "", 1, 1),
    Device("cuda:1", "", 1, 1),
    Device("", "", 1, 1, hidden=True),
)


@pytest.mark.parametrize("text", ["cpu", "cuda:1", "dp:0,1", "ddp:1"])
def test_places_are_read_and_written(text: str) -> None:
    assert str(Placement.read(text, GPUS)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tpu", "write cpu, cuda:0"),
        ("cuda:x", "write cpu, cuda:0"),
        ("cuda:7", r"no cuda:7: cuda:0, cuda:1\. 1 more are hidden"),
        ("dp:0,0", "twice"),
        ("cuda:0,1", "write dp:0,1"),
    ],
)
def test_places_that_are_none(text: str, said: str) -> None:
    with pytest.raises(PlacementError, match=said):
        Placement.read(text, GPUS)


@pytest.mark.parametrize("place", ["cpu", "dp"])
def test_a_forward_on_the_cpu(place: str) -> None:
    model = document(mlp(), 2, 64)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    ran = try_forward(model, Placement.read(place, devices()))
    assert ran.output == (2, 8)
    assert ran.seconds > 0
    assert all(torch.equal(before[n], t) for n, t in model.state_dict().items())


def test_a_model_that_does_not_run_says_why() -> None:
    with pytest.raises(PlacementError, match="did not run on cpu"):
        try_forward(document(mlp(), 2, 63), Placement("cpu"))
