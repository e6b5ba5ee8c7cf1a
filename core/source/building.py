"""Building a model, with real weights where they fit, and making a document of it."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from core.document import Document, InputSpec, Source, example_inputs, forget, recording
from core.errors import ModelwrightError, SourceError, TooLarge
from core.source import memory
from core.source.calls import complaint, parameters
from core.source.inputs import guessed, unknown
from core.source.registry import Request


@dataclass(frozen=True)
class Plan:
    """What to build: ``text`` is the source, ``build`` makes the module, ``inputs`` feed it."""

    text: str
    kind: str
    build: Callable[[], nn.Module]
    inputs: Callable[[nn.Module], tuple[InputSpec, ...]] = guessed
    weights: str | None = None


def opened(request: Request, plan: Plan) -> Document:
    """Build what ``plan`` says, under the recorder, and adopt it as a document."""
    request.check_cancelled()
    root, structure_only, notes = _built(request, plan)
    request.check_cancelled()
    inputs = plan.inputs(root) if request.inputs is None else request.inputs
    if not inputs and request.inputs is None:
        notes += unknown(root)
    if not structure_only:
        notes += _materialised(root, inputs)
    source = Source(plan.text, plan.kind, plan.weights, structure_only, notes)
    return Document.of(root, inputs, source)


def _built(request: Request, plan: Plan) -> tuple[nn.Module, bool, tuple[str, ...]]:
    if request.structure:
        return _structure(plan)
    room = memory.available_memory()
    limit = room if request.structure is False or plan.weights else room // 2
    try:
        with memory.Budget(limit):
            return _run(plan), False, ()
    except (memory.OverBudget, MemoryError):
        root, meta, notes = _structure(plan)
        size = memory.gigabytes(memory.bytes_of(root))
    free = memory.gigabytes(room)
    if request.structure is False or plan.weights:
        raise TooLarge(
            f"{plan.text} needs {size} for its weights and {free} of memory are free."
            " Open its structure only."
        )
    note = f"Structure only, without weights: they take {size}, and {free} of memory are free."
    return root, meta, (note, *notes)


def _structure(plan: Plan) -> tuple[nn.Module, bool, tuple[str, ...]]:
    """Build without memory for weights; some builders cannot, and are built for real."""
    for device in (torch.device("meta"), memory.ParametersOnMeta()):
        try:
            with device:
                return _run(plan).to("meta"), True, ()
        except (SourceError, NotImplementedError):
            continue
    note = "This model cannot be built as a structure only, so it has real weights."
    return _run(plan), False, (note,)


def _run(plan: Plan) -> nn.Module:
    """Call the constructor; what it raises becomes a sentence."""
    try:
        with recording(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of initialisers; a user's print is still seen
            root = plan.build()
    except (ModelwrightError, MemoryError):
        raise
    except Exception as error:
        said = complaint(error, parameters(plan.build))
        raise SourceError(f"{plan.text} could not be built: {said}") from error
    if not isinstance(root, nn.Module):
        raise SourceError(
            f"{plan.text} gives a {type(root).__name__}; a torch.nn.Module was expected."
        )
    return root


def _materialised(root: nn.Module, inputs: tuple[InputSpec, ...]) -> tuple[str, ...]:
    """Give lazy layers their shapes by one forward, before anybody holds the model."""
    lazy = [
        m
        for m in root.modules()
        if any(p is not None and is_lazy(p) for p in m._parameters.values())
    ]
    if not lazy:
        return ()
    if not inputs:
        return ("Its lazy layers have no shape until the model is given an input.",)
    args, kwargs = example_inputs(inputs)
    try:
        with torch.no_grad():
            root.eval()(*args, **kwargs)
    except Exception as error:
        return (f"Its lazy layers could not be given a shape: {complaint(error, [])}",)
    for module in lazy:
        forget(module)  # a LazyLinear has become a Linear
    return ("Its lazy layers got their shapes from the input.",)
