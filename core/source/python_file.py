"""A class in the user's own ``.py``. The file is run only after an explicit yes."""

import ast
import functools
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from core.document import Document
from core.errors import NotTrusted, SourceError, Unchosen, nearest
from core.offered import Offer, offers_in, parsed
from core.source.building import Plan, opened
from core.source.calls import Call, missing, parse_call
from core.source.registry import Request, opener
from core.user_code import Code, imported

_FORM = re.compile(r"(?P<file>.+?\.py)(?::(?P<call>.+))?", re.S)


@opener("file", matches=lambda text: _FORM.fullmatch(text) is not None, form="net.py:Net(in_ch=3)")
def _open(request: Request) -> Document:
    request.refuse_pretrained("a class in a file")
    form = _FORM.fullmatch(request.text)
    assert form is not None
    path = Path(form["file"]).expanduser()
    call = parse_call(form["call"]) if form["call"] else None
    code = _read(path)
    classes = _written(code)
    call = _named(request.text, code, call)
    if not request.trusts(code):
        listed = f" It defines {', '.join(classes)}." if classes else ""
        raise NotTrusted(
            f"Opening {path} runs the code in it, and nobody has allowed that.{listed}"
            " Look at the file, and say that you trust it (--trust).",
            path,
            code.data,
        )
    module = imported(code)
    function = _chosen(path, module, call)
    call = call or Call(function.__name__)
    needed = missing(function, call)
    if needed:
        raise SourceError(_needs(path, call.name, needed))
    build = functools.partial(function, *call.args, **call.kwargs)
    return opened(request, Plan(f"{path}:{call}", "file", build))


def _read(path: Path) -> Code:
    if not path.is_file():
        folder = path.parent
        around = [each.name for each in folder.glob("*.py")] if folder.is_dir() else []
        raise SourceError(f"There is no file {path}.{nearest(path.name, around)}")
    try:
        return Code.read(path)
    except OSError as error:
        raise SourceError(f"{path} could not be read: {error}.") from error


def _written(code: Code) -> list[str]:
    """Return the classes in some code by reading it, not running it."""
    return [node.name for node in parsed(code).body if isinstance(node, ast.ClassDef)]


def _named(text: str, code: Code, call: Call | None) -> Call | None:
    """Return the call that is meant, as far as reading the code tells; ``None``: running it does.

    Raises Unchosen where somebody has to choose, or to say more: nobody is asked to trust a file
    before it is known what of it is wanted.
    """
    offers, path = offers_in(code), code.path
    if call is None:
        only = _only(offers)
        if only is None and offers:
            names = ", ".join(each.name for each in offers)
            raise Unchosen(
                f"Which model of {path}? Write {path}:NAME; there are {names}.", text, path, offers
            )
        call = Call(only.name) if only is not None else None
    found = next((each for each in offers if call is not None and each.name == call.name), None)
    if found is None or call is None:
        return call
    given = found.given(call.args, call.kwargs)
    needed = [name for name in found.needed if name not in given]
    if needed:
        texts = {name: repr(value) for name, value in given.items()}
        said = _needs(path, found.name, needed)
        raise Unchosen(said, text, path, offers, found.name, texts)
    return call


def _only(offers: tuple[Offer, ...]) -> Offer | None:
    """Return what is meant where nothing is named: the only class, or the only offer."""
    classes = [each for each in offers if each.kind == "class"]
    if len(classes) == 1 and not classes[0].needed:
        return classes[0]
    return offers[0] if len(offers) == 1 else None


def _needs(path: Path, name: str, needed: Iterable[str]) -> str:
    wanted = ", ".join(f"{each}=..." for each in needed)
    return f"{name} in {path} needs {' and '.join(needed)}: write {path}:{name}({wanted})."


def _chosen(path: Path, module: ModuleType, call: Call | None) -> Any:
    own = {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    }
    if call is None:
        if len(own) == 1:
            return next(iter(own.values()))
        there = f"there are {', '.join(own)}" if own else "it defines no class of torch.nn.Module"
        raise SourceError(f"Which class of {path}? Write {path}:NAME; {there}.")
    found = getattr(module, call.name, None)
    if found is None:
        listed = f" There are {', '.join(own)}." if own else ""
        raise SourceError(f"{path} defines no '{call.name}'.{nearest(call.name, own) or listed}")
    if inspect.isclass(found) and not issubclass(found, nn.Module):
        raise SourceError(f"{call.name} in {path} is no torch.nn.Module, so it is no model.")
    if not callable(found):
        raise SourceError(
            f"{call.name} in {path} is a {type(found).__name__}; a class was expected."
        )
    return found
