"""What a text uses and no other file has: its source stands in the text itself.

That are our own blocks and helpers, and the user's blocks; so what leaves the house stands alone.
"""

import ast
from collections.abc import Iterator

from core.blocks import source_of_classes
from core.dataflow.expressions import Names, merged
from core.errors import SaveRefused
from core.user_code import code_of


def written_out(names: Names) -> tuple[list[str], list[str]]:
    """Return the import statements of a text, and the definitions that stand in it.

    Raises SaveRefused where two definitions of one name differ.
    """
    lines: list[str] = []
    texts = names.definitions()  # before the imports, which it adds to
    if names.blocks:
        texts.append(source_of_classes(names.blocks.values()))
    codes = {code: None for thing in names.along.values() for code in [code_of(thing)] if code}
    texts += [code.data.decode() for code in codes]
    definitions: dict[str, str] = {}
    for text in texts:
        for node, source in _statements(text):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                lines += _imports(node)
                continue
            name = getattr(node, "name", source)
            if definitions.setdefault(name, source) != source:
                raise SaveRefused(
                    f"Two different things are called {name} in the code of its blocks; rename one"
                    " of them."
                )
    return merged([*names.imports(), *lines]), list(definitions.values())


def check_names(text: str) -> None:
    """Raise SaveRefused where a file gives one name to two things."""
    bound: dict[str, str] = {}
    for node, source in _statements(text):
        for name, what in _bound(node, source):
            if bound.setdefault(name, what) != what:
                raise SaveRefused(
                    f"Two different things would be called {name} in the code of this model;"
                    " rename the block."
                )


def _statements(text: str) -> Iterator[tuple[ast.stmt, str]]:
    """Yield what stands at the top of a file, with the comments above it, without its frame."""
    lines = text.splitlines()
    for number, node in enumerate(ast.parse(text).body):
        if _is_frame(number, node):
            continue
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)]) - 1
        while first and lines[first - 1].startswith("#"):
            first -= 1
        yield node, "\n".join(lines[first : node.end_lineno])


def _is_frame(number: int, node: ast.stmt) -> bool:
    """Whether it belongs to the file rather than to what it defines."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return number == 0
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return True
    return False


def _imports(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [ast.unparse(node)]
    return [ast.unparse(ast.Import([each])) for each in node.names]


def _bound(node: ast.stmt, source: str) -> Iterator[tuple[str, str]]:
    """Yield the names a statement gives, and what they then are."""
    if isinstance(node, ast.Import):
        for each in node.names:
            package = each.name.partition(".")[0]  # which is what ``import torch.nn`` binds
            yield (each.asname, each.name) if each.asname else (package, package)
    elif isinstance(node, ast.ImportFrom):
        for each in node.names:
            yield each.asname or each.name, f"{node.module}.{each.name}"
    elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        yield node.name, source
