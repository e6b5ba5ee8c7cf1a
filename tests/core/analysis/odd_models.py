"""Small models that do what models do and tutorials do not."""

from collections import OrderedDict
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from core.document import InputSpec

IMAGE = (InputSpec(shape=(2, 3, 16, 16)),)
ROW = (InputSpec(shape=(2, 8)),)
TOKENS = (InputSpec(shape=(2, 5), dtype="int64"),)
SEQUENCE = (InputSpec(shape=(2, 5, 8)),)


class KeepsFeatures(nn.Module):
    """Stores what it saw in itself."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        self.features = self.conv(x)
        return self.features.mean((2, 3))


class ReadsFeatures(nn.Module):
    """Reads what a child stored in itself."""

    def __init__(self):
        super().__init__()
        self.stem = nn.ModuleList([KeepsFeatures()])
        self.head = nn.Conv2d(4, 5, 1)

    def forward(self, x):
        self.stem[0](x)
        return self.head(self.stem[0].features)


class Counts(nn.Module):
    """Gives more each time it is called."""

    def __init__(self):
        super().__init__()
        self.times = 0

    def forward(self, x):
        self.times += 1
        return torch.cat([x] * self.times, 1)


class CalledThrice(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(Counts())

    def forward(self, x):
        return [self.block(x), self.block(x), self.block(x)]


class HookCollects(nn.Module):
    """A hook appends to a list that the parent reads."""

    def __init__(self):
        super().__init__()
        self.collected = []
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3))
        collected = self.collected
        self.body[0].register_forward_hook(lambda m, a, out: collected.append(out))
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        self.collected.clear()
        self.body(x)
        return self.head(self.collected[0])


class HookChangesOutput(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        self.fc.register_forward_hook(lambda m, a, out: out[:, :2])
        self.fc.register_forward_pre_hook(lambda m, a: (a[0] * 2,))
        self.last = nn.Linear(2, 3)

    def forward(self, x):
        return self.last(self.fc(x))


class WritesToChild(nn.Module):
    """Assigns to a child, and calls its forward directly."""

    def __init__(self):
        super().__init__()
        self.child = KeepsFeatures()

    def forward(self, x):
        y = self.child.forward(x)
        self.child.note = 3
        return y + self.child.features.mean()


class WithBuffer(nn.Module):
    """Counts in a buffer, in place, and replaces another."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(1))
        self.register_buffer("last", torch.zeros(2, 8))

    def forward(self, x):
        self.seen.add_(1)
        self.last = x.detach()
        return x + self.seen


class SharedTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = self.a
        self.other = nn.Sequential(self.a, nn.ReLU())

    def forward(self, x):
        return self.other(self.b(self.a(x)))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.out = nn.Linear(8, 11, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        return self.out(self.embed(x))


class HoldsSibling(nn.Module):
    """Keeps a sibling in a plain list and calls it."""

    def __init__(self, sibling):
        super().__init__()
        self.friends = [sibling]
        self.own = nn.Linear(4, 8)

    def forward(self, x):
        return self.own(self.friends[0](x))


class Siblings(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 4)
        self.second = HoldsSibling(self.first)

    def forward(self, x):
        return self.second(x)


class BoundMethod(nn.Module):
    """Keeps a bound method of itself, a plain tensor, and a function."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.step = self._step
        self.scale = torch.ones(8)
        self.activation = F.relu

    def _step(self, x):
        return self.activation(self.fc(x) * self.scale)

    def forward(self, x):
        return self.step(x)


class Recursive(nn.Module):
    """Calls itself."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x, depth=3):
        return x if depth == 0 else self(self.fc(x), depth - 1)


class Pair(NamedTuple):
    left: torch.Tensor
    right: torch.Tensor


class Structured(nn.Module):
    """Dictionaries, lists, tuples, a named tuple and nothing go between modules."""

    class Split(nn.Module):
        def forward(self, x):
            return Pair(x[:, :4], x[:, 4:])

    class Gather(nn.Module):
        def forward(self, pair, *, extra=None, names=("a",)):
            return OrderedDict(sum=pair.left + pair.right, all=[pair.left, {"x": extra}], none=None)

    def __init__(self):
        super().__init__()
        self.split = self.Split()
        self.gather = self.Gather()

    def forward(self, x):
        return self.gather(self.split(x), extra=x)


class DictInput(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Conv2d(3, 4, 3)
        self.age = nn.Linear(1, 4)

    def forward(self, batch, scale=None):
        return self.image(batch["image"]).mean((2, 3)) + self.age(batch["age"])


class ReachesIntoChild(nn.Module):
    """Uses a child's weight without calling the child."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.unused = nn.Linear(3, 3)

    def forward(self, x):
        return F.linear(x, self.qkv.weight, self.qkv.bias).chunk(3, -1)[0]


class MakesConstants(nn.Module):
    """Makes tensors on the CPU, reads numbers from them, asks for the device."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(10, 8)
        self.position = nn.Embedding(20, 8)
        self.repeats = nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        places = torch.arange(x.shape[1])
        n = int((places + 1).max().item())
        y = self.embed(x) + self.position(places.to(self.embed.weight.device))[:n]
        return y.to(next(self.parameters()).device).repeat(1, int(self.repeats.item()), 1)


class TriesFirst(nn.Module):
    """Catches an error of its own."""

    def forward(self, x):
        try:
            return x + torch.zeros(3, 3, 3)
        except RuntimeError:
            return x.flatten(1)


class MakesLayer(nn.Module):
    """Builds a layer inside its forward."""

    def forward(self, x):
        return nn.ReLU()(nn.Identity()(x))


class AsksWhetherSame(nn.Module):
    """Does something else when its inputs are one object."""

    class Join(nn.Module):
        def forward(self, a, b):
            return a if a is b else torch.cat([a, b], 1)

    def __init__(self):
        super().__init__()
        self.join = self.Join()

    def forward(self, x):
        return [self.join(x, x), self.join(x, x + 1)]


class Blocks(nn.Module):
    """Equal blocks, of which one is frozen and one is wider."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(8, w), nn.GELU(), nn.Linear(w, 8)) for w in (8, 8, 16, 8)
        )
        for p in self.layers[1].parameters():
            p.requires_grad = False

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return x


class Numbered(nn.Module):
    """A block that knows where it stands, and one whose parent asks it."""

    class Block(nn.Module):
        def __init__(self, layer_idx, asks):
            super().__init__()
            self.layer_idx = layer_idx
            self.asks = asks
            self.fc = nn.Linear(8, 8)

        def forward(self, x, cache=None):
            if cache is not None:
                cache.update(self.layer_idx)
            return self.fc(x).repeat(1, 1 + self.layer_idx) if self.asks else self.fc(x)

    class Parent(nn.Module):
        def __init__(self, number):
            super().__init__()
            self.block = Numbered.Block(number, False)

        def forward(self, x):
            return torch.cat([self.block(x)] * getattr(self.block, "layer_idx"), 1)  # noqa: B009

    def __init__(self):
        super().__init__()
        self.silent = nn.ModuleList(self.Block(n, False) for n in range(4))
        self.asking = nn.ModuleList(self.Block(n, True) for n in range(4))
        self.parents = nn.ModuleList(self.Parent(n + 1) for n in range(3))

    def forward(self, x):
        for block in self.silent:
            x = block(x)
        return [each(x) for each in [*self.asking, *self.parents]]


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 5, batch_first=True)
        self.cell = nn.LSTMCell(5, 4)

    def forward(self, x):
        y, _ = self.lstm(x)
        y, h = self.gru(y)
        return self.cell(y[:, -1]), h


class Normed(nn.Module):
    """Old and new weight norm, spectral norm."""

    def __init__(self):
        super().__init__()
        self.old = weight_norm(nn.Conv2d(3, 4, 3))
        self.new = parametrizations.weight_norm(nn.Conv2d(4, 4, 3))
        self.spectral = spectral_norm(nn.Conv2d(4, 4, 3))
        self.newer = parametrizations.spectral_norm(nn.Conv2d(4, 4, 3))

    def forward(self, x):
        return self.newer(self.spectral(self.new(self.old(x))))


class Nothing(nn.Module):
    """No parameters, no children."""

    def forward(self, x):
        return x


def attention():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False))


def channels_last():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
    return model.to(memory_format=torch.channels_last)


#: Name -> (how to build it, its inputs).
ODD = {
    "keeps_features": (KeepsFeatures, IMAGE),
    "reads_features": (ReadsFeatures, IMAGE),
    "called_thrice": (CalledThrice, ROW),
    "hook_collects": (HookCollects, IMAGE),
    "hook_changes_output": (HookChangesOutput, ROW),
    "writes_to_child": (WritesToChild, IMAGE),
    "with_buffer": (WithBuffer, ROW),
    "shared_twice": (SharedTwice, ROW),
    "tied": (Tied, TOKENS),
    "siblings": (Siblings, ROW),
    "bound_method": (BoundMethod, ROW),
    "recursive": (Recursive, ROW),
    "structured": (Structured, ROW),
    "dict_input": (
        DictInput,
        (
            InputSpec(
                kind="dict",
                items=(
                    InputSpec(name="image", shape=(2, 3, 8, 8)),
                    InputSpec(name="age", shape=(2, 1)),
                ),
            ),
        ),
    ),
    "reaches_into_child": (ReachesIntoChild, ROW),
    "tries_first": (TriesFirst, ROW),
    "makes_layer": (MakesLayer, ROW),
    "asks_whether_same": (AsksWhetherSame, ROW),
    "blocks": (Blocks, SEQUENCE),
    "numbered": (Numbered, ROW),
    "recurrent": (Recurrent, SEQUENCE),
    "normed": (Normed, IMAGE),
    "nothing": (Nothing, ROW),
    "attention": (attention, SEQUENCE),
    "channels_last": (channels_last, IMAGE),
}
