"""Values that are not there yet: what a forward is given when it is read.

A dictionary of which the names are known answers by them what Python must know at once, such as
``"image" in batch``; what it answered is kept, since the graph holds only what came of it.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import fx
from torch.fx.proxy import TraceError

#: Stands around the name of a symbol that was made part of a text: the message of an assertion.
MARK = "\x00"

_AUGMENTED = (
    "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "iand", "ior",
    "ixor",
)  # fmt: skip
#: Methods that change which names a dictionary has.
_CHANGING = frozenset({"pop", "popitem", "update", "setdefault", "clear"})


@dataclass(frozen=True)
class Keyed:
    """A dictionary with these names, in their order."""

    names: tuple[str, ...]


class Symbol(fx.Proxy):
    """A value that is not there yet. Unlike fx's own, it keeps what is done to it in place."""

    def __repr__(self) -> str:
        return f"{MARK}{self.node.name}{MARK}"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.tracer.create_proxy("call_function", operator.setitem, (self, key, value), {})

    def __contains__(self, item: Any) -> bool:
        # Without it Python would go through the symbol, and fx complain of a loop.
        what = "something" if isinstance(item, fx.Proxy) else repr(item)
        raise TraceError(
            f"it asks whether {what} is in {self.node.name} ('in'), which nothing tells before it"
            f" runs; if {self.node.name} is a dictionary, give the model one as input, such as"
            " {image: 1,3,64,64}"
        )


def _augmented(name: str) -> Callable[[Symbol, Any], Any]:
    function = getattr(operator, name)

    def change(self: Symbol, other: Any) -> Any:
        return self.tracer.create_proxy("call_function", function, (self, other), {})

    return change


for _name in _AUGMENTED:
    setattr(Symbol, f"__{_name}__", _augmented(_name))


class Dictionary(Symbol):
    """A dictionary whose names are known: a question about them is answered, its values are read.

    What the forward puts into it counts from then on. Once it was changed in a way that cannot be
    followed (``pop``, ``update``), a question about its names is refused.
    """

    def __init__(self, node: fx.Node, tracer: fx.Tracer, names: Iterable[str]) -> None:
        super().__init__(node, tracer)  # type: ignore[arg-type]
        self._names: dict[Any, None] | None = dict.fromkeys(names)

    def __getattr__(self, name: str) -> Any:
        if name in _CHANGING:
            self._names = None
        return super().__getattr__(name)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        if isinstance(key, fx.Proxy):
            self._names = None
        elif self._names is not None:
            self._names[key] = None

    def __delitem__(self, key: Any) -> None:
        raise TraceError(f"it deletes something from {self.node.name} ('del')")

    def __contains__(self, item: Any) -> bool:
        if self._names is None or isinstance(item, fx.Proxy):
            return super().__contains__(item)
        found = item in self._names
        self._answered(f"whether {item!r} is in {self.node.name} ({'yes' if found else 'no'})")
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return bool(self._all())

    def keys(self) -> Any:
        """Return its names, as they are known."""
        return self._all().keys()

    def values(self) -> list[Any]:
        """Return a symbol for each of its values."""
        return [self._of(name) for name in self._all()]

    def items(self) -> list[tuple[Any, Any]]:
        """Return each of its names with a symbol for the value."""
        return [(name, self._of(name)) for name in self._all()]

    def get(self, name: Any, default: Any = None) -> Any:
        """Return a symbol for the value, or the default, by whether it has the name."""
        return self._of(name) if self.__contains__(name) else default

    def _of(self, name: Any) -> Any:
        return self.tracer.create_proxy("call_function", operator.getitem, (self, name), {})

    def _all(self) -> dict[Any, None]:
        if self._names is None:
            raise TraceError(
                f"it asks which names {self.node.name} has after it changed them, which nothing"
                " tells before it runs"
            )
        self._answered(f"which names {self.node.name} has ({', '.join(map(str, self._names))})")
        return dict(self._names)

    def _answered(self, what: str) -> None:
        self.node.meta.setdefault("answered", {})[what] = None


def answered(graph: fx.Graph) -> list[str]:
    """Return what was asked of dictionaries while a graph was read, with the answers."""
    return [what for node in graph.nodes for what in node.meta.get("answered", ())]
