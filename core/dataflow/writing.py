"""From a graph to Python that a colleague would commit: a subclass with a ``forward``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

from core.dataflow.classes import class_name, own_class, written_class
from core.dataflow.expressions import Names
from core.dataflow.graph import OUTPUT, REQUIRED, Fill, Graph
from core.dataflow.statements import Writer
from core.document import Document
from core.document.surgery import reclassed


@dataclass
class Written:
    """The text of a class, and the names it needs from elsewhere."""

    text: str
    names: Names = field(default_factory=Names)


def write_class(
    module: nn.Module,
    graph: Graph,
    *,
    name: str | None = None,
    shapes: Mapping[str, str] | None = None,
    names: Names | None = None,
) -> Written:
    """Write the class of ``module`` with ``graph`` as its forward.

    ``shapes`` are told as comments, by node. ``names`` collects what has to be imported, so that
    several classes can stand in one file. Raises :class:`~core.errors.EditRefused` for values that
    have no text.
    """
    names = names or Names()
    local = {node.name for node in graph.nodes if node.name != OUTPUT}
    names.avoid(local)
    base = own_class(module)
    writer = Writer(module, graph, names, shapes or {})
    lines = [
        f"class {name or class_name(module)}({names.of(base)}):",
        f'    """{_told(base)}"""',
        "",
        f"    def forward(self{''.join(f', {each}' for each in _parameters(graph, names))}):",
        *(f"        {line}" if line else "" for line in _body(graph, writer, names)),
    ]
    return Written("\n".join(lines) + "\n", names)


def rewired(
    document: Document,
    path: str,
    graph: Graph,
    children: Mapping[str, nn.Module | None] | None = None,
) -> Document:
    """Return the document whose module at ``path`` runs ``graph``.

    ``children`` are all children it then has; without them they stay. The module becomes an
    instance of a subclass of its own class; names of children do not move.
    """
    module = document.module(path)
    held = dict(module._modules) if children is None else dict(children)
    return document.replace(path, _rewritten(module, class_name(module), graph, held))


def composed(name: str, children: Mapping[str, nn.Module], graph: Graph) -> nn.Module:
    """Return a new module of a class called ``name``, with these children and this forward."""
    return _rewritten(nn.Module().eval(), name, graph, dict(children))


def _rewritten(
    module: nn.Module, name: str, graph: Graph, children: Mapping[str, nn.Module | None]
) -> nn.Module:
    base = own_class(module)
    # Places are written as the children stand now: self.layers[0], self.stem.conv.
    written = write_class(reclassed(module, base, children), graph, name=name)
    kind = written_class(name, base, graph, written.text, written.names.objects())
    return reclassed(module, kind, children)


def _told(base: type[nn.Module]) -> str:
    if base is nn.Module:
        return "Put together step by step."
    return f"{base.__name__} with another way through it."


def _parameters(graph: Graph, names: Names) -> list[str]:
    """Write the parameters; those with a default come last, and what is named only after ``*``."""
    required, optional, starred = [], [], []
    for node in graph.inputs:
        if str(node.target).startswith("*"):
            starred.append(str(node.target))
        elif node.default is REQUIRED:
            required.append(node.name)
        elif isinstance(node.default, Fill):
            optional.append(f"{node.name}=None")
        else:
            optional.append(f"{node.name}={names.value(node.default)}")
    return [*required, *optional, *starred]


def _body(graph: Graph, writer: Writer, names: Names) -> list[str]:
    lines: list[str] = []
    for node in graph.inputs:
        if isinstance(node.default, Fill):
            lines += _filled(node.name, node.default, names)
    lines += writer.statements()
    return lines


def _filled(name: str, fill: Fill, names: Names) -> list[str]:
    torch = names.module("torch", "torch")
    sizes = ", ".join([f"{fill.like}.shape[0]", *map(str, fill.shape[1:])])
    sizes = f"({sizes},)" if len(fill.shape) == 1 else f"({sizes})"
    make = (
        f"{torch}.full({sizes}, {fill.value!r}, dtype={torch}.{fill.dtype},"
        f" device={fill.like}.device)"
    )
    return [f"if {name} is None:", f"    {name} = {make}"]
