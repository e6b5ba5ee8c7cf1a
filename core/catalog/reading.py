"""From the syntax tree of a text to a layer spec. Nothing is evaluated, nothing is looked up.

What is understood is listed here, node by node; everything else is refused with a sentence.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from core.catalog.layers import find_layer
from core.catalog.refs import function_ref
from core.catalog.spec import PARTIAL, LayerRef, LayerSpec, as_text
from core.document.inputs import DTYPES
from core.errors import SpecError

MAX_DEPTH = 100
_LARGEST = 2**63
_CONSTANTS = {
    f"{module}.{name}": value
    for module in ("math", "torch", "np", "numpy")
    for name, value in (("inf", math.inf), ("nan", math.nan), ("pi", math.pi), ("e", math.e))
}
_ORDERED = ("OrderedDict", "collections.OrderedDict", "typing.OrderedDict", "dict")
_ALIASES = {"torch.half": "float16", "torch.float": "float32", "torch.double": "float64"}
_DTYPES = {f"torch.{name}": dtype for name, dtype in DTYPES.items()}
_DTYPES |= {alias: DTYPES[name] for alias, name in _ALIASES.items()}

# No power: ``9**9**9`` would never end.
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def read_layer(node: ast.AST, names: Mapping[str, LayerSpec] | None = None) -> LayerSpec:
    """Return the layer that ``node`` writes down; ``names`` are layers assigned before it."""
    value = _value(node, names or {}, 0)
    if isinstance(value, LayerSpec) and value.name != PARTIAL:
        return value
    if isinstance(value, LayerRef):
        raise SpecError(_uncalled(value))
    raise SpecError(f"A layer such as Linear(2048, 10) was expected; {shown(node)} came.")


def shown(node: ast.AST) -> str:
    """Return a node's source for a message, shortened."""
    try:
        text = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):
        return "something very deeply nested"
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"


def dotted_name(node: ast.AST) -> str | None:
    """Return ``"a.b.c"`` for such a node, ``None`` for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def _value(node: ast.AST, names: Mapping[str, LayerSpec], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise SpecError(f"The text is nested more than {MAX_DEPTH} levels deep; write it flatter.")
    depth += 1
    match node:
        case ast.Constant():
            return _constant(node)
        case ast.Tuple():
            return tuple(_items(node, names, depth))
        case ast.List():
            return _items(node, names, depth)
        case ast.Dict():
            return _dict(node, names, depth)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()) | ast.BinOp():
            return _number(node, depth)
        case ast.Name() | ast.Attribute():
            return _name(node, names)
        case ast.Call():
            return _call(node, names, depth)
    raise SpecError(
        f"{shown(node)} is not something a layer is given: write numbers, text, tuples, lists, "
        "dictionaries or other layers."
    )


def _constant(node: ast.Constant) -> Any:
    value = node.value
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, int):
        return _bounded(value, node)
    raise SpecError(f"{shown(node)} is not a number, text, True, False or None.")


def _bounded(value: int | float, node: ast.AST) -> int | float:
    if isinstance(value, int) and abs(value) >= _LARGEST:
        raise SpecError(f"The number {shown(node)} is too large; 2^63 is the limit.")
    return value


def _items(node: ast.Tuple | ast.List, names: Mapping[str, LayerSpec], depth: int) -> list[Any]:
    return [item for each in node.elts for item in _spread(each, names, depth)]


def _spread(node: ast.expr, names: Mapping[str, LayerSpec], depth: int) -> list[Any]:
    if not isinstance(node, ast.Starred):
        return [_value(node, names, depth)]
    if isinstance(node.value, (ast.Tuple, ast.List)):
        return _items(node.value, names, depth)
    raise SpecError(f"{shown(node)} cannot be unpacked here: write its items out.")


def _dict(node: ast.Dict, names: Mapping[str, LayerSpec], depth: int) -> dict[Any, Any]:
    pairs = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise SpecError(f"{shown(value)} cannot be unpacked here: write its items out.")
        pairs.append((_value(key, names, depth), _value(value, names, depth)))
    return _from_pairs(pairs, node)


def _from_pairs(pairs: list[tuple[Any, Any]], node: ast.AST) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if not isinstance(key, (str, int)):
            raise SpecError(f"Names in {shown(node)} are text; {as_text(key)} came.")
        if key in found:
            raise SpecError(f"The name {as_text(key)} comes twice in {shown(node)}.")
        found[key] = value
    return found


def _number(node: ast.AST, depth: int) -> int | float:
    if depth > MAX_DEPTH:
        raise SpecError("The calculation is too long; write its result.")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _bounded(value, node)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            first, second = _number(left, depth + 1), _number(right, depth + 1)
            return _calculated(_OPERATORS[type(op)], first, second, node)
        case ast.Name() | ast.Attribute() | ast.Call():
            value = _value(node, {}, depth)
            if isinstance(value, float):
                return value
    raise SpecError(f"{shown(node)} is not a calculation of numbers with + - * / or //.")


def _calculated(
    operation: Callable[[Any, Any], Any], first: float, second: float, node: ast.AST
) -> int | float:
    try:
        result: int | float = operation(first, second)
    except (ArithmeticError, ValueError) as problem:
        raise SpecError(f"{shown(node)} has no result: {problem}.") from None
    return _bounded(result, node)


def _name(node: ast.Name | ast.Attribute, names: Mapping[str, LayerSpec]) -> Any:
    name = dotted_name(node)
    if name is None:
        raise SpecError(f"{shown(node)} reads an attribute, which a layer text cannot do.")
    if name in names:
        return names[name]
    if name in ("inf", "nan"):
        return float(name)
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    if name in _DTYPES:
        return _DTYPES[name]
    return function_ref(name) or LayerRef(find_layer(name).name)


def _call(node: ast.Call, names: Mapping[str, LayerSpec], depth: int) -> Any:
    name = dotted_name(node.func)
    if name is None:
        raise SpecError(f"Only layers can be called by name; {shown(node)} calls something else.")
    args = [item for each in node.args for item in _spread(each, names, depth)]
    kwargs = _keywords(node, names, depth)
    if name in ("float", "torch.device", "torch.tensor", "torch.Size", "torch.Tensor"):
        return _plain_call(name, args, kwargs, node)
    if name in _ORDERED:
        return _ordered(args, kwargs, node)
    if name in (PARTIAL, f"functools.{PARTIAL}"):
        return _partial(args, kwargs, node)
    layer = find_layer(name)
    return _arranged(layer.name, args, kwargs, node)


def _keywords(node: ast.Call, names: Mapping[str, LayerSpec], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in node.keywords:
        if each.arg is None:
            raise SpecError(f"{shown(each.value)} cannot be unpacked here: write its items out.")
        if each.arg in found:
            raise SpecError(f"The argument {each.arg} comes twice in {shown(node)}.")
        found[each.arg] = _value(each.value, names, depth)
    return found


def _plain_call(name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
    if len(args) != 1 or kwargs:
        raise SpecError(f"{name} takes one plain value here; {shown(node)} came.")
    (value,) = args
    if name == "float":
        return _float(value, node)
    if name == "torch.device" and isinstance(value, str):
        return value
    if name != "torch.device" and isinstance(value, (list, tuple)):
        return tuple(value) if name == "torch.Size" else list(value)
    raise SpecError(f"{name} does not take {as_text(value)}.")


def _float(value: Any, node: ast.Call) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise SpecError(f"{shown(node)} is not a number.") from None


def _ordered(args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> dict[Any, Any]:
    """Read ``OrderedDict([("a", x), ...])``, ``OrderedDict({"a": x})`` or ``OrderedDict(a=x)``."""
    if len(args) > 1:
        raise SpecError(f"OrderedDict takes one list of pairs; {len(args)} arguments came.")
    items = args[0] if args else []
    if isinstance(items, dict):
        items = list(items.items())
    if not isinstance(items, (list, tuple)) or not all(map(_is_pair, items)):
        raise SpecError(f"OrderedDict takes a list of (name, layer) pairs; {shown(node)} came.")
    return _from_pairs([*map(tuple, items), *kwargs.items()], node)


def _partial(args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> LayerSpec:
    """Read ``partial(BatchNorm2d, eps=0.001)``, which stands for a layer class."""
    if not args or not isinstance(args[0], LayerRef):
        raise SpecError(f"partial takes a layer class first, without parentheses: {shown(node)}.")
    return LayerSpec(PARTIAL, tuple(args), kwargs)


def _is_pair(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and len(item) == 2


def _arranged(name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> LayerSpec:
    """Return the spec, with a container's children where :class:`LayerSpec` keeps them."""
    lone = args[0] if len(args) == 1 and not kwargs else None
    if name == "Sequential" and isinstance(lone, dict):
        return LayerSpec(name, (), _named_children(lone))
    if name == "ModuleDict":
        if isinstance(lone, (list, tuple)) and all(map(_is_pair, lone)):
            lone = _from_pairs([tuple(each) for each in lone], node)
        elif not args:
            lone = kwargs
        if isinstance(lone, dict):
            return LayerSpec(name, (_named_children(lone),))
    if name == "ModuleList" and isinstance(lone, tuple):
        return LayerSpec(name, (list(lone),))
    if name == "ModuleList" and not args and not kwargs:
        return LayerSpec(name, ([],))
    return LayerSpec(name, tuple(args), kwargs)


def _named_children(children: dict[Any, Any]) -> dict[str, Any]:
    for name in children:
        if not isinstance(name, str):
            raise SpecError(f"Children are named with text; {as_text(name)} came.")
    return children


def _uncalled(ref: LayerRef) -> str:
    if "." in ref.name:
        return f"{ref.name} is a function, not a layer; use the layer of that name, such as ReLU()."
    needed = ", ".join(each.name for each in find_layer(ref.name).required)
    return f"{ref.name} comes without its arguments; write {ref.name}({needed})."
