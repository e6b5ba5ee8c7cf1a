"""What a model needs by our count, held against what CUDA has allocated in a real step."""

import gc
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torchvision import models

from core.blocks import UNet
from core.document import Document, InputSpec
from core.placement import need

pytestmark = pytest.mark.gpu
CASES: list[tuple[str, Callable[[], nn.Module], tuple[int, ...]]] = [
    ("resnet50", models.resnet50, (16, 3, 224, 224)),
    ("vgg11", models.vgg11, (8, 3, 224, 224)),
    ("mobilenet_v3_large", models.mobilenet_v3_large, (16, 3, 224, 224)),
    ("vit_b_16", models.vit_b_16, (8, 3, 224, 224)),
    ("UNet", lambda: UNet(3, 2), (2, 3, 256, 256)),
]


@pytest.fixture(autouse=True)
def _clean() -> None:
    # Convolutions choose algorithms by what is free, and some of them take gigabytes to be quick.
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()


@pytest.mark.parametrize(("name", "build", "shape"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("optimizer", ["none", "sgd momentum", "adamw"])
def test_the_need_is_near_what_is_allocated(
    name: str, build: Callable[[], nn.Module], shape: tuple[int, ...], optimizer: str
) -> None:
    found = need(Document.of(build(), (InputSpec(shape=shape),)), optimizer=optimizer)
    before = torch.cuda.memory_allocated()
    net = build().cuda()
    x = torch.randn(shape, device="cuda")
    if optimizer == "none":
        with torch.no_grad():
            net.eval()(x)
    else:
        kinds = {
            "sgd momentum": lambda p: torch.optim.SGD(p, lr=1e-4, momentum=0.9),
            "adamw": lambda p: torch.optim.AdamW(p, lr=1e-4),
        }
        steps = kinds[optimizer](net.parameters())
        for _ in range(2):
            steps.zero_grad()
            net(x).sum().backward()
            steps.step()
    real = torch.cuda.max_memory_allocated() - before
    print(f"{name:20} {optimizer:14} ours {found.total / 1e6:8.0f} MB, CUDA {real / 1e6:8.0f} MB,"
          f" {found.total / real:.2f}")  # fmt: skip
    assert 0.5 < found.total / real < 2
