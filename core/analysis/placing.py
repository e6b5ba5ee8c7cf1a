"""Where a layer would be put, as the catalog needs to know it to fill in arguments."""

from torch import nn

from core.analysis.report import Report
from core.analysis.values import Value
from core.catalog import Place
from core.document import join, split


def place_of(report: Report, path: str) -> Place:
    """Return the place of the module at ``path``, for a layer that comes there instead."""
    found = report.module(path)
    home, name = split(path)
    siblings = _children(report.document.module(home)) if path else []
    names = [each for each, _ in siblings]
    before = siblings[names.index(name) - 1][1] if name in names[1:] else None
    return Place(
        _shape(found.inputs), _shape(found.output), report.document.module(path), name, before
    )


def place_at(report: Report, parent: str, index: int | None) -> Place:
    """Return the place between the children of a container, for a layer inserted there.

    What comes in is what the child before gives, else what the container is fed; a layer that is
    inserted is to give what it gets, so that what follows still fits.
    """
    children = _children(report.document.module(parent))
    at = len(children) if index is None else min(index, len(children))
    before = children[at - 1] if at else None
    shape = None
    if before is not None:
        shape = _shape(report.module(join(parent, before[0])).output)
    if shape is None and at < len(children):
        shape = _shape(report.module(join(parent, children[at][0])).inputs)
    if shape is None and before is None:
        shape = _shape(report.module(parent).inputs)
    return Place(shape, shape, previous=before[1] if before else None)


def _children(module: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(name, child) for name, child in module._modules.items() if child is not None]


def _shape(value: Value | None) -> tuple[int, ...] | None:
    tensors = value.tensors() if value is not None else ()
    return tensors[0].shape if tensors else None
