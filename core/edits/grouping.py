"""Edits that make a module of some steps, and steps of a module."""

from collections.abc import Mapping

from torch import nn

from core.dataflow.grouping import group, ungroup
from core.dataflow.lists import runs_children
from core.dataflow.trace import graph_of
from core.dataflow.writing import composed
from core.document import Document, split
from core.edits import containers
from core.edits.base import Edit
from core.edits.composites import checked_class
from core.edits.rewiring import opened, settled
from core.errors import EditRefused


class Group(Edit, frozen=True):
    """Make a module of some steps: a child called ``name``, of a new class.

    The children they call move into it, and keep their names there.
    """

    path: str
    steps: tuple[str, ...]
    name: str
    class_name: str = "Block"

    @property
    def label(self) -> str:
        """Name the steps and the module."""
        return f"Group {', '.join(self.steps)} as {self.name}"

    def apply(self, document: Document) -> Document:
        """Make it; raises EditRefused."""
        graph, children = opened(document, self.path)
        checked_class(self.class_name)
        parent = document.module(self.path)
        grouped = group(graph, self.steps, self.name)
        moved = {name: parent._modules[name] for name in grouped.children}
        rest = {n: child for n, child in children.items() if n not in moved}
        if self.name not in moved:
            containers.checked_name(parent, self.path, self.name)
        held = {name: child for name, child in moved.items() if child is not None}
        rest[self.name] = composed(self.class_name, held, grouped.inner)
        return settled(document, self.path, grouped.outer, rest)


class Ungroup(Edit, frozen=True):
    """Put the steps of the module at ``path`` among those of the module around it.

    Its children move out, and keep their names where these are free.
    """

    path: str

    @property
    def label(self) -> str:
        """Name the module."""
        return f"Ungroup {self.path}"

    def apply(self, document: Document) -> Document:
        """Open it up; raises EditRefused."""
        module = document.module(self.path)
        if not self.path:
            raise EditRefused("The model itself stands in no other module.")
        home, name = split(self.path)
        graph, children = opened(document, home)
        calls = graph.calls_of(name)
        if len(calls) != 1:
            raise EditRefused(
                f"{self.path} is called {len(calls)} times by {home or 'the model'}; only what is"
                " called once can be opened up."
            )
        if runs_children(module):
            raise EditRefused(
                f"{self.path} runs whatever modules it holds; it has no steps to put elsewhere."
            )
        inner = graph_of(document, self.path)
        _check(self.path, module, inner.called)
        around = document.module(home)
        names = {n: _free(around, n, children, name) for n in module._modules}
        changed = ungroup(graph, calls[0], inner, names)
        rest: dict[str, nn.Module | None] = {}
        for each, child in children.items():
            if each == name:
                rest.update({names[n]: c for n, c in module._modules.items()})
            else:
                rest[each] = child
        return settled(document, home, changed, rest)


def _check(path: str, module: nn.Module, called: frozenset[str]) -> None:
    own = [n for n in (*module._parameters, *module._buffers) if n in called]
    if own or any(p is not None for p in module._parameters.values()):
        raise EditRefused(f"{path} has tensors of its own, which have no place outside it.")
    if module._forward_hooks or module._forward_pre_hooks:
        raise EditRefused(f"{path} has hooks, which would be lost.")


def _free(around: nn.Module, name: str, children: Mapping[str, nn.Module | None], gone: str) -> str:
    """Return the name of a child outside: its own, or one with the module's name before it."""
    wanted = name if name.isidentifier() else f"{gone}_{name}"
    number, free = 1, wanted
    while (free in children and free != gone) or (hasattr(around, free) and free not in children):
        free = f"{gone}_{name}" if number == 1 and wanted == name else f"{wanted}_{number}"
        number += 1
    return free
