"""The classes of re-wired modules: subclasses of their own class with a forward that was written.

A class is one object for one base and one text, so that equal blocks stay equal. It is known by
name here for as long as a module of it lives, which is what pickling and copying ask for.
"""

import hashlib
import linecache
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from torch import nn

from core.dataflow.graph import Graph


@dataclass(frozen=True)
class _Written:
    """What a class was made of."""

    base: type[nn.Module]
    graph: Graph
    source: str
    names: Mapping[str, Any]


_classes: "WeakValueDictionary[str, type[nn.Module]]" = WeakValueDictionary()
_flows: "WeakKeyDictionary[type[nn.Module], _Written]" = WeakKeyDictionary()
_lock = threading.Lock()


def written_class(
    name: str, base: type[nn.Module], graph: Graph, source: str, names: Mapping[str, Any]
) -> type[nn.Module]:
    """Return the subclass ``name`` of ``base`` that ``source`` defines.

    ``source`` is the class statement as it would stand in a file; ``names`` are its globals.
    """
    key = f"{base.__module__}.{base.__qualname__} {id(base)}\n{source}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    with _lock:
        known = _classes.get(f"{name}_{digest}")
        if known is not None:
            return known
        file = f"<{name} {digest}>"
        scope = {**names, "__name__": __name__}
        exec(compile(source, file, "exec"), scope)
        made: type[nn.Module] = scope[name]
        made.__module__ = __name__
        made.__qualname__ = f"{name}_{digest}"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        _classes[made.__qualname__] = made
        _flows[made] = _Written(base, graph, source, dict(names))
        return made


def class_name(module: nn.Module) -> str:
    """Return what the class of a module is called once it is re-wired; a given name stays."""
    kind = type(module)
    return kind.__name__ if kind in _flows else f"Rewired{kind.__name__}"


def written_graph(module: nn.Module) -> Graph | None:
    """Return the graph a re-wired module was written from, or ``None`` for any other module."""
    flow = _flows.get(type(module))
    return None if flow is None else flow.graph


def is_rewired(module: nn.Module) -> bool:
    """Say whether the forward of a module was written here."""
    return type(module) in _flows


def own_class(module: nn.Module) -> type[nn.Module]:
    """Return the class of a module before it was re-wired."""
    flow = _flows.get(type(module))
    return type(module) if flow is None else flow.base


def parts_of(kind: type) -> tuple[str, type[nn.Module], Graph, str, Mapping[str, Any]] | None:
    """Return what :func:`written_class` makes a class of again, in another process say."""
    flow = _flows.get(kind)
    if flow is None:
        return None
    return kind.__name__, flow.base, flow.graph, flow.source, flow.names


def __getattr__(name: str) -> Any:
    """Find a class by name, for pickle."""
    found = _classes.get(name)
    if found is None:
        raise AttributeError(f"There is no re-wired class {name} any more.")
    return found
