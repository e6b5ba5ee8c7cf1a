"""Changing a graph: pure functions from a graph to a graph, each refused with one sentence.

A graph is always one that can run: what would feed itself, read what is not there, or lack an
input is refused.
"""

import builtins
import keyword
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.dataflow.expressions import AUGMENTED
from core.dataflow.graph import OUTPUT, Choice, Graph, Items, Node, Ref, When, refs
from core.dataflow.merging import rename
from core.errors import EditRefused, nearest

_RESERVED = frozenset({"self", OUTPUT})
_MOST_TOLD = 8


def find(graph: Graph, text: str) -> Node:
    """Return the node called ``text``, or the one call of the child at ``text``; or refuse."""
    node = graph.by_name.get(text)
    if node is not None:
        return node
    calls = graph.calls_of(text)
    if len(calls) == 1:
        return calls[0]
    if calls:
        names = ", ".join(each.name for each in calls)
        raise EditRefused(f"{text} is called {len(calls)} times, as {names}; say which.")
    known = [*graph.by_name, *(str(n.target) for n in graph.nodes if n.kind == "call")]
    hint = nearest(text, known) or f" There are {', '.join(known[:_MOST_TOLD])}."
    raise EditRefused(f"There is no step '{text}' in this forward.{hint}")


def giver(graph: Graph, text: str) -> Node:
    """Return the step that ``text`` names, as one that something is to read; or refuse."""
    node = find(graph, text)
    if node.kind == OUTPUT and graph.calls_of(text):
        node = graph.calls_of(text)[0]  # a child called output, as in the tutorial
    if node.kind == OUTPUT:
        raise EditRefused("The output is where tensors leave; nothing can read it.")
    return node


def free_name(graph: Graph, wanted: str) -> str:
    """Return ``wanted``, made a variable name that the graph does not use yet."""
    base = re.sub(r"\W", "_", wanted).strip("_") or "step"
    base = f"_{base}" if base[0].isdigit() else base
    base += "_" if keyword.iskeyword(base) or base in _RESERVED or hasattr(builtins, base) else ""
    name, number = base, 1
    while name in graph.by_name:
        name, number = f"{base}_{number}", number + 1
    return name


def checked_name(graph: Graph, name: str) -> str:
    """Return ``name`` if a step or an input can be called so, else refuse."""
    if not name.isidentifier() or keyword.iskeyword(name) or name in _RESERVED:
        why = "a word of Python" if keyword.iskeyword(name) else "no name for a variable"
        raise EditRefused(f"'{name}' is {why}; letters, digits and _ make one, such as extra_1.")
    if name in graph.by_name:
        raise EditRefused(f"There is a step called '{name}' already; choose another name.")
    return name


def insert(graph: Graph, node: Node) -> Graph:
    """Return the graph with one node more, right after the last step it reads."""
    position = {each.name: number for number, each in enumerate(graph.nodes)}
    inputs = sum(each.kind == "input" for each in graph.nodes)
    at = max([inputs, *(position[name] + 1 for name in node.reads)])
    return checked(replace(graph, nodes=(*graph.nodes[:at], node, *graph.nodes[at:])))


def insert_on_edge(graph: Graph, node: Node, source: str, target: str, port: int | None) -> Graph:
    """Return the graph with ``node``, which reads ``source``, between it and ``target``.

    ``port`` says which of the target's references to it; without it, all of them.
    """
    reader = _reader(graph, source, target, port)
    node = replace(node, when=node.when or reader.when or _mode(graph, source))
    position = graph.nodes.index(reader)
    changed = _redirected(reader, {source: node.name}, port)
    nodes = (*graph.nodes[:position], node, changed, *graph.nodes[position + 1 :])
    return checked(replace(graph, nodes=nodes))


def remove(graph: Graph, name: str) -> Graph:
    """Return the graph without a step; what read it reads what it read first."""
    node = find(graph, name)
    if node.kind == "input":
        raise EditRefused(f"{name} is an input; remove it as such.")
    if node.kind == OUTPUT:
        raise EditRefused("The output cannot be removed; connect another step to it.")
    rest = replace(graph, nodes=tuple(each for each in graph.nodes if each is not node))
    readers = graph.readers[node.name]
    if not readers:
        return rest
    if not node.reads:
        raise EditRefused(
            f"{name} reads nothing that could take its place in {_listed(readers)};"
            " connect those to another step first."
        )
    before = node.args[0] if node.args and list(refs(node.args[0])) else Ref(node.reads[0])
    if isinstance(before, Items) and len(list(refs(before))) > 0:
        before = next(refs(before))
    nodes = tuple(_redirected(each, {node.name: before}) for each in rest.nodes)
    return checked(replace(rest, nodes=nodes))


def connect(graph: Graph, source: str, target: str, port: int | str | None = None) -> Graph:
    """Return the graph in which ``target`` reads ``source`` at ``port``.

    A number is the place among what it reads, the next free one adds; a text is the name of an
    argument. Without a port the only place is meant, or one more of what is laid side by side.
    """
    new, reader = Ref(giver(graph, source).name), find(graph, target)
    if reader.kind in ("input", "attribute"):
        raise EditRefused(f"{target} reads nothing: it is where a tensor comes from.")
    if isinstance(port, str):
        kwargs = tuple((k, v) for k, v in reader.kwargs if k != port)
        changed = replace(reader, kwargs=(*kwargs, (port, new)))
    elif port is None and _list_of(reader) is not None:
        changed = _appended(reader, new)
    else:
        count = len(reader.reads)
        if port is None:
            if count > 1:
                raise EditRefused(
                    f"{target} reads {_listed(reader.reads)}; say which of them (0 to {count - 1}),"
                    f" or {count} for one more."
                )
            port = 0
        if not 0 <= port <= count:
            raise EditRefused(f"{target} reads {count} tensors, so a port is 0 to {count}.")
        changed = _appended(reader, new) if port == count else _redirected(reader, new, port)
    if isinstance(new, Ref) and not changed.when:
        changed = _seen_from(graph, changed, new)
    nodes = tuple(changed if each is reader else each for each in graph.nodes)
    return checked(replace(graph, nodes=nodes))


def reroute(graph: Graph, source: str, target: str, to: str, port: int | None = None) -> Graph:
    """Return the graph in which ``target`` reads ``to`` where it read ``source``.

    ``port`` says which of the target's references to it; without it, all of them.
    """
    reader, new = _reader(graph, source, target, port), Ref(to)
    changed = _redirected(reader, {source: to} if port is None else new, port)
    if not changed.when:
        changed = _seen_from(graph, changed, new)
    nodes = tuple(changed if each is reader else each for each in graph.nodes)
    return checked(replace(graph, nodes=nodes))


def _reader(graph: Graph, source: str, target: str, port: int | None) -> Node:
    """Return the node ``target`` if it reads ``source``, at ``port``; or refuse."""
    reader = find(graph, target)
    if source not in reader.reads:
        raise EditRefused(
            f"{target} does not read {source}; it reads {_listed(reader.reads) or 'nothing'}."
        )
    if port is not None and not (0 <= port < len(reader.reads) and reader.reads[port] == source):
        raise EditRefused(f"Input {port} of {target} is not {source}.")
    return reader


def out_of_place(graph: Graph, name: str) -> Graph:
    """Return the graph in which a step makes a new tensor instead of writing over what it reads."""
    node = find(graph, name)
    twin = _twin(node)
    if twin is None:
        raise EditRefused(
            f"{name} ({node.title}) has no twin that leaves its input as it is; read a copy of that"
            " somewhere else instead."
        )
    return replace(graph, nodes=tuple(twin if each is node else each for each in graph.nodes))


def _twin(node: Node) -> Node | None:
    if node.kind == "method" and node.target.endswith("_") and hasattr(Tensor, node.target[:-1]):
        return replace(node, target=node.target[:-1])
    if node.kind != "function":
        return None
    if dict(node.kwargs).get("inplace") is True:
        return replace(node, kwargs=tuple((k, v) for k, v in node.kwargs if k != "inplace"))
    named = getattr(node.target, "__name__", "")
    for home in (operator, torch, functional):
        # ``iadd`` is ``add``, and ``relu_`` is ``relu``.
        bare = named[1:] if node.target in AUGMENTED else named.removesuffix("_")
        if bare != named and getattr(home, named, None) is node.target and hasattr(home, bare):
            return replace(node, target=getattr(home, bare))
    return None


def disconnect(graph: Graph, source: str, target: str, port: int | None = None) -> Graph:
    """Return the graph in which ``target`` no longer reads ``source``.

    What is one of several is left out; a sum or product of two becomes the other one. Refused where
    the target would lack an input.
    """
    gone, reader = giver(graph, source).name, find(graph, target)
    ports = [n for n, name in enumerate(reader.reads) if name == gone]
    if not ports or (port is not None and port not in ports):
        raise EditRefused(
            f"{target} does not read {source}{'' if port is None else f' at {port}'};"
            f" it reads {_listed(reader.reads) or 'nothing'}."
        )
    held = _list_of(reader)
    if held is not None and len(held.values) > 1:
        kept = tuple(v for v in held.values if v != Ref(gone))
        if kept:
            nodes = tuple(
                _with_list(each, replace(held, values=kept)) if each is reader else each
                for each in graph.nodes
            )
            return checked(replace(graph, nodes=nodes))
    others = [name for name in reader.reads if name != gone]
    if reader.kind == "function" and len(reader.args) == 2 and len(others) == 1:
        rest = replace(graph, nodes=tuple(each for each in graph.nodes if each is not reader))
        nodes = tuple(_redirected(each, {reader.name: Ref(others[0])}) for each in rest.nodes)
        return checked(replace(rest, nodes=nodes))
    if any(value == Ref(gone) for _, value in reader.kwargs) and others:
        kwargs = tuple((k, v) for k, v in reader.kwargs if v != Ref(gone))
        nodes = tuple(
            replace(each, kwargs=kwargs) if each is reader else each for each in graph.nodes
        )
        return checked(replace(graph, nodes=nodes))
    raise EditRefused(
        f"Without {source}, {target} would lack an input. Connect another step to it, or remove"
        f" {target}."
    )


def renamed(graph: Graph, name: str, new: str) -> Graph:
    """Return the graph with a step, or an input, called ``new``."""
    node = find(graph, name)
    if node.kind == OUTPUT:
        raise EditRefused("The output has no name of its own.")
    changed = rename(graph, {node.name: checked_name(graph, new)})
    if node.kind != "input":
        return changed
    nodes = tuple(
        replace(each, target=new) if each.name == new and each.kind == "input" else each
        for each in changed.nodes
    )
    return replace(changed, nodes=nodes)


def checked(graph: Graph) -> Graph:
    """Return the graph with its steps in an order in which they can run, or refuse.

    The order stays as it is where it can: a step waits only for what it reads.
    """
    done: set[str] = set()
    ordered: list[Node] = []
    waiting: list[Node] = []
    for node in graph.nodes:
        waiting.append(node)
        moved = True
        while moved:
            ready = [each for each in waiting if done.issuperset(each.reads)]
            moved = bool(ready)
            for each in ready:
                ordered.append(each)
                done.add(each.name)
                waiting.remove(each)
    if waiting:
        raise EditRefused(f"{_circle(waiting)}: a step would wait for itself.")
    output = next(each for each in ordered if each.kind == OUTPUT)
    ordered.remove(output)
    graph = replace(graph, nodes=(*ordered, output))
    for node in graph.nodes:
        _check_modes(graph, node)
    return graph


def _check_modes(graph: Graph, node: Node) -> None:
    """Refuse what reads, in a mode it runs in, a step that is there in the other alone."""
    for mode in ("train", "eval"):
        if node.when not in ("", mode):
            continue
        for name in node.seen_in(mode).reads:
            if graph.by_name[name].when not in ("", mode):
                other = "training" if graph.by_name[name].when == "train" else "eval mode"
                raise EditRefused(
                    f"{node.name} would read {name}, which is there in {other} alone."
                )


def _mode(graph: Graph, name: str) -> When:
    return graph.by_name[name].when


def _seen_from(graph: Graph, node: Node, new: Ref) -> Node:
    """Let the output have ``None`` in the mode in which a step is not there."""
    when = _mode(graph, new.name)
    if node.kind != OUTPUT or not when:
        return node
    choice = Choice(new, None) if when == "train" else Choice(None, new)
    return node.mapped(lambda value: choice if value == new else value)


def _redirected(node: Node, to: Any, port: int | None = None) -> Node:
    """Return the node reading other things: ``{name: value}``, or one value at ``port``."""
    number = -1

    def change(value: Any) -> Any:
        nonlocal number
        if not isinstance(value, Ref):
            return value
        number += 1
        if port is not None and number != port:
            return value
        new = to.get(value.name, value) if isinstance(to, dict) else to
        return Ref(new) if isinstance(new, str) else new

    return node.mapped(change)


def _list_of(node: Node) -> Items | None:
    """Return the list of tensors that is a node's first argument, as with ``cat``."""
    first = node.args[0] if node.args else None
    if isinstance(first, Items) and first.kind in (list, tuple) and node.kind == "function":
        return first if any(True for _ in refs(first)) else None
    return None


def _with_list(node: Node, items: Items) -> Node:
    return replace(node, args=(items, *node.args[1:]))


def _appended(node: Node, new: Ref) -> Node:
    held = _list_of(node)
    if held is not None:
        return _with_list(node, replace(held, values=(*held.values, new)))
    if node.kind == OUTPUT:
        return replace(node, args=(with_output(node.args[0], new, new.name),))
    if node.kind != "call":
        raise EditRefused(f"{node.name} takes no further tensor.")
    return replace(node, args=(*node.args, new))


def with_output(value: Any, new: Any, name: str) -> Any:
    """Return what is returned with one thing more: appended, or under ``name`` in a dict."""
    if isinstance(value, Items) and issubclass(value.kind, dict):
        if name in value.keys:
            raise EditRefused(f"There is an output called '{name}' already; choose another name.")
        return replace(value, values=(*value.values, new), keys=(*value.keys, name))
    if isinstance(value, Items) and value.kind in (tuple, list):
        return replace(value, values=(*value.values, new))
    return Items(tuple, (value, new))


def _circle(waiting: Sequence[Node]) -> str:
    """Write down one circle among nodes that wait for each other."""
    by_name = {node.name: node for node in waiting}
    way, name = [], waiting[0].name
    while name not in way:
        way.append(name)
        name = next(each for each in by_name[name].reads if each in by_name)
    way = [*way[way.index(name) :], name]
    return " -> ".join(reversed(way))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
