"""The blocks of a document as one Python file that stands by itself: it imports only torch.

What is written is our own source, class by class, with the functions and constants they use; so a
model that has blocks can be opened where Modelwright is not.
"""

import ast
import functools
import importlib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from core.document import Document

_PACKAGE = "core.blocks"
#: Where blocks stand, each after those it uses.
_FILES = (
    "choices", "unet", "encoder", "encoder_unet", "residual", "inverted_residual", "attention",
    "aspp", "fpn", "transformer",
)  # fmt: skip
#: What is said at the top of the file that lies beside a whole model.
TITLE_BESIDE = "The blocks of a model that was saved as a whole; torch.load finds them here."


def source_of(document: Document, title: str = "The blocks of this model.") -> str:
    """Return the source of the block classes in a document as one file; ``""`` if it has none."""
    return source_of_classes(block_classes(document.root), title)


def block_classes(root: nn.Module) -> tuple[type[nn.Module], ...]:
    """Return the classes of ours that stand in a model, or that its classes come from."""
    found = {
        cls: None
        for module in root.modules()
        for cls in type(module).__mro__
        if cls.__module__.startswith(f"{_PACKAGE}.")
    }
    return tuple(found)


def source_of_classes(classes: Iterable[type], title: str = "Blocks.") -> str:
    """Return one file with these classes of ours and all they use."""
    needed = _with_all_used([cls.__name__ for cls in classes])
    if not needed:
        return ""
    parts = [_definitions()[name] for name in _definitions() if name in needed]
    used = {word for part in parts for word in part.words}
    imports = _imports(dict.fromkeys(part.file for part in parts), used)
    quoted = title.replace("\\", "").replace('"', "'")
    head = f'"""{quoted}\n\nWritten by Modelwright, and needed no more: it imports only torch.\n"""'
    # Constants stay together; classes and functions have two empty lines before them.
    body = ""
    for number, part in enumerate(parts):
        close = part.is_constant and (not number or parts[number - 1].is_constant)
        body += ("\n" if close else "\n\n\n") + part.text
    separator = "\n" if parts[0].is_constant else ""
    return f"{head}\n\n{imports}{separator}{body}\n"


@dataclass(frozen=True)
class _Definition:
    """A class, function or constant at the top of a file of ours, with the names it uses."""

    file: str
    text: str
    words: frozenset[str]
    is_constant: bool


@functools.cache
def _definitions() -> dict[str, _Definition]:
    found: dict[str, _Definition] = {}
    for file in _FILES:
        source, tree = _read(file)
        lines = source.splitlines()
        for node in tree.body:
            names = _names(node)
            for name in names:
                assert name not in found, f"two of our blocks use the name {name}"
                found[name] = _Definition(
                    file, _text(lines, node), _words(node), isinstance(node, ast.Assign)
                )
    return found


@functools.cache
def _read(file: str) -> tuple[str, ast.Module]:
    source = inspect.getsource(importlib.import_module(f"{_PACKAGE}.{file}"))
    return source, ast.parse(source)


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [each.id for each in node.targets if isinstance(each, ast.Name)]
    return []


def _text(lines: list[str], node: ast.stmt) -> str:
    """Return the lines of a definition with its decorators and the comment that stands above."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def _words(node: ast.AST) -> frozenset[str]:
    return frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _with_all_used(names: Iterable[str]) -> set[str]:
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in needed or name not in _definitions():
            continue
        needed.add(name)
        waiting.extend(_definitions()[name].words)
    return needed


def _imports(files: Iterable[str], used: set[str]) -> str:
    """Return the import statements of these files that bind a used name, torch's after Python's."""
    plain: dict[str, None] = {}
    named: dict[str, set[str]] = {}
    for file in files:
        for node in _read(file)[1].body:
            if isinstance(node, ast.Import):
                for each in node.names:
                    if (each.asname or each.name).partition(".")[0] in used:
                        plain[each.name] = None
            elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith("core"):
                for each in node.names:
                    if (each.asname or each.name) in used:
                        text = each.name + (f" as {each.asname}" if each.asname else "")
                        named.setdefault(str(node.module), set()).add(text)
    lines: dict[bool, list[str]] = {True: [], False: []}
    for name in sorted(plain):
        lines[name.startswith("torch")].append(f"import {name}")
    for module in sorted(named):
        names = ", ".join(sorted(named[module], key=_as_isort))
        lines[module.startswith("torch")].append(f"from {module} import {names}")
    return "\n\n".join("\n".join(each) for each in (lines[False], lines[True]) if each)


def _as_isort(name: str) -> tuple[bool, bool, str]:
    """Constants, then classes, then the rest."""
    return not name.isupper(), not name[0].isupper(), name
