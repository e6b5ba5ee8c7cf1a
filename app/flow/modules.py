"""The picture of one module: its graph with the shapes, as the analysis knows them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import core
from app import icons
from app.flow.letters import Letters
from app.flow.picture import Picture, Step, picture

if TYPE_CHECKING:
    from torch import nn

    from core.analysis import Flow, Report
    from core.dataflow import Layout, Node
    from core.document import Document

_ABOUT = {"function": "operation", "method": "operation", "attribute": "tensor"}
_KINDS = {"input": "root", "output": "head", "attribute": "embedding"}


@dataclass(frozen=True)
class Drawn:
    """What is shown of the module at ``path``.

    ``reason`` says why it cannot be re-wired; the picture is then of one run, or there is none.
    """

    path: str
    type: str
    picture: Picture | None
    reason: str = ""
    notes: tuple[str, ...] = ()


def draw(report: "Report", path: str, letters: Letters, before: "Layout | None" = None) -> Drawn:
    """Read the graph of a module and lay it out; raises EditRefused for unknown paths."""
    found = core.flow(report, path)
    if found.graph is None:
        return Drawn(path, found.type, None, found.reason)
    problems = {each.path: each.message for each in report.problems}
    steps = [_step(node, found, report.document, problems) for node in found.graph.nodes]
    edges = [(each.source, each.target) for each in found.graph.edges]
    made = picture(path or found.type, steps, edges, letters, before)
    notes = tuple(each for each in found.graph.notes if each != found.reason)
    return Drawn(path, found.type, made, found.reason, notes)


def home_of(document: "Document", path: str) -> str:
    """Return the module whose graph shows the one at ``path``: its own, or that of its caller.

    What has no children is seen where it is called; lists of modules are called by nobody.
    """
    module = document.module(path)
    return path if module._modules and not _is_list(module) else caller_of(document, path)


def caller_of(document: "Document", path: str) -> str:
    """Return the module above that may call the one at ``path``: lists call nothing."""
    while path:
        path = path.rpartition(".")[0]
        if not _is_list(document.module(path)):
            break
    return path


def _is_list(module: "nn.Module") -> bool:
    from torch import nn

    return isinstance(module, (nn.ModuleList, nn.ModuleDict))


def _step(node: "Node", found: "Flow", document: "Document", problems: dict[str, str]) -> Step:
    value = found.tensors.get(node.name)
    gives = str(value) if value is not None and value.tensors() else ""
    if node.kind != "call":
        about = node.title if node.title != node.name else _ABOUT.get(node.kind, node.kind)
        kind = _KINDS.get(node.kind, "ops")
        if node.kind == "output":
            gives = ""
        role = node.kind if node.kind in ("input", "output") else ""
        return Step(node.name, node.name, about, kind, gives=gives, only=node.when, role=role)
    path = f"{found.path}.{node.target}" if found.path else str(node.target)
    module = document.module(path)
    about = type(module).__name__
    if node.name != str(node.target).replace(".", "_").lstrip("_") and node.target.isidentifier():
        about += f" · {node.name}"
    return Step(
        node.name, str(node.target), about, icons.kind_of(type(module).__name__), path,
        bool(module._modules), gives, node.when, problems.get(path, ""),
    )  # fmt: skip
