"""Long statements on several lines, an argument on each, as a formatter would have them."""

import ast

_LONGEST = 96


def folded(statement: str, indent: int = 0) -> list[str]:
    """Return a statement on one line where it fits, else its outermost call on several."""
    space = " " * indent
    if indent + len(statement) <= _LONGEST:
        return [space + statement]
    tree = ast.parse(statement).body[0]
    call = getattr(tree, "value", None)
    while isinstance(call, ast.Call) and len(call.args) == 1 and not call.keywords:
        inner = call.args[0]
        if not isinstance(inner, ast.Call):
            break
        call = inner
    if not isinstance(call, ast.Call) or not (call.args or call.keywords):
        return [space + statement]
    # Columns count bytes.
    raw = statement.encode()
    parts: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    texts = [raw[each.col_offset : each.end_col_offset].decode() for each in parts]
    start = raw[: parts[0].col_offset].decode()
    end = raw[parts[-1].end_col_offset :].decode().lstrip(",")
    lines = [space + start]
    for text in texts:
        inside = folded(text, indent + 4)
        lines += [*inside[:-1], inside[-1] + ","]
    return [*lines, space + end]
