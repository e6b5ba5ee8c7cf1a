"""Edits of what goes into a module and what comes out: external inputs, intermediate results.

Below the root, an input is handed down from the model's own, and an output handed up to it: the
modules on the way are re-wired too.
"""

import operator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from core.dataflow import changing
from core.dataflow.graph import OUTPUT, REQUIRED, Choice, Fill, Graph, Items, Node, Ref
from core.dataflow.trace import graph_of
from core.document import Document, InputSpec, join, split
from core.document.inputs import DTYPES
from core.edits.arguments import SetArguments
from core.edits.base import Edit
from core.edits.rewiring import item, opened, settled
from core.errors import EditRefused, Untraceable, nearest


class AddInput(Edit, frozen=True):
    """Give the module at ``path`` one more input, and say where it joins.

    ``shape`` is with the batch, such as (4, 3). With ``before`` it is laid beside what that step
    reads, along ``dim``, after a new dimension is made at ``unsqueeze``; the next layer that counts
    features is widened, and keeps its trained columns. With a ``default`` it may be left out, and
    then is a tensor full of that number; otherwise it is handed down from the model's own inputs.
    """

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    default: float | None = None
    before: str | None = None
    dim: int = 1
    unsqueeze: int | None = None
    port: int = 0
    widen: bool = True

    @property
    def label(self) -> str:
        """Name the input and where it joins."""
        where = f", joined before {self.before}" if self.before else ""
        shape = "×".join(map(str, self.shape)) or "scalar"
        return f"Add the input {self.name} ({shape}) to {self.path or 'the model'}{where}"

    def apply(self, document: Document) -> Document:
        """Add it; raises EditRefused."""
        self._check()
        graph, children = opened(document, self.path)
        graph = self._entered(graph)
        wide: tuple[str, int] | None = None
        if self.before is not None:
            graph, wide = self._joined(document.module(self.path), graph, self.before)
        after = settled(document, self.path, graph, children)
        notes = after.notes
        if wide is not None:
            after = _widened(after, join(self.path, wide[0]), wide[1])
        if self.path and self.default is None:
            after = _handed_down(after, self)
        if not self.path or self.default is None:
            after = _fed(after, self)
        return after.with_root(after.root, *notes)

    def _check(self) -> None:
        if self.dtype not in DTYPES:
            raise EditRefused(
                f"'{self.dtype}' is no dtype of a tensor.{nearest(self.dtype, DTYPES)}"
            )
        if any(size < 1 for size in self.shape):
            raise EditRefused(f"Every dimension of an input is at least 1; {self.shape} came.")
        if self.default is not None and not self.shape:
            raise EditRefused("An input with a default has a batch dimension, such as (4,).")

    def _entered(self, graph: Graph) -> Graph:
        name = changing.checked_name(graph, self.name)
        default: Any = REQUIRED
        if self.default is not None:
            like = next((n.name for n in graph.inputs if n.default is REQUIRED), None)
            if like is None:
                raise EditRefused("An input with a default needs another that tells the batch.")
            default = Fill(float(self.default), self.shape, self.dtype, like)
        node = Node(name, "input", name, default=default)
        inputs = graph.inputs
        return replace(graph, nodes=(*inputs, node, *graph.nodes[len(inputs) :]))

    def _joined(
        self, module: nn.Module, graph: Graph, before: str
    ) -> tuple[Graph, tuple[str, int] | None]:
        """Lay the input beside what ``before`` reads; return what to widen, and by how much."""
        target = changing.find(graph, before)
        if not 0 <= self.port < len(target.reads):
            raise EditRefused(f"{before} reads {len(target.reads)} tensors; port {self.port} came.")
        shape, new = list(self.shape), Ref(self.name)
        if self.unsqueeze is not None:
            if not -len(shape) - 1 <= self.unsqueeze <= len(shape):
                raise EditRefused(
                    f"A new dimension of a tensor of {len(shape)} goes to 0 to {len(shape)};"
                    f" {self.unsqueeze} came."
                )
            at = self.unsqueeze if self.unsqueeze >= 0 else self.unsqueeze + len(shape) + 1
            shape.insert(at, 1)
            name = changing.free_name(graph, "unsqueeze")
            args = (new, self.unsqueeze)
            made = Node(name, "function", torch.unsqueeze, args)
            graph = changing.insert(graph, made)
            new = Ref(name)
        if not -len(shape) <= self.dim < len(shape):
            raise EditRefused(
                f"{self.name} has {len(shape)} dimension(s) where it joins, so it cannot be laid"
                f" along dimension {self.dim}; make one with unsqueeze, or join along another."
            )
        source = target.reads[self.port]
        name = changing.free_name(graph, "cat")
        cat = Node(name, "function", torch.cat, (Items(list, (Ref(source), new)), self.dim))
        graph = changing.insert_on_edge(graph, cat, source, target.name, self.port)
        if not self.widen:
            return graph, None
        wide = _next_counting(module, graph, name)
        dim = self.dim % len(shape)
        if wide is None or not _counts_along(module, wide, dim, len(shape)):
            return graph, None
        return graph, (wide, shape[dim])


class RemoveInput(Edit, frozen=True):
    """Take an input away, with the steps that only serve it."""

    path: str
    name: str

    @property
    def label(self) -> str:
        """Name the input."""
        return f"Remove the input {self.name}"

    def apply(self, document: Document) -> Document:
        """Take it away; raises EditRefused where a step cannot do without."""
        graph, children = opened(document, self.path)
        node = changing.find(graph, self.name)
        if node.kind != "input":
            raise EditRefused(f"{self.name} is no input of {self.path or 'the model'}.")
        number = [n.name for n in graph.inputs].index(node.name)
        graph = _without(graph, node.name)
        after = settled(document, self.path, graph, children)
        if self.path:
            return _not_handed(after, self.path, node.name)
        rest = _other_inputs(document.inputs, node.name, number)
        return replace(after, inputs=rest)


class AddOutput(Edit, frozen=True):
    """Return one tensor more: what the step ``node`` of the module at ``path`` gives.

    It is appended to what is returned, or put under ``name`` where that is a dictionary. From below
    the root it is handed up, so that the model returns it.
    """

    path: str
    node: str
    name: str | None = None

    @property
    def label(self) -> str:
        """Name the step."""
        where = join(self.path, self.node)
        return f"Return {where} too" + (f", as {self.name}" if self.name else "")

    def apply(self, document: Document) -> Document:
        """Return it; raises EditRefused."""
        graph, children = opened(document, self.path)
        graph, found = item(graph, self.node)
        name = self.name or join(self.path, found.name).replace(".", "_")
        before = graph.output.args[0]
        after = settled(document, self.path, _returning(graph, found, name), children)
        return _handed_up(after, self.path, before, name)


class RemoveOutput(Edit, frozen=True):
    """Return one thing less: by its number, or by its name in a dictionary."""

    path: str
    which: int | str

    @property
    def label(self) -> str:
        """Name the output."""
        return f"Return {self.which} no more"

    def apply(self, document: Document) -> Document:
        """Drop it; raises EditRefused where there is no such output."""
        graph, children = opened(document, self.path)
        value = graph.output.args[0]
        if not isinstance(value, Items) or (value.kind not in (tuple, list) and not value.keys):
            raise EditRefused("It returns one thing, which cannot be left out.")
        keys = list(value.keys) or list(range(len(value.values)))
        if self.which not in keys:
            raise EditRefused(f"There is no output {self.which}; there are {keys}.")
        at = keys.index(self.which)
        values = value.values[:at] + value.values[at + 1 :]
        if not values:
            raise EditRefused("It returns one thing, which cannot be left out.")
        named = value.keys[:at] + value.keys[at + 1 :]
        rest: Any = replace(value, values=values, keys=named)
        if value.kind is tuple and len(values) == 1:
            rest = values[0]
        output = replace(graph.output, args=(rest,))
        graph = replace(graph, nodes=(*graph.nodes[:-1], output))
        return settled(document, self.path, graph, children)


def _returning(graph: Graph, ref: Ref, name: str) -> Graph:
    when = graph.by_name[ref.name].when
    value: Any = ref
    if when:
        value = Choice(ref, None) if when == "train" else Choice(None, ref)
    output = replace(graph.output, args=(changing.with_output(graph.output.args[0], value, name),))
    return changing.checked(replace(graph, nodes=(*graph.nodes[:-1], output)))


def _caller(document: Document, path: str) -> tuple[str, Node]:
    """Return the module that calls the one at ``path``, and the call; or refuse."""
    if len(document.paths_of(document.module(path))) > 1:
        raise EditRefused(f"{path} stands at several places, so what it is given there differs.")
    parent = path
    while parent:
        parent = split(parent)[0]
        if isinstance(document.module(parent), (nn.ModuleList, nn.ModuleDict)):
            continue  # which nobody calls: what is in it is called from above
        try:
            graph = graph_of(document, parent)
        except Untraceable as error:
            raise EditRefused(
                f"{path} cannot be reached from the model's own forward. {error}"
            ) from error
        calls = graph.calls_of(path[len(parent) + 1 if parent else 0 :])
        if len(calls) == 1:
            return parent, calls[0]
        if calls:
            raise EditRefused(
                f"{path} is called {len(calls)} times, so it is not clear which is meant."
            )
        if any(path.startswith(f"{join(parent, each)}.") for each in graph.called):
            break  # something between is called, and does not call it
    raise EditRefused(f"Nothing calls {path}, so nothing can be handed to it or from it.")


def _handed_down(document: Document, edit: AddInput) -> Document:
    """Give every module above the same input, and let it hand it on."""
    path = edit.path
    while path:
        parent, call = _caller(document, path)
        graph, children = opened(document, parent)
        name = changing.checked_name(graph, edit.name)
        inputs = graph.inputs
        changed = replace(call, kwargs=(*call.kwargs, (edit.name, Ref(name))))
        nodes = [changed if each.name == call.name else each for each in graph.nodes]
        nodes.insert(len(inputs), Node(name, "input", name))
        document = settled(document, parent, replace(graph, nodes=tuple(nodes)), children)
        path = parent
    return document


def _handed_up(document: Document, path: str, before: Any, name: str) -> Document:
    """Let every module above return the last thing that the one at ``path`` now returns."""
    while path:
        parent, call = _caller(document, path)
        graph, children = opened(document, parent)
        graph, extra = _unpacked(graph, call, before, name)
        path, before = parent, graph.output.args[0]
        document = settled(document, parent, _returning(graph, extra, name), children)
    return document


def _unpacked(graph: Graph, call: Node, before: Any, name: str) -> tuple[Graph, Ref]:
    """Take what a call gives apart: readers get what they did, and one step gets what is new."""

    def taken(key: Any, wanted: str) -> Node:
        called = changing.free_name(graph, wanted)
        args = (Ref(call.name), key)
        return Node(called, "function", operator.getitem, args, (), call.when)

    if isinstance(before, Items) and issubclass(before.kind, dict):
        extra = taken(name, name)
        return changing.insert(graph, extra), Ref(extra.name)
    if isinstance(before, Items) and before.kind in (tuple, list):
        count = len(before.values)
        extra = taken(count, name)
        kept, fresh = taken(Items(slice, (None, count, None)), f"{call.name}_kept"), [extra]
        whole = [
            reader
            for reader in graph.readers[call.name]
            if graph.by_name[reader].target is not operator.getitem
        ]
        if whole:
            fresh = [kept, extra]
    else:
        kept, extra = taken(0, f"{call.name}_0"), taken(1, name)
        fresh, whole = [kept, extra], list(graph.readers[call.name])
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.name in whole:
            node = node.mapped(lambda v: Ref(kept.name) if v == Ref(call.name) else v)
        nodes.append(node)
        if node.name == call.name:
            nodes += fresh
    return replace(graph, nodes=tuple(nodes)), Ref(extra.name)


def _without(graph: Graph, name: str) -> Graph:
    """Return the graph without an input and what only serves it; the rest does without."""
    gone = {name}
    for node in graph.nodes:
        if node.reads and node.kind != OUTPUT and gone.issuperset(node.reads):
            gone.add(node.name)
    for node in graph.nodes:
        if node.name in gone:
            continue
        for source in dict.fromkeys(each for each in node.reads if each in gone):
            graph = changing.disconnect(graph, source, node.name)
    nodes = tuple(each for each in graph.nodes if each.name not in gone)
    return changing.checked(replace(graph, nodes=nodes))


def _not_handed(document: Document, path: str, name: str) -> Document:
    """Let the caller of the module no longer hand over an argument of that name."""
    try:
        parent, call = _caller(document, path)
    except EditRefused:
        return document
    if name not in dict(call.kwargs):
        if call.args:
            return document.saying(f"{path} is still called with as many tensors as before.")
        return document
    graph, children = opened(document, parent)
    kept = tuple((k, v) for k, v in call.kwargs if k != name)
    changed = replace(call, kwargs=kept)
    nodes = tuple(changed if each.name == call.name else each for each in graph.nodes)
    return settled(document, parent, replace(graph, nodes=nodes), children)


def _fed(document: Document, edit: AddInput) -> Document:
    """Feed the model the new input: after the others, by name where one before may be left out."""
    graph = graph_of(document, "")
    others = [node for node in graph.inputs if node.name != edit.name]
    plain = all(node.default is REQUIRED and not node.target.startswith("*") for node in others)
    keyword = (
        not plain
        or edit.default is not None
        or any(each.keyword for each in document.inputs)
        or len(document.inputs) != len(others)
    )
    if not document.inputs and others:
        return document  # nobody knows yet what it is fed
    spec = InputSpec(edit.name, edit.shape, edit.dtype, keyword)
    return replace(document, inputs=(*document.inputs, spec))


def _other_inputs(inputs: tuple[InputSpec, ...], name: str, number: int) -> tuple[InputSpec, ...]:
    if any(each.name == name and each.keyword for each in inputs):
        return tuple(each for each in inputs if each.name != name)
    return tuple(each for index, each in enumerate(inputs) if index != number or each.keyword)


#: Layers that give as many features as they get, each by itself: one looks past them.
_PASSING = (
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.Identity, nn.ReLU,
    nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh, nn.Hardswish,
    nn.Hardsigmoid, nn.Softplus,
)  # fmt: skip
_PASSING_NAMES = frozenset({"relu", "gelu", "silu", "dropout", "sigmoid", "tanh", "leaky_relu"})
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def _next_counting(module: nn.Module, graph: Graph, name: str) -> str | None:
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


def _counts_along(module: nn.Module, path: str, dim: int, dims: int) -> bool:
    """Say whether the layer counts its features along this dimension."""
    found = _first_layer(module, path)
    if found is None:
        return False
    if isinstance(found[1], nn.Linear):
        return dim == dims - 1
    return dim == 1 and getattr(found[1], "groups", 1) == 1


def _widened(document: Document, path: str, more: int) -> Document:
    """Let a layer take more features at the end; the columns it has stay."""
    layer = document.module(path)
    name = "in_features" if isinstance(layer, nn.Linear) else "in_channels"
    return SetArguments(path, {name: getattr(layer, name) + more}).apply(document)
