"""Edits as one writes them: ``fc = Linear(2048, 10)``, ``conv1.stride = 2``, ``del layer4``."""

import ast
import re

from core.catalog import parse_assignment, parse_spec
from core.document import split
from core.edits.arguments import SetArguments
from core.edits.base import Edit
from core.edits.structure import Remove, Replace
from core.errors import EditRefused, SpecError


def parse_edit(text: str) -> Edit:
    """Read an edit from one line, as from a training script.

    * ``PATH = LAYER(...)`` replaces,
    * ``PATH.ARGUMENT = VALUE`` sets an argument,
    * ``del PATH`` removes.

    Raises :class:`EditRefused` or :class:`SpecError`; nothing in the text is ever evaluated.
    """
    words = text.split()
    if words and words[0] == "del" and len(words) == 2:
        return Remove(words[1])
    left, equals, right = text.partition("=")
    if not equals or not left.strip():
        raise EditRefused(
            f"'{text.strip()}' is no edit. Write 'fc = Linear(2048, 10)' to replace,"
            " 'conv1.stride = 2' to set an argument, or 'del layer4' to remove."
        )
    try:
        value = ast.literal_eval(right.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if re.search(r"(?:^|\.)\d", left.strip()):  # 4 or layer1.0.conv1: a path, and no Python
            return Replace(left.strip(), str(parse_spec(right)))
        target, spec = parse_assignment(text)
        if target is None:
            raise SpecError(f"'{left.strip()}' is not the path of a module.") from None
        return Replace(target, str(spec))
    path, argument = split(left.strip())
    return SetArguments(path, {argument: value})


def parse_value(text: str) -> object:
    """Read an argument's value: a literal, or a bare word, which is a string."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text.strip()
