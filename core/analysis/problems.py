"""What does not work, in words: which module, what was expected, what came, from where."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from torch import nn

from core.analysis.calls import Call, Failure
from core.analysis.descriptions import Description, Kind, of_tensor, tensors_in
from core.analysis.expectations import Expectation, expectation
from core.analysis.lazy import layer_text
from core.dataflow.classes import is_rewired
from core.dataflow.lists import is_list
from core.document import Document, join
from core.edits.base import Edit
from core.errors import ModelwrightError


@dataclass(frozen=True)
class Fault:
    """One failing call, and where it stands: the calls above it, from the root down.

    ``above`` are (path, call, position among the caller's inner calls).
    """

    path: str
    module: nn.Module
    call: Call | None
    failure: Failure
    above: tuple[tuple[str, Call, int], ...] = ()

    @cached_property
    def first(self) -> Description | None:
        """The first tensor that came."""
        if self.call is None:
            return None
        tensors = tensors_in(self.call.inputs)
        return tensors[0] if tensors else None

    @cached_property
    def expectation(self) -> Expectation | None:
        """What the module expected, where it is of a kind we know."""
        if self.first is None or self.failure.kind != "error":
            return None
        return expectation(self.module, self.first)

    @cached_property
    def origin(self) -> str:
        """The path of the module whose output came, ``"input"`` for the model's own, or ``""``."""
        for path, call, position in reversed(self.above):
            before = call.inner[:position]
            found = _source(path, before, self.first)
            if found:
                return found
            if before and not _is_given(call, self.first):
                return _last(path, before)
        return "input"


@dataclass(frozen=True)
class Problem:
    """Something that does not work at ``path``, the deepest module it belongs to.

    ``message`` says what was expected, what came, and from where; ``detail`` is torch's own text.
    """

    path: str
    message: str
    detail: str = ""
    _document: Document | None = field(default=None, repr=False, compare=False)
    _fault: Fault | None = field(default=None, repr=False, compare=False)
    _offered: tuple[Edit, ...] = field(default=(), repr=False, compare=False)

    @cached_property
    def repairs(self) -> tuple[Edit, ...]:
        """Edits after which the problem is gone, each tried; found when first asked for."""
        if self._document is None:
            return ()
        if self._fault is None:
            return tuple(each for each in self._offered if _applies(each, self._document))
        from core.analysis.repairs import repairs_of

        return repairs_of(self._document, self._fault)


def _applies(edit: Edit, document: Document) -> bool:
    try:
        edit.apply(document)
    except ModelwrightError:
        return False
    return True


def problems_of(
    document: Document, call: Call | None, failure: Failure | None
) -> tuple[Problem, ...]:
    """Return every problem in a call tree, or the one that kept it from running."""
    if failure is not None:
        fault = Fault("", document.root, call, failure)
        return (Problem("", _sentence(fault), failure.detail, document, fault),)
    if call is None or not call.troubled:
        return ()
    found: dict[tuple[str, str], Problem] = {}
    for fault in faults(document, call):
        problem = Problem(fault.path, _sentence(fault), fault.failure.detail, document, fault)
        found.setdefault((problem.path, problem.message), problem)
    return tuple(found.values())


def faults(document: Document, root: Call) -> Iterator[Fault]:
    """Yield the failures of a call tree, deepest first where they are nested."""
    paths: dict[int, str] = {}
    if root.foreign:
        for path, module in document.modules():
            paths.setdefault(id(module), path)
    yield from _faults(document, "", root, (), paths)


def _faults(
    document: Document,
    path: str,
    call: Call,
    above: tuple[tuple[str, Call, int], ...],
    paths: dict[int, str],
) -> Iterator[Fault]:
    for position, (place, inner) in enumerate(call.inner):
        if not inner.troubled:
            continue
        where = join(path, place) if isinstance(place, str) and place else path
        if not isinstance(place, str):
            where = paths.get(id(place()), path)
        yield from _faults(document, where, inner, (*above, (path, call, position)), paths)
    for failure in call.failures:
        yield Fault(path, document.module(path), call, failure, above)


def _source(path: str, before: object, wanted: Description | None) -> str:
    """Return the latest module whose output has as many numbers as what came, or ``""``."""
    for place, call in _named(before):
        output = call.output
        if output is not None and of_tensor(output) and wanted is not None:
            if output[0].numel() == wanted[0].numel():
                return join(path, place)
        elif output is not None and output[0] is Kind.SAME:
            return join(path, place)
    return ""


def _last(path: str, before: object) -> str:
    """Return the module that was called last."""
    return next((join(path, place) for place, _ in _named(before)), "")


def _named(before: object) -> list[tuple[str, Call]]:
    assert isinstance(before, tuple)
    return [(place, call) for place, call in reversed(before) if isinstance(place, str) and place]


def _is_given(call: Call, wanted: Description | None) -> bool:
    """Say whether a tensor of that very shape was given to a call, which may have handed it on."""
    return wanted is not None and any(each[0] == wanted[0] for each in tensors_in(call.inputs))


def _sentence(fault: Fault) -> str:
    """Say it in one sentence for the person at the screen."""
    failure, name = fault.failure, fault.path or "the model"
    if failure.kind == "inputs":
        return failure.operator
    if failure.kind == "real":
        return f"shapes alone are not enough, and there are no weights to run on: {failure.detail}"
    if failure.kind == "lazy":
        return f"{name} is a {type(fault.module).__name__} whose size is not set{_became(fault)}"
    if failure.kind == "operation":
        shapes = " and ".join("×".join(map(str, each[0])) for each in failure.operands)
        return f"{name} cannot {_verb(failure.operator)} {shapes}"
    if is_list(fault.module) and not is_rewired(fault.module):
        kind = type(fault.module).__name__
        return f"{name} is a {kind}, which has no forward, so it cannot be called by itself"
    expected = fault.expectation
    if expected is None:
        return f"{name}: {failure.detail.splitlines()[0]}"
    origin = {"": "", "input": " from the input"}.get(fault.origin, f" from {fault.origin}")
    return f"{name} expects {expected.expected}, gets {expected.got}{origin}"


def _became(fault: Fault) -> str:
    text = concrete_text(fault)
    return f"; for this input it is {text}" if text else ""


def concrete_text(fault: Fault) -> str:
    """Return the layer text a lazy layer becomes for what it is fed, or ``""``."""
    from core.analysis.descriptions import rebuild
    from core.analysis.lazy import concrete

    if fault.call is None:
        return ""
    inputs = rebuild(fault.call.inputs, [])
    args, kwargs = ((inputs,), {}) if of_tensor(fault.call.inputs) else inputs
    try:
        return layer_text(concrete(fault.module, args, kwargs))
    except Exception:  # a lazy layer of the user's own may want anything
        return ""


def _verb(operator: str) -> str:
    name = operator.strip("_").removeprefix("i") if operator.startswith("__i") else operator
    name = name.strip("_")
    return {"cat": "concatenate", "mul": "multiply", "sub": "subtract", "matmul": "multiply"}.get(
        name, name
    )
