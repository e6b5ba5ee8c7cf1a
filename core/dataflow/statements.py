"""The statements of a forward: one for each node, with what is read once written in place."""

import inspect
import operator
from collections.abc import Mapping
from typing import Any

from torch import nn

from core.dataflow.expressions import AUGMENTED, BINARY, UNARY, Names, place_text
from core.dataflow.graph import OUTPUT, Choice, Graph, Items, Node, Ref
from core.dataflow.lists import by_key, in_order

_LONGEST = 92


class Writer:
    """Writes the body of the forward of ``module``."""

    def __init__(
        self, module: nn.Module, graph: Graph, names: Names, shapes: Mapping[str, str]
    ) -> None:
        self._module = module
        self._graph = graph
        self._names = names
        self._shapes = shapes
        self._inlined: dict[str, str] = {}

    def statements(self) -> list[str]:
        """Return the lines, those of one mode under ``if self.training``."""
        lines: list[str] = []
        when = ""
        for node in self._graph.nodes:
            if node.kind == "input" or self._inline(node):
                continue
            if node.when != when:
                lines += self._turn(when, node.when)
                when = node.when
            indent = "    " if when else ""
            lines += [indent + line for line in self._statement(node)]
        return lines

    def _turn(self, before: str, now: str) -> list[str]:
        if not now:
            return []
        if before:
            return ["else:"]
        return ["if self.training:" if now == "train" else "if not self.training:"]

    def _inline(self, node: Node) -> bool:
        """Remember what is short and changes nothing as an expression instead of a line."""
        if node.kind == "attribute":
            self._inlined[node.name] = place_text(self._module, node.target)
            return True
        if node.kind != "function" or node.when or len(self._graph.readers[node.name]) != 1:
            return False
        is_shape = node.target is getattr and node.args[1:] == ("shape",)
        of_shape = node.target is operator.getitem and self._is_shape(node.args[0])
        if is_shape or of_shape:
            self._inlined[node.name] = self._expression(node)
            return True
        return False

    def _is_shape(self, value: Any) -> bool:
        if not isinstance(value, Ref):
            return False
        node = self._graph.by_name[value.name]
        return node.target is getattr and node.args[1:] == ("shape",)

    def _statement(self, node: Node) -> list[str]:
        if node.kind == OUTPUT:
            return [f"return {self._returned(node.args[0])}"]
        if node.target in AUGMENTED and node.kind == "function":
            changed, other = map(self._value, node.args)
            return [f"{node.name} = {changed}", f"{node.name} {AUGMENTED[node.target]} {other}"]
        if node.target is in_order:
            return self._loop(node)
        if node.target is by_key:
            return self._routed(node)
        if node.kind == "function" and node.target is operator.setitem:
            holder, key, value = node.args
            return [f"{self._value(holder)}[{self._key(key)}] = {self._value(value)}"]
        shape = self._shapes.get(node.name)
        comment = f"  # {shape}" if shape else ""
        start = f"{node.name} = "
        if not self._graph.readers[node.name]:
            start = ""  # called for what it does
        return self._folded(start, self._expression(node), comment, node)

    def _loop(self, node: Node) -> list[str]:
        """Write a loop over the children; an input that only it reads is the variable in it."""
        given = node.args[0]
        alone = isinstance(given, Ref) and self._graph.readers[given.name] == (node.name,)
        variable = self._value(given) if alone else node.name
        if alone:
            self._inlined[node.name] = variable
        of = "self.values()" if isinstance(self._module, nn.ModuleDict) else "self"
        start = [] if alone else [f"{variable} = {self._value(given)}"]
        return [*start, f"for layer in {of}:", f"    {variable} = layer({variable})"]

    def _routed(self, node: Node) -> list[str]:
        given, key = map(self._value, node.args)
        return [
            f"if {key} is None:",
            f"    {key} = next(iter(self))",
            f"{node.name} = self[{key}]({given})",
        ]

    def _returned(self, value: Any) -> str:
        """Write what is returned, without parentheses that nobody needs."""
        text = self._value(value)
        several = isinstance(value, Items) and value.kind is tuple and len(value.values) > 1
        return text[1:-1] if several or (isinstance(value, Choice) and text[0] == "(") else text

    def _folded(self, start: str, text: str, comment: str, node: Node | None = None) -> list[str]:
        """Return a statement on one line, or a long call with each argument on a line."""
        if len(start) + len(text) <= _LONGEST or node is None or not text.endswith(")"):
            return [start + text + comment]
        callee, args = self._call(node)
        if callee is None or not args:
            return [start + text + comment]
        return [f"{start}{callee}({comment}", *(f"    {each}," for each in args), ")"]

    def _expression(self, node: Node) -> str:
        if node.kind == "function":
            written = self._operator(node)
            if written is not None:
                return written
        callee, args = self._call(node)
        return f"{callee}({', '.join(args)})"

    def _call(self, node: Node) -> tuple[str | None, list[str]]:
        args = list(map(self._value, node.args))
        kwargs = node.kwargs if node.kind != "function" else _needed(node)
        named = [f"{name}={self._value(each)}" for name, each in kwargs]
        if node.kind == "call":
            return place_text(self._module, node.target), args + named
        if node.kind == "method":
            return f"{self._operand(node.args[0])}.{node.target}", args[1:] + named
        if node.kind == "function" and self._operator(node) is None:
            return self._names.of(node.target), args + named
        return None, []

    def _operator(self, node: Node) -> str | None:
        """Write ``a + b``, ``a[0]`` and ``a.shape`` as such."""
        args, target = node.args, node.target
        if node.kwargs:
            return None
        if target in BINARY and len(args) == 2:
            left, right = map(self._operand, args)
            return f"{left} {BINARY[target]} {right}"
        if target in UNARY and len(args) == 1:
            return f"{UNARY[target]}{self._operand(args[0])}"
        if target is operator.getitem and len(args) == 2:
            return f"{self._operand(args[0])}[{self._key(args[1])}]"
        if target is getattr and len(args) == 2 and isinstance(args[1], str):
            return f"{self._operand(args[0])}.{args[1]}"
        return None

    def _operand(self, value: Any) -> str:
        """Return a value with parentheses where an operator beside it could take it apart."""
        text = self._value(value)
        bare = isinstance(value, (Ref, Items)) or text[:1] not in "-~+"
        return text if bare and not isinstance(value, Choice) else f"({text})"

    def _key(self, key: Any) -> str:
        if isinstance(key, Items) and key.kind is slice:
            start, stop, step = ("" if each is None else self._value(each) for each in key.values)
            return f"{start}:{stop}" + (f":{step}" if step else "")
        if isinstance(key, Items) and key.kind is tuple and key.values:
            inner = ", ".join(map(self._key, key.values))
            return f"{inner}," if len(key.values) == 1 else inner
        return self._value(key)

    def _value(self, value: Any) -> str:
        if isinstance(value, Ref):
            return self._inlined.get(value.name, value.name)
        if isinstance(value, Choice):
            return self._choice(value)
        if isinstance(value, Items):
            return self._items(value)
        return self._names.value(value)

    def _choice(self, choice: Choice) -> str:
        if choice.train is True and choice.eval is False:
            return "self.training"
        if choice.train is False and choice.eval is True:
            return "not self.training"
        return f"({self._value(choice.train)} if self.training else {self._value(choice.eval)})"

    def _items(self, items: Items) -> str:
        values = list(map(self._value, items.values))
        inner = ", ".join(values)
        if items.kind is str:
            parts = [self._in_text(each) for each in items.values]
            return 'f"' + "".join(parts) + '"'
        if items.kind is list:
            return f"[{inner}]"
        if items.kind is tuple:
            return f"({inner},)" if len(values) == 1 else f"({inner})"
        if items.kind is slice:
            return f"slice({inner})"
        if issubclass(items.kind, dict):
            pairs = zip(map(self._names.value, items.keys), values, strict=True)
            text = "{" + ", ".join(f"{key}: {each}" for key, each in pairs) + "}"
            return text if items.kind is dict else f"{self._names.of(items.kind)}({text})"
        return f"{self._names.of(items.kind)}({inner})"

    def _in_text(self, value: Any) -> str:
        """Write a part of an f-string."""
        if isinstance(value, str):
            return self._names.value(value)[1:-1].replace("{", "{{").replace("}", "}}")
        return "{" + self._value(value) + "}"


def _needed(node: Node) -> tuple[tuple[str, Any], ...]:
    """Leave out ``inplace=False`` and the like, where that is what a function takes anyway.

    torch hands all arguments of its functions on, also those that nobody wrote.
    """
    try:
        parameters = inspect.signature(node.target).parameters
    except (TypeError, ValueError):
        return node.kwargs
    return tuple(
        (name, value)
        for name, value in node.kwargs
        if not (
            (value is None or value is False)
            and name in parameters
            and parameters[name].default is value
        )
    )
