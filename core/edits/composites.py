"""New classes around modules that are there: the ``Model(net)`` of so many training scripts."""

import keyword
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import nn

from core.catalog import layers
from core.dataflow.graph import OUTPUT, Graph, Node, Ref
from core.dataflow.trace import given, graph_of, parameters_of
from core.dataflow.writing import composed, rewired
from core.document import Document, split
from core.edits.containers import checked_name
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.edits.structure import Wrap


def composite(document: Document, edit: "Wrap") -> nn.Module:
    """Return a module of a new class that does nothing but call the one at ``edit.path``."""
    kind, name = checked_class(edit.container), edit.name or split(edit.path)[1] or "net"
    if not name.isidentifier() or keyword.iskeyword(name) or hasattr(nn.Module(), name):
        raise EditRefused(f"'{name}' is no name for a child of a new class; net, say, is one.")
    inputs, positional, named = _handed(document, edit.path, name)
    call = Node(name, "call", name, positional, named)
    output = Node(OUTPUT, "output", OUTPUT, (Ref(name),))
    return composed(kind, {name: document.module(edit.path)}, Graph((*inputs, call, output)))


def renamed_child(document: Document, path: str, old: str, new: str) -> Document:
    """Return the document whose re-wired module at ``path`` has, and calls, a child by a new name.

    Raises EditRefused where the name is taken.
    """
    module = document.module(path)
    checked_name(module, path, new)
    if not new.isidentifier() and not new.isdigit():
        raise EditRefused(f"'{new}' is no name for a child; letters, digits and _ make one.")

    def target(node: Node) -> str:
        first, dot, rest = str(node.target).partition(".")
        return new + dot + rest if first == old else str(node.target)

    graph = graph_of(document, path)
    nodes = tuple(
        replace(node, target=target(node)) if node.kind in ("call", "attribute") else node
        for node in graph.nodes
    )
    children = {new if name == old else name: each for name, each in module._modules.items()}
    return rewired(document, path, replace(graph, nodes=nodes), children)


def checked_class(kind: str) -> str:
    """Return ``kind`` if a new class can be called so, else refuse."""
    if not kind.isidentifier() or keyword.iskeyword(kind):
        raise EditRefused(f"'{kind}' is no name for a class; letters and digits make one: Model.")
    if kind in layers() or hasattr(nn, kind):
        raise EditRefused(
            f"{kind} is no container; wrap in Sequential, ModuleList, ModuleDict, or a new class"
            " such as Model."
        )
    return kind


def _handed(
    document: Document, path: str, taken: str
) -> tuple[list[Node], tuple[Ref, ...], tuple[tuple[str, Ref], ...]]:
    """Return the inputs a module is given, and how they are handed on to it."""
    wanted = given(document, path)
    inputs: list[Node] = []
    positional: list[Ref] = []
    named: list[tuple[str, Ref]] = []
    plain = True
    for name, each in parameters_of(document.module(path)).items():
        starred = each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        if starred or (each.default is not each.empty and name not in wanted):
            plain = False  # what comes after one that is left out is handed on by name
            continue
        own = f"{name}_" if name == taken else name
        inputs.append(Node(own, "input", own))
        if plain and each.kind is not each.KEYWORD_ONLY:
            positional.append(Ref(own))
        else:
            named.append((name, Ref(own)))
    return inputs, tuple(positional), tuple(named)
