"""The graph of one module's forward: immutable nodes, in the order in which they run.

A node's arguments are Python values with references in them::

    Ref("conv1")                       the result of the node conv1
    Choice(Ref("aux"), None)           one thing in train mode, another in eval mode
    Items(list, (Ref("a"), Ref("b")))  a collection: list, tuple, dict, slice or a named tuple

Everything else is a constant. What a forward does in one mode only is marked with ``when``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

Kind = Literal["input", "call", "function", "method", "attribute", "output"]
When = Literal["", "train", "eval"]
OUTPUT = "output"


class _Required:
    """The default of an input that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


@dataclass(frozen=True, slots=True)
class Ref:
    """The result of the node called ``name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A value in train mode and another one in eval mode: ``self.training`` is (True, False)."""

    train: Any
    eval: Any


@dataclass(frozen=True, slots=True)
class Items:
    """A collection of values; ``keys`` are those of a dict."""

    kind: type
    values: tuple[Any, ...]
    keys: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """What stands for an input that is not given: a tensor full of one number.

    ``shape`` begins with the batch, which is taken from the input ``like``.
    """

    value: float
    shape: tuple[int, ...]
    dtype: str
    like: str


@dataclass(frozen=True)
class Node:
    """One step of a forward.

    ``target`` is, by kind, the name of the parameter (input, stars included), the path of the child
    (call), the function itself (function), the name of the method (its object is the first
    argument), or the path of a tensor (attribute). ``source`` is where it stands in the code that
    was read, such as ``resnet.py:268``.
    """

    name: str
    kind: Kind
    target: Any
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    when: When = ""
    default: Any = REQUIRED
    source: str = field(default="", compare=False)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The names it refers to, in order; one that is read twice comes twice."""
        return tuple(ref.name for ref in refs((self.args, self.kwargs)))

    @property
    def title(self) -> str:
        """What it does, in a word: the child's path, the function's or the method's name."""
        if self.kind == "function":
            return str(getattr(self.target, "__name__", self.target)).strip("_")
        return self.name if self.kind in ("input", "output") else str(self.target)

    def seen_in(self, mode: str) -> "Node":
        """Return the node as it is in train mode or in eval mode, without choices."""

        def decided(value: Any) -> Any:
            return getattr(value, mode) if isinstance(value, Choice) else value

        return replace(self.mapped(decided), when="")

    def mapped(self, change: Callable[[Any], Any]) -> "Node":
        """Return the node with ``change`` made on each reference and choice in its arguments."""
        args = tuple(mapped(each, change) for each in self.args)
        kwargs = tuple((name, mapped(each, change)) for name, each in self.kwargs)
        return replace(self, args=args, kwargs=kwargs)


@dataclass(frozen=True)
class Edge:
    """A tensor on its way: the ``port``-th reference of ``target`` is to ``source``."""

    source: str
    target: str
    port: int


@dataclass(frozen=True)
class Graph:
    """What a forward does. ``notes`` tell what of the forward a graph does not hold."""

    nodes: tuple[Node, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def readers(self) -> dict[str, tuple[str, ...]]:
        """Which nodes read each node, in order, each once."""
        found: dict[str, dict[str, None]] = {node.name: {} for node in self.nodes}
        for node in self.nodes:
            for name in node.reads:
                found[name][node.name] = None
        return {name: tuple(readers) for name, readers in found.items()}

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The inputs, in the order of the forward's parameters."""
        return tuple(node for node in self.nodes if node.kind == "input")

    @property
    def output(self) -> Node:
        """The node that returns."""
        return self.nodes[-1]

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every connection, in the order of the targets."""
        return tuple(
            Edge(source, node.name, port)
            for node in self.nodes
            for port, source in enumerate(node.reads)
        )

    @cached_property
    def called(self) -> frozenset[str]:
        """The paths of the children it calls, and of the tensors it reads."""
        return frozenset(n.target for n in self.nodes if n.kind in ("call", "attribute"))

    def calls_of(self, path: str) -> tuple[Node, ...]:
        """Return the calls of the child at ``path``."""
        return tuple(n for n in self.nodes if n.kind == "call" and n.target == path)

    def seen_in(self, mode: Literal["train", "eval"]) -> "Graph":
        """Return the graph of one mode alone, without choices."""
        nodes = [node.seen_in(mode) for node in self.nodes if node.when in ("", mode)]
        return replace(self, nodes=tuple(nodes))


def refs(value: Any) -> Iterator[Ref]:
    """Yield the references in a value, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Choice):
        yield from refs(value.train)
        yield from refs(value.eval)
    elif isinstance(value, Items):
        yield from refs(value.values)
    elif isinstance(value, tuple):
        for each in value:
            yield from refs(each)


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return ``value`` with ``change`` made on every reference and choice, innermost first."""
    if isinstance(value, Ref):
        return change(value)
    if isinstance(value, Choice):
        train, evaluation = mapped(value.train, change), mapped(value.eval, change)
        if same(train, evaluation):
            return train
        return change(Choice(train, evaluation))
    if isinstance(value, Items):
        return replace(value, values=tuple(mapped(each, change) for each in value.values))
    return value


def same(one: Any, other: Any) -> bool:
    """Say whether two values are equal and of one type: ``True`` is not 1, nor 1 the float 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Items):
        return (
            one.kind is other.kind and same(one.keys, other.keys) and same(one.values, other.values)
        )
    if isinstance(one, Choice):
        return same(one.train, other.train) and same(one.eval, other.eval)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if one is other:
        return True
    try:
        return bool(one == other)
    except Exception:  # what does not compare to a truth value is not the same thing
        return False
