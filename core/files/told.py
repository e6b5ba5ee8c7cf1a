"""Any value of a file as a short text, however deep or long it is."""

from typing import Any

from core.files.contents import Inert, StoredTensor

_LENGTH, _DEPTH, _ITEMS = 200, 4, 8


def told(value: Any, depth: int = _DEPTH) -> str:
    """Return a text of at most some hundred characters."""
    text = _text(value, depth)
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"


def _text(value: Any, depth: int) -> str:
    if isinstance(value, StoredTensor):
        return f"tensor {'×'.join(map(str, value.shape)) or 'of one number'} {value.dtype}"
    if isinstance(value, Inert):
        return _object(value, depth)
    if isinstance(value, str):
        return value if depth == _DEPTH else repr(value[:_LENGTH])
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    if isinstance(value, dict):
        inside = _row((f"{_text(k, 0)}: ", v) for k, v in value.items()) if depth else [("…", None)]
        return "{" + _joined(inside, depth, len(value)) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        inside = _row(("", v) for v in value) if depth else [("…", None)]
        left, right = "()" if isinstance(value, tuple) else "[]"
        return left + _joined(inside, depth, len(value)) + right
    return str(value)[:_LENGTH]


def _row(pairs: Any) -> list[tuple[str, Any]]:
    return [pair for pair, _ in zip(pairs, range(_ITEMS), strict=False)]


def _joined(pairs: list[tuple[str, Any]], depth: int, count: int) -> str:
    if not depth:
        return "…" if count else ""
    parts = [name + _text(value, depth - 1)[:_LENGTH] for name, value in pairs]
    return ", ".join(parts) + (", …" if count > len(pairs) else "")


def _object(value: Inert, depth: int) -> str:
    name = value.name.rpartition(".")[2]
    if not value.called:
        return value.name
    if not depth:
        return f"{name}(…)"
    state = value.state if isinstance(value.state, dict) else {}
    given = [(f"{key}=", each) for key, each in state.items() if isinstance(key, str)]
    pairs = [("", each) for each in value.args[:_ITEMS]] + given
    return f"{name}({_joined(pairs[:40], depth, min(len(pairs), 40))})"
