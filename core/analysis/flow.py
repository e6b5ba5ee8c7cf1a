"""How tensors travel through one module: its graph, with the shape of every tensor on the way.

The steps of the graph are run one by one on shapes alone; calls of children are answered from what
is remembered of them, so that after an edit only what is new is run.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from core.analysis.descriptions import Describer, Kind, of_tensor, rebuild
from core.analysis.engine import LOCK, NeedsNumbers, Pass
from core.analysis.hazards import doubts_of
from core.analysis.problems import Problem
from core.analysis.report import Report
from core.analysis.values import Value, value_of
from core.dataflow import is_rewired
from core.dataflow.graph import Choice, Edge, Fill, Graph, Items, Node, Ref
from core.dataflow.lists import RUNNING
from core.dataflow.recorded import recorded
from core.dataflow.trace import graph_of
from core.document import join
from core.document.inputs import DTYPES
from core.errors import Cancelled, Untraceable


@dataclass(frozen=True)
class Flow:
    """The graph of the module at ``path``.

    ``tensors`` are what each step gives, by name, as far as it is known. ``reason`` says why the
    module cannot be re-wired; the graph is then a picture of one run, or ``None``.
    """

    path: str
    type: str
    graph: Graph | None
    tensors: dict[str, Value] = field(default_factory=dict)
    reason: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def can_be_rewired(self) -> bool:
        """Whether the graph is the forward itself, and not a picture."""
        return not self.reason

    @property
    def edges(self) -> tuple[tuple[Edge, Value | None], ...]:
        """Every connection with the tensor on it."""
        if self.graph is None:
            return ()
        return tuple((each, self.tensors.get(each.source)) for each in self.graph.edges)


def flow(report: Report, path: str = "", *, picture: bool = True) -> Flow:
    """Return how tensors travel through the module at ``path``.

    Where its forward cannot be read, ``picture`` says whether the model is run once instead.
    Raises EditRefused for unknown paths.
    """
    document = report.document
    module = document.module(path)
    kind = type(module).__name__
    try:
        graph = graph_of(document, path)
    except Untraceable as error:
        return _pictured(report, path, kind, str(error), picture)
    run = _Run(report, path, module, graph)
    tensors = run.tensors
    problems = list(_doubts(report, path, graph, run))
    problems += doubts_of(document, path, graph)
    return Flow(path, kind, graph, tensors, "", tuple(problems))


def _pictured(report: Report, path: str, kind: str, reason: str, picture: bool) -> Flow:
    if not picture:
        return Flow(path, kind, None, {}, reason)
    try:
        graph = recorded(report.document, path, reason)
    except Untraceable as error:
        return Flow(path, kind, None, {}, str(error))
    tensors: dict[str, Value] = {}
    counted: dict[str, int] = {}
    for node in graph.nodes:
        if node.kind == "call":
            calls = report.module(join(path, node.target)).all_calls
            number = counted.get(node.target, 0)
            counted[node.target] = number + 1
            output = calls[number].output if number < len(calls) else None
            if output is not None:
                tensors[node.name] = output
    return Flow(path, kind, graph, tensors, reason)


def _doubts(report: Report, path: str, graph: Graph, run: "_Run") -> Iterator[Problem]:
    """Yield a problem where the graph does other than the module does when it runs.

    A forward that asks what kind of thing it was given may go another way when it is read.
    """
    found = report.module(path)
    module = report.document.module(path)
    if is_rewired(module) or not found.reached or found.assumed or found.output is None:
        return
    called = [n.target for n in graph.seen_in("eval").nodes if n.kind == "call"]
    calls = found._calls[0].inner
    really = [place for place, _ in calls if isinstance(place, str) and place]
    same_calls = len(really) != len(calls) or len(called) == len(really)
    if run.output is None or (same_calls and _alike(run.output, found.output)):
        return
    yield Problem(
        path,
        f"The forward of {type(module).__name__} goes another way when it is read than when it runs"
        f" (it gives {run.output} instead of {found.output}); re-wiring it would change what it"
        " does.",
    )


def _alike(one: Value, other: Value) -> bool:
    return [each.shape for each in one.tensors()] == [each.shape for each in other.tensors()]


class _Run:
    """One run of a graph in eval mode on meta tensors; what fails is left out."""

    def __init__(self, report: Report, path: str, module: nn.Module, graph: Graph) -> None:
        self.tensors: dict[str, Value] = {}
        self.output: Value | None = None
        self._module = module
        self._values: dict[str, Any] = {}
        try:
            given = self._given(report, path)
            with LOCK:
                Pass(module).within(lambda: self._steps(graph, given))
        except Cancelled:
            raise
        except (Exception, NeedsNumbers):  # as far as it went is what is known
            return

    def _given(self, report: Report, path: str) -> dict[str, Any]:
        args, kwargs = report.document.example_inputs("meta")
        if path:
            inputs = report.module(path)._calls[0].inputs
            value = rebuild(inputs, [])
            args, kwargs = ((value,), {}) if of_tensor(inputs) else value
        signature = inspect.signature(self._module.forward)
        return dict(signature.bind(*args, **kwargs).arguments)

    def _steps(self, graph: Graph, given: dict[str, Any]) -> None:
        for node in graph.nodes:
            if node.when == "train":
                continue
            if any(name not in self._values for name in node.seen_in("eval").reads):
                continue
            try:
                value = self._result(node, given)
            except Cancelled:
                raise
            except Exception:  # a problem of the report; the steps beside it are still told
                continue
            with torch._C.DisableTorchFunction():
                told = _told(value)
            if node.kind == "output":
                self.output = told
                return
            self._values[node.name] = value
            self.tensors[node.name] = told

    def _result(self, node: Node, given: dict[str, Any]) -> Any:
        if node.kind == "input":
            return self._input(node, given)
        if node.kind == "attribute":
            return _at(self._module, node.target)
        args = [self._value(each) for each in node.args]
        if node.kind == "output":
            return args[0]
        kwargs = {name: self._value(each) for name, each in node.kwargs}
        if node.kind == "call":
            return _at(self._module, node.target)(*args, **kwargs)
        if node.target in RUNNING:
            return node.target(*args, layers=self._module)
        if node.kind == "method":
            return getattr(args[0], node.target)(*args[1:], **kwargs)
        return node.target(*args, **kwargs)

    def _input(self, node: Node, given: dict[str, Any]) -> Any:
        name = str(node.target).lstrip("*")
        default = node.default
        if name not in given and isinstance(default, Fill):
            return torch.empty(default.shape, dtype=DTYPES[default.dtype], device="meta")
        return given.get(name, default)

    def _value(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self._values[value.name]
        if isinstance(value, Choice):
            return self._value(value.eval)
        if not isinstance(value, Items):
            return value
        values = [self._value(each) for each in value.values]
        if value.kind is slice:
            return slice(*values)
        if value.kind is str:
            return "".join(map(str, values))
        if issubclass(value.kind, dict):
            return value.kind(zip(value.keys, values, strict=True))
        return value.kind(values) if value.kind in (list, tuple) else value.kind(*values)


def _at(module: nn.Module, path: str) -> Any:
    found: Any = module
    for name in path.split("."):
        children = found._modules if isinstance(found, nn.Module) else {}
        found = children[name] if name in children else getattr(found, name)
    return found


def _told(value: Any) -> Value:
    """Return what a step gave, for people."""
    description = Describer().describe(value)
    return value_of(description, (Kind.PLAIN, None))


def shape_comments(found: Flow) -> dict[str, str]:
    """Return the shape of each tensor as a comment in code tells it: ``(1, 64, 56, 56)``."""
    return dict(_comments(found))


def _comments(found: Flow) -> Iterator[tuple[str, str]]:
    for name, value in found.tensors.items():
        if value.kind == "tensor":
            yield name, f"({', '.join(map(str, value.shape or ()))})"
