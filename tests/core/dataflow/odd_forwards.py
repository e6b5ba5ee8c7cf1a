"""Forwards that are awkward to read: each has one thing that does not fit into a plain graph."""

import random
from collections import OrderedDict, namedtuple
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DropsOut(nn.Module):
    """``training=self.training`` and a branch on it, with a result of training alone."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.aux = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Any:
        x = F.dropout(self.body(x), 0.5, training=self.training)
        if self.training:
            return x, self.aux(x)
        return x


class EvalOnly(nn.Module):
    """A step of eval mode alone, and another place of one step in each mode."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        scale = 2.0 if self.training else 0.5
        x = self.body(x) * scale
        if not self.training:
            x = torch.softmax(x, 1)
        return x


class Noisy(nn.Module):
    """Torch's chance, which must be thrown anew in each run."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + torch.rand(4) * torch.rand_like(x)


class Dice(nn.Module):
    """Python's chance: another forward each time."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) * random.random()


class Counting(nn.Module):
    """A side effect that nothing reads."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.calls = 0
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen.append(1)
        return self.body(x)


class Buffered(nn.Module):
    """A buffer and a parameter that meet before any input does."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((4,), 3.0))
        self.register_buffer("mask", torch.tensor([1.0, 0.0, 1.0, 0.0]))

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.scale * self.mask) + torch.arange(4)


class Branching(nn.Module):
    """Goes by the numbers in a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 0:
            x = self.body(x)
        return x


class Optional(nn.Module):
    """An argument that may be left out, and one that must be named."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor, mask: Tensor | None = None, *, scale: float = 2.0) -> Tensor:
        if mask is not None:
            x = x * mask
        return self.body(x) * scale


class Shapes(nn.Module):
    """Reads sizes, writes into a slice, and checks with a message."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, _ = x.shape
        torch._assert(height == 8, f"height {height}, and 8 was {{wanted}}")
        y = self.body(x)
        y[:, 0] = 0
        y[0, :, 1:3] *= 2
        return -y.reshape(batch, 5, -1).permute(0, 2, 1)


Pair = namedtuple("Pair", ["main", "extra"])


class NamedOutput(nn.Module):
    """A named tuple comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Pair:
        y = self.body(x)
        return Pair(y, y + 1)


class Ordered(nn.Module):
    """An ordered dictionary comes out, as torchvision's segmentation models have it."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        result = OrderedDict()
        result["out"] = self.body(x)
        return result


class Asking(nn.Module):
    """Asks what it was given, as torchvision's dense layers do."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)

    def forward(self, x: Any) -> Tensor:
        parts = [x] if isinstance(x, Tensor) else x
        y = torch.cat(parts, 1)
        return self.body(y) if not isinstance(y, (int, float)) else y


class Batched(nn.Module):
    """Goes by what a dictionary has, and by the number of each block in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Linear(4, 4)
        self.image = nn.Linear(6, 4)
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        x = self.tokens(batch["tokens"])
        if "image" in batch:
            x = x + self.image(batch["image"])
        if "mask" not in batch:
            x = x * 2
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i % 2:
                x = torch.relu(x)
        return x


class Gathering(nn.Module):
    """Goes through a dictionary in four ways, and hands it on to one that asks."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Batched()

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        total = sum(value.mean() for name, value in batch.items() if name != "tokens")
        scale = batch.get("scale", 3.0)
        mask = batch.get("mask")
        if mask is not None:
            scale = scale * mask
        return self.inner(batch) * scale + total + len(batch) + len(list(batch))


READABLE: dict[str, tuple[Any, str]] = {
    "drops out": (DropsOut, "3,4"),
    "eval only": (EvalOnly, "3,4"),
    "noisy": (Noisy, "3,4"),
    "counting": (Counting, "3,4"),
    "buffered": (Buffered, "3,4"),
    "optional": (Optional, "3,4"),
    "optional, masked": (Optional, "3,4; mask=3,4"),
    "shapes": (Shapes, "2,3,8,8"),
    "named output": (NamedOutput, "3,4"),
    "ordered": (Ordered, "3,4"),
    "asking, a tensor": (Asking, "3,4"),
    "asking, a list": (Asking, "[3,3; 3,1]"),
    "batched": (Batched, "{tokens: 3,4}"),
    "batched, with an image": (Batched, "{tokens: 3,4; image: 3,6}"),
    "gathering": (Gathering, "{tokens: 3,4; image: 3,6}"),
}
