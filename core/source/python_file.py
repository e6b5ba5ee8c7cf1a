"""A class in the user's own ``.py``. The file is run only after an explicit yes."""

import ast
import functools
import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from core.document import Document
from core.errors import ModelwrightError, NotTrusted, SourceError, nearest
from core.source.building import Plan, opened
from core.source.calls import Call, missing, parse_call
from core.source.code import Code
from core.source.registry import Request, opener

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
        wanted = ", ".join(f"{name}=..." for name in needed)
        raise SourceError(
            f"{call.name} in {path} needs {' and '.join(needed)}:"
            f" write {path}:{call.name}({wanted})."
        )
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
    path = code.path
    try:
        tree = ast.parse(code.data, filename=str(path))
    except SyntaxError as error:
        raise SourceError(f"{path}, line {error.lineno}: {error.msg}. It is no Python.") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} could not be read: {error}.") from error
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def imported(code: Code) -> ModuleType:
    """Run the code and return its module; its folder is importable meanwhile.

    The file is not read again, nor what Python kept compiled of it: either may be other code than
    was agreed to. The module's name depends on the path alone, so that what is pickled can be
    found again.
    """
    path, place = code.path, code.path.resolve()
    name = f"{place.stem}_{hashlib.sha256(str(place).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # What was agreed to, for a process that has to make the same module: the file may change.
    vars(module)["__trusted_code__"] = code.data
    before = sys.modules.get(name)
    sys.modules[name] = module
    sys.path.insert(0, str(place.parent))
    try:
        compiled = compile(code.data, str(place), "exec", dont_inherit=True)
        exec(compiled, vars(module))
    except ModelwrightError:
        raise
    except BaseException as error:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
        if isinstance(error, KeyboardInterrupt):
            raise
        raise SourceError(_raised(path, place, error)) from error
    finally:
        sys.path.remove(str(place.parent))
    return module


def _raised(path: Path, place: Path, error: BaseException) -> str:
    lines = [
        f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(place)
    ]
    where = f", line {lines[-1]}" if lines else ""
    text = str(error).strip() or "without a message"
    return f"{path}{where} raised {type(error).__name__} while being imported: {text}"


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
