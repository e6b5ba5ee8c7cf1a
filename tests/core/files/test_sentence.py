"""Files in a sentence, each written by plain PyTorch with the real optimizers."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import alexnet, resnet18

from core.blocks import UNet
from core.files import in_a_sentence, read_contents
from core.files.optimizers import optimizer_name


@pytest.fixture
def said(tmp_path: Path) -> Callable[[object], str]:
    def say(what: object) -> str:
        torch.save(what, tmp_path / "a.pth")
        return in_a_sentence(read_contents(tmp_path / "a.pth"))

    return say


def stepped(make: Callable[..., torch.optim.Optimizer], model: nn.Module) -> torch.optim.Optimizer:
    optimizer = make(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return optimizer


def small() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False))


def test_a_training_checkpoint(said: Callable[[object], str]) -> None:
    net = resnet18(num_classes=10)
    optimizer = stepped(torch.optim.Adam, nn.Linear(2, 2))
    file = {
        "model": nn.DataParallel(net).state_dict(), "optimizer": optimizer.state_dict(),
        "epoch": 37,
    }  # fmt: skip
    assert said(file) == (
        "Training checkpoint of a resnet18 with 10 classes, saved from the CPU with DataParallel,"
        " epoch 37, Adam"
    )


def from_gpus(file: Path, *gpus: str) -> Path:
    """The location is all that tells a file of a GPU; each storage's is written in turn."""
    there = file.with_name("cuda.pth")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(there, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("data.pkl"):
                data = data.replace(
                    b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00" + gpus[0].encode()
                )
            new.writestr(name, data)
    return there


def test_where_it_was_saved(tmp_path: Path) -> None:
    torch.save(small().state_dict(), tmp_path / "a.pth")
    text = in_a_sentence(read_contents(from_gpus(tmp_path / "a.pth", "cuda:1")))
    assert text.endswith("saved from a GPU")
    torch.save({f"module.{n}": t for n, t in small().state_dict().items()}, tmp_path / "a.pth")
    text = in_a_sentence(read_contents(from_gpus(tmp_path / "a.pth", "cuda:0")))
    assert text.endswith("saved from a GPU with DataParallel")


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two GPUs here")
def test_two_gpus(said: Callable[[object], str]) -> None:
    state = small().state_dict()
    spread = {name: t.to(f"cuda:{n % 2}") for n, (name, t) in enumerate(state.items())}
    assert "saved from two GPUs" in said(spread)


KINDS: dict[str, tuple[Callable[[], object], str]] = {
    "state dict": (lambda: resnet18().state_dict(), "State dict of a resnet18"),
    "a U-Net": (lambda: UNet(1, 5).state_dict(), "State dict of a UNet with 5 classes"),
    "an": (lambda: alexnet().state_dict(), "State dict of an alexnet"),
    "without a head": (
        lambda: {n: t for n, t in resnet18().state_dict().items() if not n.startswith("fc.")},
        "State dict of a resnet18 without fc",
    ),
    "whole": (lambda: resnet18(), "Whole model of class ResNet, a resnet18"),
    "whole, wrapped": (
        lambda: nn.DataParallel(small()),
        "Whole model of class Sequential, saved from the CPU with DataParallel",
    ),
    "compiled": (
        lambda: {f"_orig_mod.{n}": t for n, t in resnet18().state_dict().items()},
        "State dict of a resnet18, saved from the CPU with torch.compile",
    ),
    "unknown": (
        lambda: small().state_dict(),
        "State dict of an unknown model of three tensors, 24 values (0, 1)",
    ),
    "averaged, too": (
        lambda: {"model": small().state_dict(), "model_ema": small().state_dict(), "epoch": 1},
        "Training checkpoint of an unknown model of three tensors, 24 values (0, 1), with a moving"
        " average of the weights, epoch 1",
    ),
    "optimizer": (
        lambda: torch.optim.SGD(small().parameters(), lr=1, momentum=0.9).state_dict(),
        "Optimizer state of three parameters, SGD with momentum",
    ),
    "no tensors": (lambda: {"epoch": 3, "best": 0.5}, "No tensors, only epoch, best"),
    "lightning": (
        lambda: {
            "pytorch-lightning_version": "2.4", "epoch": 2, "global_step": 4000,
            "state_dict": {f"net.{n}": t for n, t in resnet18().state_dict().items()},
            "optimizer_states": [stepped(torch.optim.AdamW, small()).state_dict()],
            "lr_schedulers": [],
        },
        "Lightning checkpoint of a resnet18, epoch 2, step 4,000, AdamW",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str, said: Callable[[object], str]) -> None:
    make, text = KINDS[kind]
    assert said(make()) == text


def test_safetensors(tmp_path: Path) -> None:
    save_file(resnet18().state_dict(), tmp_path / "a.safetensors")
    assert in_a_sentence(read_contents(tmp_path / "a.safetensors")) == "State dict of a resnet18"


OPTIMIZERS: dict[str, Any] = {
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "NAdam": torch.optim.NAdam,
    "RAdam": torch.optim.RAdam,
    "Adamax": torch.optim.Adamax,
    "Adadelta": torch.optim.Adadelta,
    "Adagrad": torch.optim.Adagrad,
    "Adafactor": torch.optim.Adafactor,
    "RMSprop": lambda p: torch.optim.RMSprop(p, momentum=0.9, centered=True),
    "Rprop": torch.optim.Rprop,
    "ASGD": torch.optim.ASGD,
    "SGD": torch.optim.SGD,
    "SGD with momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_told_by_its_state(name: str, tmp_path: Path) -> None:
    optimizer = stepped(OPTIMIZERS[name], small())
    torch.save(optimizer.state_dict(), tmp_path / "a.pth")
    assert optimizer_name(read_contents(tmp_path / "a.pth").tree) == name


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n not in ("RAdam", "Adamax")])
def test_before_its_first_step_it_is_told_by_its_settings(name: str, tmp_path: Path) -> None:
    torch.save(OPTIMIZERS[name](small().parameters()).state_dict(), tmp_path / "a.pth")
    told = optimizer_name(read_contents(tmp_path / "a.pth").tree)
    assert told in (name, "")
    assert told == name or name == "Adafactor"


def test_an_adam_of_older_releases_may_be_either() -> None:
    state = stepped(torch.optim.Adam, small()).state_dict()
    for group in state["param_groups"]:
        del group["decoupled_weight_decay"]
    assert optimizer_name(state) == "Adam or AdamW"


def test_torch_is_not_needed(tmp_path: Path) -> None:
    torch.save({"model": small().state_dict(), "epoch": 3}, tmp_path / "a.pth")
    code = (
        "import sys; from pathlib import Path\n"
        "from core.files import in_a_sentence, read_contents\n"
        "print(in_a_sentence(read_contents(Path(sys.argv[1]))))\n"
        "assert 'torch' not in sys.modules"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.pth")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.strip().endswith("epoch 3")
