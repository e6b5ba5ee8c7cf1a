"""Small odd models: each has one thing that real models do and editors trip over.

``ZOO`` maps a name to a builder and the inputs it is fed, as text.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Tied(nn.Module):
    """One weight under two names, as language models have it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.body = nn.Linear(8, 8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.body(self.embedding(tokens)))


class Shared(nn.Module):
    """One module under two names, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.between = nn.ReLU()
        self.second = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.between(self.first(x)))


class SharedBlock(nn.Module):
    """One block with children under two names."""

    def __init__(self) -> None:
        super().__init__()
        block = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
        self.left = block
        self.right = block
        self.end = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.left(x) + self.right(x))


class Recursive(nn.Module):
    """A layer called in a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = torch.relu(self.step(x))
        return x


class DictOutput(nn.Module):
    """Two results by name."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 4, 3, padding=1)
        self.classes = nn.Linear(4, 7)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.body(x)
        return {"out": self.classes(features.mean((2, 3))), "features": features}


class DictInput(nn.Module):
    """One dictionary comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Conv2d(3, 4, 3)
        self.age = nn.Linear(1, 4)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return self.image(batch["image"]).mean((2, 3)) + self.age(batch["age"])


class TwoInputs(nn.Module):
    """The tutorial's external input."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(10, 6)
        self.fc_add = nn.Linear(7, 3)

    def forward(self, x: Tensor, add_variable: Tensor) -> Tensor:
        return self.fc_add(torch.cat((self.body(x), add_variable.unsqueeze(1)), 1))


class Bare(nn.Module):
    """No parameters and no children."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class InPlace(nn.Module):
    """Operations in place on a tensor that is read again."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        y += 1
        self.act(y)
        y.mul_(2)
        return y


class Remembering(nn.Module):
    """A side effect: forward stores what it saw and counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.calls = 0
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.last = self.body(x)
        self.seen.append(tuple(x.shape))
        return self.last * 2


class PlainList(nn.Module):
    """A child that is also held in a plain list, through which forward calls it."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.order = [self.b, self.a]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.order:
            x = layer(x)
        return x


class Sibling(nn.Module):
    """A child that knows its sibling, and its parent, without registering them."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)
        self.friend = _Friend(self.inner, self)

    def forward(self, x: Tensor) -> Tensor:
        return self.friend(x)


class _Friend(nn.Module):
    def __init__(self, other: nn.Module, parent: nn.Module) -> None:
        super().__init__()
        self.others = [other]
        self.parents = (parent,)
        self.own = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.own(self.others[0](x)) * self.parents[0].inner.weight.sum()


class BoundMethod(nn.Module):
    """Keeps a bound method of itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.function = self._run

    def _run(self, x: Tensor) -> Tensor:
        return self.fc(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class PlainTensor(nn.Module):
    """A tensor as a plain attribute, neither parameter nor buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = torch.full((1, 3, 1, 1), 0.5)
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x - self.mean)


class ReachingIn(nn.Module):
    """Uses a child's weight without calling the child."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(4, 12)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.qkv.weight, self.qkv.bias)


class Unused(nn.Module):
    """A child that forward never calls."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Linear(4, 4)
        self.unused = nn.Linear(9, 9)

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x)


class Peculiar(nn.Module):
    """Compares equal to everything, so that only identity tells modules apart."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(4, 4)
        self.two = nn.Linear(4, 4)

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 7

    def forward(self, x: Tensor) -> Tensor:
        return self.two(self.one(x))


class Lists(nn.Module):
    """ModuleList and ModuleDict, driven by forward."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)])
        self.by_name = nn.ModuleDict({"linear": nn.Linear(4, 4), "act": nn.ReLU()})

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        for layer in self.by_name.values():
            x = layer(x)
        return x


def hooked() -> nn.Module:
    """A forward hook that changes what comes out."""
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    model[0].register_forward_hook(lambda module, inputs, output: output[:, :2])
    return model


def weight_normed() -> nn.Module:
    """The parametrised weight of ``weight_norm``."""
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), nn.ReLU())


def recurrent() -> nn.Module:
    """An LSTM, which keeps its weights in a plain list too."""
    return nn.LSTM(6, 5, num_layers=2, batch_first=True)


ZOO: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "tied": (Tied, "2,5:int64"),
    "shared": (Shared, "2,6"),
    "shared block": (SharedBlock, "2,6"),
    "recursive": (Recursive, "2,5"),
    "dict output": (DictOutput, "2,3,8,8"),
    "dict input": (DictInput, "{image: 2,3,8,8; age: 2,1}"),
    "two inputs": (TwoInputs, "2,10; 2"),
    "bare": (Bare, "2,3,4"),
    "in place": (InPlace, "2,3,8,8"),
    "remembering": (Remembering, "2,4"),
    "plain list": (PlainList, "2,4"),
    "sibling": (Sibling, "2,4"),
    "bound method": (BoundMethod, "2,4"),
    "plain tensor": (PlainTensor, "2,3,5,5"),
    "reaching in": (ReachingIn, "2,4"),
    "unused": (Unused, "2,4"),
    "peculiar": (Peculiar, "2,4"),
    "lists": (Lists, "2,4"),
    "hooked": (hooked, "2,4"),
    "weight norm": (weight_normed, "2,4"),
    "recurrent": (recurrent, "2,7,6"),
}


def outputs(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a copy of ``model`` in eval mode without gradients: the oracle."""
    import copy

    with torch.no_grad():
        return copy.deepcopy(model).eval()(*args, **kwargs)
