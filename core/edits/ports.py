"""Edits of what goes into a module and what comes out: external inputs, intermediate results.

Below the root, an input is handed down from the model's own, and an output handed up to it: the
modules on the way are re-wired too.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from core.dataflow import changing
from core.dataflow.graph import OUTPUT, REQUIRED, Fill, Graph, Items, Node, Ref
from core.dataflow.trace import graph_of
from core.document import Document, InputSpec, join
from core.document.inputs import DTYPES
from core.edits.base import Edit
from core.edits.handing import handed_down, handed_up, not_handed, returning
from core.edits.rewiring import item, opened, settled
from core.edits.widening import counts_along, next_counting, widened
from core.errors import EditRefused, nearest


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
            after = widened(after, join(self.path, wide[0]), wide[1])
        if self.path and self.default is None:
            after = handed_down(after, self.path, self.name)
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
        wide = next_counting(module, graph, name)
        dim = self.dim % len(shape)
        if wide is None or not counts_along(module, wide, dim, len(shape)):
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
            return not_handed(after, self.path, node.name)
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
        after = settled(document, self.path, returning(graph, found, name), children)
        return handed_up(after, self.path, before, name)


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
