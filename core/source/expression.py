"""A model from nothing: ``Sequential(Linear(784, 256), ReLU(), Linear(256, 10))``."""

import ast
import re

from core.catalog import assembled, layers, parse_spec
from core.document import Document
from core.source.building import Plan, opened
from core.source.registry import Request, opener

_HEAD = re.compile(r"\s*((?:torch\.)?nn\.|torchvision\.ops\.)?([A-Za-z_]\w*)\s*\(")


def _matches(text: str) -> bool:
    """Say whether this reads like a call; what is no layer is then said by the catalog."""
    found = _HEAD.match(text)
    if found is None:
        return _is_other_python(text)
    return bool(found[1]) or found[2] in layers() or found[2][0].isupper() or found[2][0] == "_"


def _is_other_python(text: str) -> bool:
    """Whether it is an expression of another kind, to be refused as such."""
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return not isinstance(node, (ast.Name, ast.Attribute, ast.BinOp, ast.Constant))


@opener("expression", matches=_matches, form="a layer expression (Sequential(Linear(784, 10)))")
def _open(request: Request) -> Document:
    request.refuse_pretrained("a layer expression")
    spec = parse_spec(request.text)
    return opened(request, Plan(str(spec), "expression", lambda: assembled(spec)))
