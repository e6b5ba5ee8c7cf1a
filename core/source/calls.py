"""``Net(in_ch=3, classes=2)`` as text and as values. Read with ``ast``, never evaluated."""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import SourceError, nearest

_DOTTED = re.compile(r"[^\W\d][\w.\-/]*", re.UNICODE)


@dataclass(frozen=True)
class Call:
    """A name and the arguments it is called with."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [repr(each) for each in self.args]
        parts += [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{self.name}({', '.join(parts)})" if parts else self.name


def head(text: str) -> str:
    """Return what stands before the parenthesis."""
    return text.partition("(")[0].strip()


def parse_call(text: str) -> Call:
    """Read ``name`` or ``name(1, key="value")``; raises :class:`SourceError`.

    The name may hold dots, dashes and slashes, as timm's do, so only the arguments are Python.
    """
    name, parenthesis, rest = text.strip().partition("(")
    name = name.strip()
    if not _DOTTED.fullmatch(name):
        raise SourceError(f"A name was expected before the parenthesis; '{text}' came.")
    if not parenthesis:
        return Call(name)
    try:
        call = ast.parse(f"_({rest}", mode="eval").body
    except (SyntaxError, ValueError):
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise SourceError(
            f"The arguments in '{text}' cannot be read; they look like {name}(3, classes=10)."
        )
    args = tuple(_literal(each, name, "") for each in call.args)
    kwargs = {
        each.arg or "**": _literal(each.value, name, each.arg or "**") for each in call.keywords
    }
    if "**" in kwargs:
        raise SourceError(f"Write the arguments of {name} one by one; ** cannot be read.")
    return Call(name, args, kwargs)


def _literal(node: ast.expr, name: str, key: str) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        shown = ast.unparse(node)
        where = f"{name}({key}={shown})" if key else f"{name}({shown})"
        raise SourceError(
            f"{where}: arguments are numbers, texts, True, False, None, and lists or dicts of"
            f" those; '{shown}' is none of them."
        ) from None


def missing(function: Callable[..., Any], call: Call) -> list[str]:
    """Return the arguments ``function`` needs and ``call`` does not give; ``[]`` if unknown."""
    try:
        signature = inspect.signature(function)
        given = signature.bind_partial(*call.args, **call.kwargs).arguments
    except (TypeError, ValueError):
        return []
    return [
        name
        for name, each in signature.parameters.items()
        if each.default is each.empty
        and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        and name not in given
    ]


def complaint(problem: BaseException, accepted: list[str]) -> str:
    """Return what a constructor raised as a sentence, with the nearest argument for a wrong one."""
    text = str(problem).strip().partition("\n")[0] or type(problem).__name__
    wrong = re.search(r"unexpected keyword argument '(\w+)'", text)
    hint = nearest(wrong[1], accepted) if wrong else ""
    return (text if text.endswith((".", "!", "?")) else text + ".") + hint


def parameters(*functions: Callable[..., Any]) -> list[str]:
    """Return the names that calls of ``functions`` take."""
    names: dict[str, None] = {}
    for function in functions:
        try:
            found = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            continue
        named = (
            each for each in found if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        )
        names.update(dict.fromkeys(each.name for each in named))
    return list(names)
