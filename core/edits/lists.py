"""Edits that give a list or a dictionary of modules a forward."""

from torch import nn

from core.dataflow import changing
from core.dataflow.classes import is_rewired, own_class
from core.dataflow.lists import by_key, graph_by_key, graph_in_order, is_list, runs_children
from core.dataflow.trace import graph_of
from core.dataflow.writing import rewired
from core.document import Document
from core.edits.base import Edit
from core.edits.handing import handed_down
from core.errors import EditRefused


class RunInOrder(Edit, frozen=True):
    """Let the ModuleList at ``path`` run its modules one after the other, as a Sequential does.

    Its forward is a loop, so what is inserted or removed later is part of it or not.
    """

    path: str

    @property
    def label(self) -> str:
        """Name the list."""
        return f"Run {self.path or 'the model'} in order"

    def apply(self, document: Document) -> Document:
        """Give it the loop; raises EditRefused for what is no list."""
        _listed(document, self.path, "run in order")
        return rewired(document, self.path, graph_in_order())


class RouteByKey(Edit, frozen=True):
    """Let the ModuleDict at ``path`` run the one of its modules that a text says.

    The text is an input called ``name``, of it and of the modules above it, up to the model; where
    none is given, the first module runs.
    """

    path: str
    name: str = "key"

    @property
    def label(self) -> str:
        """Name the dictionary and the input."""
        return f"Route {self.path or 'the model'} by {self.name}"

    def apply(self, document: Document) -> Document:
        """Route it, and hand the key down to it; raises EditRefused for what is no dictionary."""
        module = _listed(document, self.path, "be routed by a key")
        if own_class(module) is not nn.ModuleDict:
            raise EditRefused(
                f"The modules of {self.path or 'the model'} have no keys, only places; put them in"
                " a ModuleDict."
            )
        graph = graph_by_key(changing.checked_name(graph_in_order(), self.name))
        routed = rewired(document, self.path, graph)
        try:
            return handed_down(routed, self.path, self.name, default=None)
        except EditRefused as reason:
            return routed.saying(
                f"{self.path} runs its first module until it is given the {self.name}. {reason}"
            )


def _listed(document: Document, path: str, purpose: str) -> nn.Module:
    module = document.module(path)
    if not is_list(module) or (is_rewired(module) and not runs_children(module)):
        raise EditRefused(
            f"{path or 'The model'} ({type(module).__name__}) has a forward of its own; only a"
            f" ModuleList or a ModuleDict can {purpose}."
        )
    if is_rewired(module) and any(n.target is by_key for n in graph_of(document, path).nodes):
        raise EditRefused(f"{path or 'The model'} is routed by a key already.")
    if not module._modules:
        raise EditRefused(f"{path or 'The model'} has no modules yet, so there is none to run.")
    return module
