"""Making room where more features come: the next layer that counts them takes more."""

from torch import nn

from core.dataflow.graph import OUTPUT, Graph, Node, Ref
from core.dataflow.trace import trace
from core.document import Document, join
from core.document.surgery import find
from core.edits.arguments import SetArguments
from core.errors import Untraceable

#: Layers that give as many features as they get, each by itself: one looks past them.
_PASSING = (
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.Identity, nn.ReLU,
    nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh, nn.Hardswish,
    nn.Hardsigmoid, nn.Softplus,
)  # fmt: skip
_PASSING_NAMES = frozenset({"relu", "gelu", "silu", "dropout", "sigmoid", "tanh", "leaky_relu"})
_COUNTING = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)

#: What a module that only passes features on is answered with.
_THROUGH = ""


def next_counting(module: nn.Module, graph: Graph, name: str) -> str | None:
    """Return the path of the first Linear or convolution that reads ``name``, past activations.

    It may stand deep inside what is called. ``None`` where there is none, or several.
    """
    return _next(module, graph, name) or None


def counts_along(module: nn.Module, path: str, dim: int, dims: int) -> bool:
    """Say whether the layer counts its features along this dimension."""
    layer = find(module, path)
    if isinstance(layer, nn.Linear):
        return dim == dims - 1
    return dim == 1 and getattr(layer, "groups", 1) == 1


def widened(document: Document, path: str, more: int) -> Document:
    """Let a layer take more features at the end; the columns it has stay."""
    layer = document.module(path)
    name = "in_features" if isinstance(layer, nn.Linear) else "in_channels"
    return SetArguments(path, {name: getattr(layer, name) + more}).apply(document)


def _next(module: nn.Module, graph: Graph, name: str) -> str | None:
    while True:
        readers = graph.readers[name]
        if len(readers) != 1:
            return None
        node = graph.by_name[readers[0]]
        if node.kind == OUTPUT:
            return _THROUGH if node.args[0] == Ref(name) else None
        if node.kind == "call":
            found = _inside(find(module, node.target), node, name)
            if found is None:
                return None
            if found != _THROUGH:
                return node.target if found == "." else join(node.target, found)
        elif node.kind != "function" or node.target.__name__ not in _PASSING_NAMES:
            return None
        name = node.name


def _inside(child: nn.Module, call: Node, name: str) -> str | None:
    """Return where the layer is in what is called: ``"."`` for itself, ``""`` if past it."""
    if isinstance(child, _COUNTING):
        return "."
    if isinstance(child, _PASSING):
        return _THROUGH
    if not child._modules:
        return None
    try:
        inner = trace(child)
    except Untraceable:
        return None
    given = dict(zip((n.name for n in inner.inputs), call.args, strict=False)) | dict(call.kwargs)
    entries = [each for each, value in given.items() if value == Ref(name)]
    if len(entries) != 1 or entries[0] not in inner.by_name:
        return None
    return _next(child, inner, entries[0])
