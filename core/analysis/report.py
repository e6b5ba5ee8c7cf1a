"""What an analysis found: totals at once, anything about single modules when it is looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from torch import Tensor, nn

from core.analysis import operators
from core.analysis.calls import Call, Failure
from core.analysis.engine import LOCK
from core.analysis.hazards import hazards_of
from core.analysis.problems import Problem, problems_of
from core.analysis.structure import Facts, facts_of
from core.analysis.values import Value, inputs_value, value_of
from core.document import Document, join


@dataclass(frozen=True)
class CallShapes:
    """What went into one call of a module, and what came out (``None`` where it failed)."""

    inputs: Value
    output: Value | None


@dataclass(frozen=True)
class ModuleReport:
    """One module: what it holds, what it is fed, what it gives.

    ``inputs`` and ``output`` are of its first call, :attr:`all_calls` has them all. ``parameters``,
    ``trainable`` and ``bytes`` count the module with everything in it. ``macs`` is the sum over all
    its calls. ``assumed`` says that something failed and the output is what it would likely be.
    """

    path: str
    type: str
    parameters: int
    trainable: int
    bytes: int
    _calls: tuple[Call, ...]

    @property
    def calls(self) -> int:
        """How often it is called."""
        return len(self._calls)

    @property
    def reached(self) -> bool:
        """Whether it is called at all."""
        return bool(self._calls)

    @property
    def assumed(self) -> bool:
        """Whether an output was assumed, since the module fails."""
        return any(each.assumed for each in self._calls)

    @cached_property
    def all_calls(self) -> tuple[CallShapes, ...]:
        """Every call, in order."""
        return tuple(_shapes(each) for each in self._calls)

    @property
    def inputs(self) -> Value | None:
        """What it is first called with: its one argument, or a list or dict of several."""
        return inputs_value(self._calls[0].inputs) if self._calls else None

    @property
    def output(self) -> Value | None:
        """What first comes out."""
        return _shapes(self._calls[0]).output if self._calls else None

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates over all its calls."""
        return sum(_macs(each) for each in self._calls)


class Report:
    """Shapes, cost and problems of one document. Cheap to make; details come when asked for."""

    def __init__(
        self,
        document: Document,
        facts: Facts,
        call: Call | None,
        notes: tuple[str, ...] = (),
        failure: Failure | None = None,
        mode: Literal["meta", "real"] = "meta",
    ) -> None:
        self.document = document
        self.mode = mode
        self.notes = notes
        self._facts = facts
        self._call = call
        self._failure = failure

    @property
    def parameters(self) -> int:
        """Numbers in parameters; a weight used at several places counts once."""
        return self._held[0]

    @property
    def trainable(self) -> int:
        """Numbers in parameters that are trained."""
        return self._held[1]

    @property
    def bytes(self) -> int:
        """Bytes of parameters and buffers."""
        return self._held[2]

    @cached_property
    def _held(self) -> tuple[int, int, int]:
        return _held(self.document.root, self._facts, self.document.tangled)

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of one forward; ``None`` where the model does not run."""
        return None if self._call is None or self._call.output is None else _macs(self._call)

    @property
    def output(self) -> Value | None:
        """What the model gives; ``None`` where nothing comes out."""
        return None if self._call is None else _shapes(self._call).output

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What does not work, in the order it is met."""
        failing = problems_of(self.document, self._call, self._failure)
        return (*failing, *hazards_of(self.document))

    def settle(self) -> "Report":
        """Work out now what else would be worked out when first asked for, and return the report.

        Asking it about totals, problems and single modules then never waits for another analysis.
        """
        if self._call is not None:
            _macs(self._call)
        if not self._plain:
            _ = self._by_module
        _ = self._held, self.problems
        return self

    def module(self, path: str) -> ModuleReport:
        """Return what is known about the module at ``path``; raises ``EditRefused``."""
        module = self.document.module(path)
        if self._plain:
            calls = (
                tuple(_calls_at(path, self._call, self._places)) if self._call is not None else ()
            )
        else:
            calls = tuple(self._by_module.get(id(module), ()))
        return self._module(path, module, calls)

    @cached_property
    def modules(self) -> Mapping[str, ModuleReport]:
        """Everything about every module by path, parents first."""
        found = self._by_module
        return {
            path: self._module(path, module, tuple(found.get(id(module), ())))
            for path, module in self.document.modules()
        }

    def calls(self) -> Iterator[tuple[str, CallShapes]]:
        """Yield every module call in the order in which they begin, by path."""
        for path, call in self._walk():
            yield path, _shapes(call)

    @property
    def _plain(self) -> bool:
        """Whether each module stands at one place, and is called from above that place only."""
        return not self.document.tangled and not (self._call is not None and self._call.foreign)

    def _module(self, path: str, module: nn.Module, calls: tuple[Call, ...]) -> ModuleReport:
        held = _held(module, facts_of(module), self.document.tangled)
        return ModuleReport(path, type(module).__name__, *held, calls)

    def _walk(self) -> Iterator[tuple[str, Call]]:
        """Yield every call in order; a module of several paths is named by its first."""
        if self._call is None:
            return
        if self._plain:
            yield from _in_order("", self._call, {})
            return
        for path, call in _in_order("", self._call, self._first_paths):
            module = self._numbers.get(path)
            if module is not None:
                yield self._first_paths[module], call

    @cached_property
    def _places(self) -> "dict[int, _Places]":
        return {}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """Return the identity of the module at each path."""
        return {path: id(module) for path, module in self.document.modules()}

    @cached_property
    def _first_paths(self) -> dict[int, str]:
        paths: dict[int, str] = {}
        for path, number in self._numbers.items():
            paths.setdefault(number, path)
        return paths

    @cached_property
    def _by_module(self) -> dict[int, list[Call]]:
        found: dict[int, list[Call]] = {}
        for path, call in self._walk():
            number = self._numbers.get(path)
            if number is not None:
                found.setdefault(number, []).append(call)
        return found


def _shapes(call: Call) -> CallShapes:
    if call.shapes is None:
        output = None if call.output is None else value_of(call.output, call.inputs)
        call.shapes = CallShapes(inputs_value(call.inputs), output)
    found: CallShapes = call.shapes
    return found


def _macs(call: Call) -> int:
    """Count what is new in one go, then add up."""
    unpriced = {id(each): each for each in call.unpriced()}
    if unpriced:
        with LOCK:
            operators.price(unpriced.values())
    return call.macs


def _in_order(path: str, call: Call, paths: dict[int, str]) -> Iterator[tuple[str, Call]]:
    yield path, call
    for place, inner in call.inner:
        if isinstance(place, str):
            yield from _in_order(join(path, place) if place else path, inner, paths)
        else:
            found = paths.get(id(place()))
            if found is not None:
                yield from _in_order(found, inner, paths)


def _calls_at(wanted: str, root: Call, known: dict[int, "_Places"]) -> Iterator[Call]:
    """Yield the calls of the module at ``wanted``, looking only where they can be.

    ``known`` keeps what is called where inside of the calls that were looked into, by identity.
    """
    waiting = [(wanted, root)]
    while waiting:
        rest, call = waiting.pop()
        if not rest:
            yield call
        places = known.get(id(call))
        if places is None:
            places = known[id(call)] = _places(call)
        below = [(rest, inner) for _, inner in places.get("", ())]  # it calls itself
        for place, inner in places.get(rest.partition(".")[0], ()) if rest else ():
            if rest == place:
                below.append(("", inner))
            elif rest.startswith(f"{place}."):
                below.append((rest[len(place) + 1 :], inner))
        waiting += reversed(below)


#: The first name of a path inside a call -> the paths that begin with it, and what is called there.
_Places = dict[str, list[tuple[str, Call]]]


def _places(call: Call) -> _Places:
    found: _Places = {}
    for place, inner in call.inner:
        if isinstance(place, str):
            found.setdefault(place.partition(".")[0], []).append((place, inner))
    return found


def _held(module: nn.Module, facts: Facts, tangled: bool) -> tuple[int, int, int]:
    """Return (parameters, trainable, bytes) of a module with all in it, each weight once."""
    structure = facts.structure
    if not tangled:
        return structure.parameters, facts.trainable, structure.bytes
    parameters = {_which(p): p for p in module.parameters() if _sized(p)}
    buffers = {_which(b): b for b in module.buffers() if _sized(b)}
    trainable = {_which(p): p.numel() for p in module.parameters() if _sized(p) and p.requires_grad}
    return (
        sum(each.numel() for each in parameters.values()),
        sum(trainable.values()),
        sum(each.numel() * each.itemsize for each in {**buffers, **parameters}.values()),
    )


def _sized(tensor: Tensor) -> bool:
    return not isinstance(tensor, (nn.UninitializedParameter, nn.UninitializedBuffer))


def _which(tensor: Tensor) -> tuple[object, ...]:
    """Identify a weight: a frozen parameter is a new object over the same storage."""
    return (tensor.untyped_storage()._cdata, tensor.storage_offset(), tensor.shape)
