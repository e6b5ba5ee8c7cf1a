"""Reading a layer from text: one line, an assignment, or a cell pasted from a training script."""

import ast
import re
import textwrap

from torch import nn

from core.catalog.reading import dotted_name, read_layer, shown
from core.catalog.spec import LayerSpec
from core.errors import SpecError

_LONGEST = 200_000

# The names people give a whole model. ``backbone``, ``encoder`` or ``head`` are not among them:
# those are children as often as variables.
_VARIABLES = re.compile(
    r"(?:my_|the_)?(?:net|network|model|mdl|module|m|cnn|student|teacher)_?\d*|self"
    r"|(?:wide_)?resnet_?\d+|resnext\d+|vgg_?\d+|mobilenet\w*|densenet\d+|efficientnet\w*|alexnet"
)
_PROMPTS = re.compile(r"^[ \t]*(?:>>> ?|\.\.\. ?|In ?\[\d*\]:[ \t]*)", re.M)


def parse_spec(text: str) -> LayerSpec:
    """Return the layer that ``text`` writes down; nothing in it is ever run.

    Understood are ``Linear(2048, 10)``, ``nn.Sequential(OrderedDict([...]))`` and whole pasted
    cells; see :func:`parse_assignment`, whose target is dropped here. Raises :class:`SpecError`.
    """
    return parse_assignment(text)[1]


def parse_assignment(text: str, root: nn.Module | None = None) -> tuple[str | None, LayerSpec]:
    """Return ``(path, layer)`` of ``fc = Linear(2048, 10)``; the path is ``None`` without a target.

    In ``net.fc = ...`` the first name is the script's variable for the model. Where ``root`` is
    given it is dropped if the model has no child of that name; else if it is a usual one (net,
    model, self, resnet50, ...). ``net = ...`` alone has no path. ``net.classifier[1]`` becomes
    ``classifier.1``; counting from the end, ``[-1]``, needs ``root``.

    A pasted cell may import, print, name layers and use the names later; one layer must come out.
    Raises :class:`SpecError`.
    """
    cell = _Cell(root)
    for statement in _statements(text):
        cell.read(statement)
    return cell.result()


def _statements(text: str) -> list[ast.stmt]:
    if not text.strip():
        raise SpecError("There is no text; write a layer such as Linear(2048, 10).")
    if len(text) > _LONGEST:
        raise SpecError(f"The text is longer than {_LONGEST} characters; give less at a time.")
    source = _PROMPTS.sub("", textwrap.dedent(text)).strip().lstrip("\ufeff")
    try:
        return ast.parse(source).body
    except SyntaxError as problem:
        where = f" in line {problem.lineno}, column {problem.offset}" if problem.lineno else ""
        raise SpecError(f"The text cannot be read{where}: {problem.msg}.") from None
    except (RecursionError, MemoryError):
        raise SpecError("The text is nested too deeply; write it flatter.") from None
    except ValueError as problem:  # null bytes, lone surrogates
        raise SpecError(f"The text cannot be read: {problem}.") from None


class _Cell:
    """What the statements read so far have named, and the layers nobody has used yet."""

    def __init__(self, root: nn.Module | None) -> None:
        self._root = root
        self._names: dict[str, LayerSpec] = {}
        self._open: dict[str, tuple[str | None, LayerSpec]] = {}

    def read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                return
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._assign(target, value)
            case ast.Expr(value=value):
                self._expression(value)
            case _:
                raise SpecError(
                    f"A layer such as Linear(2048, 10) was expected; {shown(statement)} came."
                )

    def result(self) -> tuple[str | None, LayerSpec]:
        found = list(self._open.values())
        if not found:
            raise SpecError("There is no layer in the text; write one such as Linear(2048, 10).")
        if len(found) > 1:
            raise SpecError(
                f"The text has {len(found)} layers that do not belong together "
                f"({', '.join(self._open)}); give one at a time."
            )
        return found[0]

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Subscript) and self._set_item(target, value):
            return
        layer = self._layer(value)
        path = _target(target, self._root)
        if isinstance(target, ast.Name):
            self._names[target.id] = layer
        self._open[ast.unparse(target)] = (path, layer)

    def _layer(self, value: ast.expr) -> LayerSpec:
        layer = read_layer(_unwrapped(value), self._names)
        for each in ast.walk(value):
            if isinstance(each, ast.Name) and each.id in self._names:
                self._open.pop(each.id, None)
        return layer

    def _expression(self, value: ast.expr) -> None:
        value = _unwrapped(value)
        if isinstance(value, ast.Call):
            function = dotted_name(value.func) or ""
            owner, _, method = function.rpartition(".")
            if function == "print":
                return
            if owner in self._names:
                self._method(owner, method, value)
                return
        if isinstance(value, ast.Name) and value.id in self._names:
            return  # a notebook's way to show it
        self._open[shown(value)] = (None, self._layer(value))

    def _method(self, owner: str, method: str, call: ast.Call) -> None:
        """``blocks.append(Linear(...))`` and ``net.add_module("fc", Linear(...))``."""
        spec = self._names[owner]
        match method, call.args, call.keywords:
            case "append", [value], [] if spec.name == "ModuleList":
                spec = LayerSpec(spec.name, ([*spec.args[0], self._layer(value)],))
            case "append", [value], [] if spec.name == "Sequential" and not spec.kwargs:
                spec = LayerSpec(spec.name, (*spec.args, self._layer(value)))
            case "add_module", [ast.Constant(value=str(name)), value], []:
                spec = _with_child(spec, name, self._layer(value))
            case _:
                raise SpecError(
                    f"{shown(call)} cannot be followed; write the layers where they belong."
                )
        self._rename(owner, spec)

    def _set_item(self, target: ast.Subscript, value: ast.expr) -> bool:
        """``net["output"] = Linear(...)`` for a dictionary of layers made before."""
        owner, key = dotted_name(target.value), target.slice
        if owner not in self._names or not isinstance(key, ast.Constant):
            return False
        if not isinstance(key.value, str):
            return False
        self._rename(owner, _with_child(self._names[owner], key.value, self._layer(value)))
        return True

    def _rename(self, owner: str, spec: LayerSpec) -> None:
        self._names[owner] = spec
        self._open[owner] = (_target(ast.Name(owner), self._root), spec)


def _with_child(spec: LayerSpec, name: str, child: LayerSpec) -> LayerSpec:
    if spec.name == "ModuleDict":
        return LayerSpec(spec.name, ({**spec.args[0], name: child},))
    if spec.name == "Sequential":
        positional = {str(index): each for index, each in enumerate(spec.args)}
        return LayerSpec(spec.name, (), {**positional, **spec.kwargs, name: child})
    raise SpecError(f"{spec.name} takes no children by name; '{name}' cannot be put into it.")


def _unwrapped(value: ast.expr) -> ast.expr:
    """Drop the tuple that a comma left over from an argument list makes."""
    if isinstance(value, ast.Tuple) and len(value.elts) == 1:
        return value.elts[0]
    return value


def _target(node: ast.expr, root: nn.Module | None) -> str | None:
    parts = _parts(node)
    first = str(parts[0])
    if root is not None:
        is_variable = first not in root._modules and (
            len(parts) > 1 or bool(_VARIABLES.fullmatch(first))
        )
    else:
        is_variable = bool(_VARIABLES.fullmatch(first))
    return _path(parts[1:] if is_variable else parts, node, root)


def _parts(node: ast.expr) -> list[str | int]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=name):
            return [*_parts(value), name]
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key)):
            return [*_parts(value), key]
        case ast.Subscript(
            value=value, slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as key))
        ):
            return [*_parts(value), -key]
    raise SpecError(
        f"{shown(node)} does not name a place in a model; write it like layer4[0].conv1."
    )


def _path(parts: list[str | int], node: ast.expr, root: nn.Module | None) -> str | None:
    names: list[str] = []
    module = root
    for part in parts:
        children = list(module._modules) if module is not None else []
        if isinstance(part, int) and part < 0:
            if -part > len(children):
                raise SpecError(
                    f"{shown(node)} counts from the end, and how many there are is not known here; "
                    "write the number from the start."
                )
            part = children[part]
        names.append(str(part))
        module = module._modules.get(str(part)) if module is not None else None
    return ".".join(names) if names else None
