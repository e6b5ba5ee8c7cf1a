"""From a document to its report: on shapes alone where possible, else one run on real numbers."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from core.analysis.calls import Call, Failure
from core.analysis.descriptions import Describer
from core.analysis.engine import LOCK, NeedsNumbers, Pass, Progress, known_call
from core.analysis.meta import forget_twins
from core.analysis.operators import forget_operators
from core.analysis.report import Report
from core.analysis.structure import facts_of, forget_structures
from core.document import Document, IdentityCache, InputSpec

#: The result of a run on real numbers, per root and inputs.
_real_runs: IdentityCache[dict[tuple[InputSpec, ...], tuple[Call | None, tuple[str, ...]]]]
_real_runs = IdentityCache()


def clear_caches() -> None:
    """Forget everything remembered from earlier analyses."""
    global _real_runs
    with LOCK:
        forget_structures()
        forget_operators()
        forget_twins()
        _real_runs = IdentityCache()


def analyse(
    document: Document,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Report:
    """Return shapes, cost and problems of every module.

    A pure function of the snapshot: nothing in it is written to. What is wrong with the model is in
    the report; the only exception is :class:`~core.errors.Cancelled`.
    """
    with LOCK:
        facts = facts_of(document.root)
        trouble = _input_trouble(document)
        if trouble is not None:
            return Report(document, facts, None, (), trouble)
        known = (_real_runs.get(document.root) or {}).get(document.inputs)
        if known is None:
            try:
                return Report(document, facts, _on_meta(document, progress, cancelled), ())
            except NeedsNumbers as reason:
                known = _on_numbers(document, str(reason), progress, cancelled)
        call, notes = known
        failure = None if call is not None else Failure(notes[0], "real")
        return Report(document, facts, call, notes, failure, "real")


def _on_meta(
    document: Document, progress: Progress | None, cancelled: Callable[[], bool] | None
) -> Call:
    args, kwargs = document.example_inputs("meta")
    structure = facts_of(document.root).structure
    if not structure.lively:
        describer = Describer()
        single = len(args) == 1 and not kwargs and isinstance(args[0], torch.Tensor)
        inputs = describer.describe(args[0] if single else (args, kwargs))
        known = known_call(structure, inputs)
        if known is not None:
            return known
    return Pass(document.root, progress, cancelled).run(args, kwargs)


def _on_numbers(
    document: Document,
    reason: str,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> tuple[Call | None, tuple[str, ...]]:
    """Run the model once on the CPU; the result is kept for this root and these inputs."""
    sentence = reason.splitlines()[0]
    call = None
    notes = (f"Shapes alone were not enough ({sentence}), so the model was run once on the CPU.",)
    if _on_meta_device(document.root):
        notes = (sentence,)
    else:
        with torch.random.fork_rng(devices=[]):
            args, kwargs = document.example_inputs("cpu")
            call = Pass(document.root, progress, cancelled, real=True).run(args, kwargs)
    runs = _real_runs.get(document.root) or {}
    runs[document.inputs] = (call, notes)
    _real_runs.set(document.root, runs)
    return call, notes


def _on_meta_device(root: nn.Module) -> bool:
    tensors = (*root.parameters(), *root.buffers())
    return any(each.is_meta for each in tensors)


def _input_trouble(document: Document) -> Failure | None:
    """Say what ``forward`` wants, where the document's inputs cannot be what it wants."""
    try:
        signature = inspect.signature(document.root.forward)
    except (TypeError, ValueError):
        return None
    args = [each for each in document.inputs if not each.keyword]
    kwargs: dict[str, Any] = {each.name: None for each in document.inputs if each.keyword}
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return Failure(str(error), "inputs", _wanted(signature, len(document.inputs)))
    return None


def _wanted(signature: inspect.Signature, given: int) -> str:
    parameters = signature.parameters.values()
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in several]
    names = " and ".join(filter(None, [", ".join(needed[:-1]), needed[-1] if needed else ""]))
    if not given:
        return f"forward needs {names}; give {'their shapes' if len(needed) > 1 else 'its shape'}"
    takes = f"forward needs {names}" if names else "forward takes no inputs"
    accepted = [p.name for p in parameters if p.name not in needed and p.kind not in several]
    more = f" (and may get {', '.join(accepted)})" if accepted else ""
    came = "1 input is" if given == 1 else f"{given} inputs are"
    return f"{takes}{more}; {came} given"
