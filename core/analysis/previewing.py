"""What an edit would lead to, before it is made: the facts behind the bubble at the cursor."""

from dataclasses import dataclass

from torch import Tensor, nn

from core.analysis.analysing import analyse
from core.analysis.problems import Problem
from core.analysis.report import Report
from core.document import Change, Document, difference, origin_of, weight_id
from core.edits import Edit


@dataclass(frozen=True)
class Preview:
    """An edit that was tried on a snapshot.

    ``changes`` are module by module; ``new`` and ``dropped`` count the values of parameters that
    come and go; ``problems`` are those that were not there before.
    """

    document: Document
    report: Report
    changes: tuple[Change, ...]
    new: int
    dropped: int
    problems: tuple[Problem, ...]


def preview(before: Report, edit: Edit) -> Preview:
    """Try ``edit`` on the document of ``before``; raises what the edit raises."""
    document = edit.apply(before.document)
    report = analyse(document)
    known = {(each.path, each.message) for each in before.problems}
    fresh = tuple(p for p in report.problems if (p.path, p.message) not in known)
    counts = _counted(*_different(before.document.root, document.root))
    return Preview(document, report, difference(before.document, document), *counts, fresh)


def _different(old: nn.Module, new: nn.Module) -> tuple[list[nn.Module], list[nn.Module]]:
    """Return the modules of each tree that the other does not have: an edit shares the rest."""
    was = {id(each): each for each in old.modules()}
    now = {id(each): each for each in new.modules()}
    gone = [each for number, each in was.items() if number not in now]
    come = [each for number, each in now.items() if number not in was]
    return gone, come


def _counted(old: list[nn.Module], new: list[nn.Module]) -> tuple[int, int]:
    """Count the values of parameters that are new, and those that are gone.

    Values that were carried over into a wider or narrower weight are neither.
    """
    was = {weight_id(each): each.numel() for each in _parameters(old)}
    come, gone = 0, dict(was)
    for each in {weight_id(p): p for p in _parameters(new)}.values():
        number = weight_id(each)
        if number in was:
            gone.pop(number, None)
            continue
        step = origin_of(each)
        source = weight_id(step.tensor) if step is not None else None
        kept = step.values if step is not None and source in was else 0
        come += each.numel() - kept
        if source in gone:
            gone[source] -= kept
    return come, sum(gone.values())


def _parameters(modules: list[nn.Module]) -> list[Tensor]:
    found = [p for module in modules for p in module._parameters.values() if p is not None]
    return [p for p in found if not isinstance(p, nn.UninitializedParameter)]
