"""The models that a ``.py`` has to offer, told by reading it: nothing of it is run.

A class is a model by its bases; a function builds one by what it says it returns, by what it
returns, or, where it says nothing, by its name.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import SourceError
from core.user_code import Code

_BUILDS = re.compile(r"(build|make|create|get)_?(\w*_)?(model|net|network|backbone)|build")
#: Of libraries whose classes are models by where they come from.
_MODELS = ("torch.nn.", "torchvision.models.", "timm.", "torch.jit.ScriptModule")
_NO_MODELS = ("torch.nn.Parameter", "torch.nn.Buffer", "torch.nn.parameter.")
#: Bases that bring no arguments of their own.
_BARE = frozenset({
    "torch.nn.Module", "torch.nn.modules.Module", "torch.nn.modules.module.Module", "object",
    "abc.ABC", "typing.Generic", "typing.Protocol",
})  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One argument as it stands in the file; ``default`` and ``annotation`` are Python's text."""

    name: str
    default: str | None = None
    annotation: str = ""
    kind: Literal["either", "by place", "by name"] = "either"

    @property
    def needed(self) -> bool:
        """Whether it has to be given."""
        return self.default is None

    @property
    def is_text(self) -> bool:
        """Whether it takes a text, so that no quotes have to be typed around one."""
        return self.annotation.replace(" ", "") in ("str", "str|None", "Optional[str]") or (
            not self.annotation and (self.default or "")[:1] in ("'", '"')
        )

    @property
    def example(self) -> str:
        """A value that it may well take: by its type where that is said, else by its name."""
        kind = self.annotation.partition("[")[0].partition("|")[0].strip().rpartition(".")[2]
        known = {"str": "'...'", "float": "0.1", "bool": "True", "dict": "{}"}
        if kind in known:
            return known[kind]
        if kind.lower() in ("list", "tuple", "sequence", "iterable"):
            return "[16, 32]"
        if re.search(r"in_|chan|chn", self.name):
            return "3"
        return "10" if re.search(r"class|out", self.name) else "8"


@dataclass(frozen=True)
class Offer:
    """A class or function of a file. ``asked`` is ``None`` where its arguments stand elsewhere.

    ``about`` is the first line of its docstring; ``line`` counts from 1.
    """

    name: str
    kind: Literal["class", "function"]
    line: int
    asked: tuple[Asked, ...] | None = ()
    about: str = ""

    @property
    def needed(self) -> tuple[str, ...]:
        """The arguments that have to be given."""
        return tuple(each.name for each in self.asked or () if each.needed)

    @property
    def signature(self) -> str:
        """What it takes, as it is written: ``Net(in_ch, classes=2)``."""
        if self.asked is None:
            return f"{self.name}(…)"
        words = [e.name if e.needed else f"{e.name}={e.default}" for e in self.asked]
        named = next((at for at, each in enumerate(self.asked) if each.kind == "by name"), None)
        if named is not None:
            words.insert(named, "*")
        if named != 0 and self.asked and self.asked[0].kind == "by place":
            words.insert(sum(each.kind == "by place" for each in self.asked), "/")
        return f"{self.name}({', '.join(words)})"

    @property
    def example(self) -> str:
        """A call that gives what is needed, with values that may well do: ``Net(in_ch=3)``."""
        return self.written({each.name: each.example for each in self.asked or () if each.needed})

    def given(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by their names."""
        places = [each.name for each in self.asked or () if each.kind != "by name"]
        return {**dict(zip(places, args, strict=False)), **kwargs}

    def written(self, typed: Mapping[str, str]) -> str:
        """Return the call with what was typed for its arguments; what is empty stays the default.

        Texts need no quotes where a text is expected. Where the arguments are not known, all of
        them are typed under the name ``""``. Raises :class:`SourceError` for one that is missing,
        or is no number, text, list or the like.
        """
        if self.asked is None:
            return f"{self.name}({typed.get('', '').strip()})"
        missing = [each for each in self.needed if not typed.get(each, "").strip()]
        if missing:
            raise SourceError(f"{self.name} needs {' and '.join(missing)}.")
        words: list[str] = []
        by_place = True
        for each in self.asked:
            text = typed.get(each.name, "").strip()
            by_place = by_place and each.kind == "by place"
            if text:
                value = _value(each, text)
                words.append(value if by_place else f"{each.name}={value}")
            elif by_place:
                by_place = False  # what comes after it cannot be given by its place
        return f"{self.name}({', '.join(words)})"


def parsed(code: Code) -> ast.Module:
    """Read some Python; raises :class:`SourceError` with the line where it is none."""
    path = code.path
    try:
        return ast.parse(code.data, filename=str(path))
    except SyntaxError as error:
        raise SourceError(f"{path}, line {error.lineno}: {error.msg}. It is no Python.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(f"{path} could not be read: {error}.") from error


def offers_in(code: Code) -> tuple[Offer, ...]:
    """Return the models that some code offers, in the order they stand in it.

    What begins with an underscore is left out, where there is anything else. Raises SourceError.
    """
    found = _Reading(parsed(code)).offers()
    return tuple(each for each in found if not each.name.startswith("_")) or found


def likeliest(offers: tuple[Offer, ...]) -> Offer:
    """Return the one that is most likely meant: parts are mostly written before the whole."""
    classes = [each for each in offers if each.kind == "class"]
    return (classes or list(offers))[-1]


class _Reading:
    """One file: what it defines, and what its names mean."""

    def __init__(self, tree: ast.Module) -> None:
        self._statements = tuple(_outer(tree.body))
        self._classes = {n.name: n for n in self._statements if isinstance(n, ast.ClassDef)}
        self._means = dict(_imported(self._statements))
        self._models: dict[str, bool] = {}

    def offers(self) -> tuple[Offer, ...]:
        found: dict[str, Offer] = {}
        for node in self._statements:
            if isinstance(node, ast.ClassDef) and self._is_model(node):
                found[node.name] = self._offer(node, "class", self._constructor(node))
            elif isinstance(node, ast.FunctionDef) and self._builds(node):
                found[node.name] = self._offer(node, "function", node)
        return tuple(sorted(found.values(), key=lambda each: each.line))

    def _offer(
        self,
        node: ast.ClassDef | ast.FunctionDef,
        kind: Literal["class", "function"],
        made_by: "ast.FunctionDef | Literal['nothing', 'unknown']",
    ) -> Offer:
        asked: tuple[Asked, ...] | None = ()
        if isinstance(made_by, ast.FunctionDef):
            asked = _asked(made_by, after_self=kind == "class")
        elif made_by == "unknown":
            asked = None
        about = (ast.get_docstring(node) or "").strip().partition("\n")[0]
        return Offer(node.name, kind, node.lineno, asked, about)

    def _is_model(self, node: ast.ClassDef) -> bool:
        if node.name not in self._models:
            self._models[node.name] = False  # meanwhile: a class may not be above itself
            self._models[node.name] = any(self._makes_model(b, node) for b in self._bases(node))
        return self._models[node.name]

    def _makes_model(self, base: str, node: ast.ClassDef) -> bool:
        if base in self._classes:
            return self._is_model(self._classes[base])
        if base.startswith(_MODELS):
            return not base.startswith(_NO_MODELS)
        if base.startswith("torch.") or "." not in base.lstrip("."):
            return False  # autograd's functions have a forward, too
        # A class of another file: nobody has read that. Its name or a forward tells.
        return base.endswith("Module") or _method(node, "forward") is not None

    def _constructor(
        self, node: ast.ClassDef, below: frozenset[str] = frozenset()
    ) -> "ast.FunctionDef | Literal['nothing', 'unknown']":
        own = _method(node, "__init__")
        if own is not None:
            return own if not own.decorator_list else "unknown"
        if node.decorator_list or node.name in below:
            return "unknown"  # a dataclass, say
        for base in self._bases(node):
            if base in self._classes:
                found = self._constructor(self._classes[base], below | {node.name})
                if found != "nothing":
                    return found
            elif base not in _BARE:
                return "unknown"
        return "nothing"

    def _builds(self, node: ast.FunctionDef) -> bool:
        if node.returns is not None:
            told = node.returns
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                return self._names_model(told.value)  # "Net", written before it is defined
            return self._names_model(self._meaning(told))
        if any(self._gives_model(each) for each in _returns(node)):
            return True
        return _BUILDS.fullmatch(node.name) is not None

    def _gives_model(self, statement: ast.Return) -> bool:
        value = statement.value
        return isinstance(value, ast.Call) and self._names_model(self._meaning(value.func))

    def _names_model(self, name: str) -> bool:
        if name in self._classes:
            return self._is_model(self._classes[name])
        name = name if "." not in name else self._resolved(name)
        return name.startswith("torch.nn.") and not name.startswith(
            (*_NO_MODELS, "torch.nn.functional", "torch.nn.init", "torch.nn.utils")
        )

    def _bases(self, node: ast.ClassDef) -> list[str]:
        return [self._meaning(each) for each in node.bases]

    def _meaning(self, node: ast.expr) -> str:
        """Return what a name means in full: ``torch.nn.Module`` of ``nn.Module``."""
        if isinstance(node, ast.Subscript):  # Generic[T]
            node = node.value
        return self._resolved(ast.unparse(node))

    def _resolved(self, name: str) -> str:
        first, dot, rest = name.partition(".")
        if first in self._classes:
            return name
        if first == "Module" and "*torch.nn" in self._means:
            return "torch.nn.Module"
        return self._means.get(first, first) + dot + rest


def _outer(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what stands at the margin, and in the branches there that an import goes through."""
    for node in statements:
        yield node
        if isinstance(node, ast.If) and "__name__" not in ast.unparse(node.test):
            yield from _outer([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            handled = [each for handler in node.handlers for each in handler.body]
            yield from _outer([*node.body, *handled, *node.orelse, *node.finalbody])


def _imported(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in statements:
        if isinstance(node, ast.Import):
            for each in node.names:
                first = each.name.partition(".")[0]
                yield (each.asname, each.name) if each.asname else (first, first)
        elif isinstance(node, ast.ImportFrom):
            home = "." * node.level + (node.module or "")
            for each in node.names:
                called = f"*{home}" if each.name == "*" else each.asname or each.name
                yield called, f"{home}.{each.name}"


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    found = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[-1] if found else None


def _returns(node: ast.FunctionDef) -> Iterator[ast.Return]:
    """Yield what a function itself returns, and not those in it."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Return):
            yield each
        elif not isinstance(each, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(each)


def _asked(node: ast.FunctionDef, after_self: bool) -> tuple[Asked, ...]:
    """Return the named arguments; ``*args`` and ``**kwargs`` have no name to ask for."""
    taken = node.args
    by_place = [*taken.posonlyargs, *taken.args]
    defaults: list[ast.expr | None] = [None] * (len(by_place) - len(taken.defaults))
    pairs = list(zip(by_place, [*defaults, *taken.defaults], strict=True))[int(after_self) :]
    kinds: dict[str, Literal["by place", "by name"]] = {}
    kinds.update((each.arg, "by place") for each in taken.posonlyargs)
    kinds.update((each.arg, "by name") for each in taken.kwonlyargs)
    pairs += zip(taken.kwonlyargs, taken.kw_defaults, strict=True)
    return tuple(
        Asked(
            each.arg,
            None if default is None else ast.unparse(default),
            "" if each.annotation is None else ast.unparse(each.annotation).strip("'\""),
            kinds.get(each.arg, "either"),
        )
        for each, default in pairs
    )


def _value(asked: Asked, text: str) -> str:
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        if asked.is_text:
            return repr(text)
        raise SourceError(
            f"{asked.name} is a number, a text in quotes, True, False, None, or a list or dict of"
            f" those; {text} came."
        ) from None
    if asked.is_text and not isinstance(value, str) and value is not None:
        return repr(text)
    return repr(value)
