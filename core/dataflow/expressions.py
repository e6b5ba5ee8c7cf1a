"""Python text for the things a graph holds: functions, constants, places in a module."""

import builtins
import enum
import importlib
import inspect
import json
import keyword
import math
import operator
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from core.dataflow import operations
from core.dataflow.graph import Choice, Items
from core.errors import EditRefused
from core.user_code import code_of, goes_along


class Names:
    """The names of modules, classes and functions a text uses, and how they are imported.

    ``alone`` is for a text that imports no file of the user's: their code goes along, as that of
    the user's blocks always does.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._alone = alone
        self._packages: dict[str, str] = {}  # alias -> module
        self._things: dict[str, Any] = {}  # imported by their own name
        self._own: dict[str, Any] = {}
        self.blocks: dict[str, Any] = {}  # of Modelwright's own, whose source is written out
        self.along: dict[str, Any] = {}  # of the user's, whose source is written out
        self._local: set[str] = set()

    def avoid(self, local: Iterable[str]) -> None:
        """Give none of these names to what is imported, since they are variables of the text."""
        self._local.update(local)

    def module(self, path: str, alias: str) -> str:
        """Return the name under which the module ``path`` is known in the text."""
        for known, each in self._packages.items():
            if each == path and known not in self._local:
                return known
        while self._taken(alias):
            alias += "_"
        self._packages[alias] = path
        return alias

    def of(self, thing: Any) -> str:
        """Return how a class or function is called in the text; raises EditRefused."""
        if getattr(thing, "__module__", None) == operations.__name__:
            self._own[thing.__name__] = thing
            return str(thing.__name__)
        name = getattr(thing, "__name__", "")
        if str(getattr(thing, "__module__", "")).startswith("core.blocks."):
            self.blocks[name] = thing
            return str(name)
        if goes_along(thing) or (self._alone and code_of(thing) is not None):
            return self._taken_along(thing)
        if getattr(builtins, name, None) is thing:
            return (
                name if name not in self._local else f"{self.module('builtins', 'builtins')}.{name}"
            )
        for path, alias in (("torch.nn.functional", "F"), ("torch", "torch"), ("torch.nn", "nn")):
            if getattr(sys.modules[path], name, None) is thing:
                return f"{self.module(path, alias)}.{name}"
        path, name = _home(thing) or ("", name)
        if not path and (not name.isidentifier() or self._things.get(name, thing) is not thing):
            raise EditRefused(f"Its forward uses {thing!r}, which has no name that Python can use.")
        if "." not in name and (self._things.get(name) is thing or not self._taken(name)):
            self._things[name] = thing
            return name
        return f"{self.module(path, path.rpartition('.')[2])}.{name}"

    def _taken_along(self, thing: Any) -> str:
        name = str(thing.__qualname__)
        if self.along.setdefault(name, thing) is not thing:
            raise EditRefused(
                f"There are two different things called {name} in it; rename one of the blocks, or"
                " bring all to the same version."
            )
        return name

    def _taken(self, name: str) -> bool:
        kinds = (self._local, self._packages, self._own, self._things, self.blocks, self.along)
        return any(name in each for each in kinds)

    def value(self, value: Any) -> str:
        """Return a constant as Python; raises EditRefused where it has no text."""
        match value:
            case float() if not math.isfinite(value):
                return f'float("{value}")'
            case enum.Enum():
                return f"{self.of(type(value))}.{value.name}"
            case torch.Size():
                return self.value(tuple(value))
            case torch.dtype() | torch.memory_format() | torch.layout():
                return f"{self.module('torch', 'torch')}.{str(value).removeprefix('torch.')}"
            case torch.device():
                return f'{self.module("torch", "torch")}.device("{value}")'
            case str():
                return json.dumps(value, ensure_ascii=False)
            case None | bool() | int() | float() | complex() | bytes() | range():
                return repr(value)
            case tuple() if type(value) is tuple:
                inner = ", ".join(map(self.value, value))
                return f"({inner},)" if len(value) == 1 else f"({inner})"
            case list() if type(value) is list:
                return f"[{', '.join(map(self.value, value))}]"
            case dict() if type(value) is dict:
                return (
                    "{"
                    + ", ".join(f"{self.value(k)}: {self.value(v)}" for k, v in value.items())
                    + "}"
                )
            case Items() | Choice():
                raise AssertionError("a value with references is written by the Writer")
        if value is Ellipsis:
            return "..."
        if inspect.isclass(value) or inspect.isroutine(value):
            return self.of(value)
        raise EditRefused(
            f"Its forward uses a {type(value).__name__} made elsewhere, which cannot be written as"
            " Python."
        )

    def objects(self) -> dict[str, Any]:
        """Return what the text needs as its globals."""
        modules = {alias: _imported(path) for alias, path in self._packages.items()}
        return {**modules, **self._things, **self._own, **self.blocks, **self.along}

    def imports(self) -> list[str]:
        """Return the import statements of a file; raises EditRefused for what has no home."""
        lines = [_import(alias, importable(path)) for alias, path in self._packages.items()]
        for name, thing in self._things.items():
            home = _home(thing)
            if home is None:
                raise EditRefused(
                    f"{name} was made inside a function or a notebook, so a file could not import"
                    " it; put it at the top of a file of its own."
                )
            lines.append(f"from {importable(home[0])} import {name}")
        return merged(lines)

    def definitions(self) -> list[str]:
        """Return the text of the functions of our own that are used; imports come after it."""
        if self._own:
            self._packages.setdefault("F", "torch.nn.functional")
            self._things.setdefault("Tensor", torch.Tensor)
        return [textwrap.dedent(inspect.getsource(each)) for each in self._own.values()]

    def folders(self) -> list[Path]:
        """Return the folders of the user's own files among the imports."""
        homes = [_home(each) for each in self._things.values()]
        paths = [*self._packages.values(), *(home[0] for home in homes if home is not None)]
        return list(dict.fromkeys(f for f in map(_folder, paths) if f is not None))


def importable(path: str) -> str:
    """Return the name under which a module can be imported elsewhere.

    A user's file is loaded under a name of its own here, and is called after the file there.
    """
    file = getattr(sys.modules.get(path), "__file__", None)
    if _folder(path) is not None and file is not None:
        return Path(file).stem
    return path


def _folder(path: str) -> Path | None:
    """Return the folder of a module that is a single file of the user's, opened by its path."""
    file = getattr(sys.modules.get(path), "__file__", None)
    if file is None or "." in path:
        return None
    stem = Path(file).stem
    return Path(file).parent if path.startswith(f"{stem}_") and stem != path else None


def _imported(path: str) -> ModuleType:
    return sys.modules.get(path) or importlib.import_module(path)


def _import(alias: str, path: str) -> str:
    parent, _, last = path.rpartition(".")
    renamed = f" as {alias}" if alias != last else ""
    return f"from {parent} import {last}{renamed}" if parent else f"import {path}{renamed}"


def merged(lines: Iterable[str]) -> list[str]:
    """Sort import statements as they stand in a file, Python's own first, each module once."""
    plain: set[str] = set()
    named: dict[str, set[str]] = {}
    for line in filter(None, lines):
        home, _, names = line.removeprefix("from ").partition(" import ")
        if line.startswith("from "):
            named.setdefault(home, set()).update(names.split(", "))
        else:
            plain.add(line)
    found = sorted(plain)
    found += [f"from {home} import {', '.join(sorted(named[home]))}" for home in sorted(named)]
    own = [line for line in found if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    rest = [line for line in found if line not in own]
    own.sort(key=lambda line: not line.startswith("from __future__"))  # Python wants it first
    return [*own, *([""] if own and rest else []), *rest]


def _home(thing: Any) -> tuple[str, str] | None:
    """Return the module and the name that lead to ``thing``, or ``None`` where none do."""
    path = getattr(thing, "__module__", None) or ""
    name = getattr(thing, "__qualname__", getattr(thing, "__name__", ""))
    for candidate in (path, path.replace("_operator", "operator"), "torch", "torch._C._nn", "math"):
        found: Any = sys.modules.get(candidate)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is thing:
            return candidate, name
    return None


def is_numbered(module: nn.Module, name: str) -> bool:
    """Say whether the child ``name`` is had by its number: a list goes by place, not by name."""
    if not isinstance(module, (nn.ModuleList, nn.Sequential)) or not name.isdigit():
        return False
    return list(module._modules).index(name) == int(name) if name in module._modules else False


def place_text(module: nn.Module, path: str) -> str:
    """Return how the forward of ``module`` writes the child or tensor at ``path``."""
    text, here = "self", module
    for name in path.split("."):
        if is_numbered(here, name):
            text += f"[{name}]"
        elif isinstance(here, nn.ModuleDict) and name in here._modules:
            text += f'["{name}"]'
        elif name.isidentifier() and not keyword.iskeyword(name):
            text += f".{name}"
        else:
            text = (
                f'{text}.get_submodule("{name}")'
                if name in here._modules
                else f'getattr({text}, "{name}")'
            )
        child = here._modules.get(name)
        here = child if child is not None else nn.Identity()
    return text


BINARY = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
    operator.floordiv: "//", operator.mod: "%", operator.pow: "**", operator.matmul: "@",
    operator.and_: "&", operator.or_: "|", operator.xor: "^", operator.lshift: "<<",
    operator.rshift: ">>", operator.eq: "==", operator.ne: "!=", operator.lt: "<",
    operator.le: "<=", operator.gt: ">", operator.ge: ">=",
}  # fmt: skip
AUGMENTED = {
    operator.iadd: "+=", operator.isub: "-=", operator.imul: "*=", operator.itruediv: "/=",
    operator.ifloordiv: "//=", operator.imod: "%=", operator.ipow: "**=", operator.imatmul: "@=",
    operator.iand: "&=", operator.ior: "|=", operator.ixor: "^=",
}  # fmt: skip
UNARY = {operator.neg: "-", operator.invert: "~", operator.pos: "+"}
