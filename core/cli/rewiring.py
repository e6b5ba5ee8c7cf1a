"""The options of ``edit`` that re-wire, and how their text becomes an edit.

Which module a step belongs to can only be told by the model, so each gives a function of it.
"""

import re
from collections.abc import Callable

import click

from core.dataflow.locating import beside, locate
from core.document import Document, parse_input
from core.edits import (
    AddInput,
    AddNode,
    AddOutput,
    Bypass,
    Connect,
    Disconnect,
    Edit,
    Group,
    InsertOnEdge,
    OutOfPlace,
    RemoveInput,
    RemoveNode,
    Reroute,
    RouteByKey,
    RunInOrder,
    Ungroup,
)

Asked = Callable[[Document], Edit]

_INPUT = "NAME:SHAPE[:DTYPE] [before STEP] [dim N] [unsqueeze N] [default X]"
_EDGE = "FROM->TO=[NAME=]SPEC"
_MOVED = "FROM->TO[:PORT]=STEP"


def _add_input(text: str) -> Asked:
    head, *words = text.split()
    name, colon, value = head.partition(":")
    options = dict(zip(words[::2], words[1::2], strict=False))
    if (
        not colon
        or len(words) % 2
        or not options.keys() <= {"before", "dim", "unsqueeze", "default"}
    ):
        raise click.UsageError(f"'{text}' should read {_INPUT}.")
    spec = parse_input(value)
    if spec.kind != "tensor":
        raise click.UsageError(f"'{value}' is no single tensor; an input that is added is one.")
    try:
        dim = int(options.get("dim", 1))
        unsqueeze = int(options["unsqueeze"]) if "unsqueeze" in options else None
        default = float(options["default"]) if "default" in options else None
    except ValueError:
        raise click.UsageError(f"'{text}' should read {_INPUT}; N and X are numbers.") from None

    def edit(document: Document) -> Edit:
        path, before = "", options.get("before")
        if before is not None:
            path, before = locate(document, before)
        return AddInput(
            path, name, spec.shape, spec.dtype, default, before, dim=dim, unsqueeze=unsqueeze
        )

    return edit


def _add_output(text: str) -> Asked:
    step, _, name = text.partition(":")
    return lambda document: AddOutput(*locate(document, step), name.strip() or None)


def _insert_on_edge(text: str) -> Asked:
    edge, equals, spec = text.partition("=")
    source, arrow, target = edge.partition("->")
    if not (equals and arrow and spec.strip()):
        raise click.UsageError(f"'{text}' should read {_EDGE}.")
    name, spec = _named(spec)

    def edit(document: Document) -> Edit:
        path, step = locate(document, target.strip())
        return InsertOnEdge(path, beside(path, source.strip()), step, spec, name)

    return edit


def _add_node(text: str) -> Asked:
    inputs, equals, spec = text.partition("=")
    sources = [each.strip() for each in inputs.split(",") if each.strip()]
    if not (equals and sources and spec.strip()):
        raise click.UsageError(f"'{text}' should read STEP[,STEP]=[NAME=]SPEC.")
    name, spec = _named(spec)

    def edit(document: Document) -> Edit:
        path, first = locate(document, sources[0])
        others = [beside(path, each) for each in sources[1:]]
        return AddNode(path, spec, (first, *others), name)

    return edit


def _connect(text: str) -> Asked:
    source, target, port = _ends(text)

    def edit(document: Document) -> Edit:
        path, step = locate(document, target)
        where = int(port) if port.isdigit() else port or None
        return Connect(path, beside(path, source), step, where)

    return edit


def _disconnect(text: str) -> Asked:
    source, target, port = _ends(text)

    def edit(document: Document) -> Edit:
        path, step = locate(document, target)
        where = int(port) if port.isdigit() else None
        return Disconnect(path, beside(path, source), step, where)

    return edit


def _reroute(text: str) -> Asked:
    edge, equals, new = text.rpartition("=")
    if not (equals and new.strip()):
        raise click.UsageError(f"'{text}' should read {_MOVED}.")
    source, target, port = _ends(edge)

    def edit(document: Document) -> Edit:
        path, step = locate(document, target)
        where = int(port) if port.isdigit() else None
        to = beside(path, new.strip())
        return Reroute(path, beside(path, source), step, to, where)

    return edit


def _route(text: str) -> Asked:
    path, _, name = text.partition(":")
    return lambda _: RouteByKey(path.strip(), name.strip() or "key")


def _group(text: str) -> Asked:
    steps, equals, name = text.partition("=")
    sources = [each.strip() for each in steps.split(",") if each.strip()]
    if not (equals and sources and name.strip()):
        raise click.UsageError(f"'{text}' should read STEP[,STEP]=NAME[:CLASS].")
    called, _, kind = name.strip().partition(":")

    def edit(document: Document) -> Edit:
        path, first = locate(document, sources[0])
        others = [beside(path, each) for each in sources[1:]]
        return Group(path, (first, *others), called, kind or "Block")

    return edit


def _ends(text: str) -> tuple[str, str, str]:
    source, arrow, rest = text.partition("->")
    target, _, port = rest.partition(":")
    if not (arrow and source.strip() and target.strip()):
        raise click.UsageError(f"'{text}' should read FROM->TO[:PORT].")
    return source.strip(), target.strip(), port.strip()


def _named(spec: str) -> tuple[str | None, str]:
    found = re.match(r"\s*([A-Za-z_]\w*)\s*=(.*)", spec, re.S)
    return (found[1], found[2].strip()) if found else (None, spec.strip())


#: Option, what it takes, what it does, and how it becomes an edit.
REWIRING: tuple[tuple[str, str, str, Callable[[str], Asked]], ...] = (
    ("add-input", _INPUT, "One more input; where it joins, the next layer is widened.", _add_input),
    ("remove-input", "NAME", "Take an input away.", lambda t: lambda _: RemoveInput("", t)),
    ("add-output", "STEP[:NAME]", "Return one tensor more.", _add_output),
    ("insert-on-edge", _EDGE, "A layer or operation between two steps.", _insert_on_edge),
    ("add-node", "STEP[,STEP]=[NAME=]SPEC", "A layer or operation that reads steps.", _add_node),
    ("connect", "FROM->TO[:PORT]", "Let a step read another one.", _connect),
    ("disconnect", "FROM->TO[:PORT]", "Let a step no longer read another one.", _disconnect),
    ("reroute", _MOVED, "Let a step read STEP instead of FROM.", _reroute),
    (
        "out-of-place",
        "STEP",
        "Let a step write over nothing, as with inplace=False.",
        lambda t: lambda d: OutOfPlace(*locate(d, t)),
    ),
    ("remove-node", "STEP", "Take a step out.", lambda t: lambda d: RemoveNode(*locate(d, t))),
    ("group", "STEP[,STEP]=NAME[:CLASS]", "Make a module of steps.", _group),
    ("ungroup", "PATH", "A module's steps among those around.", lambda t: lambda _: Ungroup(t)),
    (
        "run-in-order",
        "PATH",
        "Let a ModuleList run its modules in a loop.",
        lambda t: lambda _: RunInOrder(t),
    ),
    ("route-by-key", "PATH[:NAME]", "Let a text say which of a ModuleDict runs.", _route),
    ("bypass", "STEP", "Lead tensors past a child.", lambda t: lambda d: Bypass(*locate(d, t))),
)
