"""Making room where more features come: the next layer that counts them takes more."""

from torch import nn

from core.dataflow.graph import Graph
from core.document import Document, join
from core.edits.arguments import SetArguments

#: Layers that give as many features as they get, each by itself: one looks past them.
_PASSING = (
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.Identity, nn.ReLU,
    nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh, nn.Hardswish,
    nn.Hardsigmoid, nn.Softplus,
)  # fmt: skip
_PASSING_NAMES = frozenset({"relu", "gelu", "silu", "dropout", "sigmoid", "tanh", "leaky_relu"})
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def next_counting(module: nn.Module, graph: Graph, name: str) -> str | None:
    """Return the path of the first Linear or convolution that reads ``name``, past activations."""
    readers = graph.readers[name]
    while len(readers) == 1:
        node = graph.by_name[readers[0]]
        if node.kind == "call":
            found = _first_layer(module, node.target)
            if found is None:
                return None
            path, layer = found
            if isinstance(layer, (nn.Linear, *_CONVOLUTIONS)):
                return path
            if not isinstance(layer, _PASSING):
                return None
        elif node.kind != "function" or node.target.__name__ not in _PASSING_NAMES:
            return None
        readers = graph.readers[node.name]
    return None


def _first_layer(module: nn.Module, path: str) -> tuple[str, nn.Module] | None:
    """Return the layer at ``path``, or the first that is no activation in a Sequential there."""
    for name in path.split("."):
        child = module._modules.get(name)
        if child is None:
            return None
        module = child
    if type(module) is not nn.Sequential:
        return path, module
    last = None
    for name in module._modules:
        last = _first_layer(module, name)
        if last is None or not isinstance(last[1], _PASSING):
            break
    return None if last is None else (join(path, last[0]), last[1])


def counts_along(module: nn.Module, path: str, dim: int, dims: int) -> bool:
    """Say whether the layer counts its features along this dimension."""
    found = _first_layer(module, path)
    if found is None:
        return False
    if isinstance(found[1], nn.Linear):
        return dim == dims - 1
    return dim == 1 and getattr(found[1], "groups", 1) == 1


def widened(document: Document, path: str, more: int) -> Document:
    """Let a layer take more features at the end; the columns it has stay."""
    layer = document.module(path)
    name = "in_features" if isinstance(layer, nn.Linear) else "in_channels"
    return SetArguments(path, {name: getattr(layer, name) + more}).apply(document)
