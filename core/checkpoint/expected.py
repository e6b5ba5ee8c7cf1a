"""What saving would write, told before it is written."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from core.checkpoint.save import SaveOptions
from core.checkpoint.training import rebound
from core.document import Document, weight_id
from core.files.writing.shards import shared_out

_FEW = 8  # names that show how the others look


@dataclass(frozen=True)
class Expected:
    """How much would be written, and the names: of tensors, or of entries with tensors in them.

    ``bytes`` are those of the numbers; a file has some thousand more around them. ``files`` is how
    many they are shared out over, the index not counted.
    """

    tensors: int
    bytes: int
    names: tuple[str, ...]
    more: int
    files: int


def expected(document: Document, options: SaveOptions) -> Expected:
    """Say what saving with these options would write; nothing is."""
    state = {k: v for k, v in document.state_dict().items() if isinstance(v, Tensor)}
    start = "module." if options.module_prefix else ""
    names = [start + name for name in state]
    held = list(state.values())
    if options.what == "training":
        names = [f"model: {len(state)} tensors ({names[0] if names else 'none'}, ...)"]
        entries = {} if document.training is None else rebound(document.training, document).entries
        others = {**entries, **options.extras}
        names += [f"{key}: {_kind(value)}" for key, value in others.items()]
        extra = [each for value in others.values() for each in _tensors(value)]
    else:
        extra = []
    sizes = [_bytes(each, options.dtype) for each in _once(held)] + [
        _bytes(each, None) for each in extra
    ]
    return Expected(
        len(held) + len(extra),
        sum(sizes),
        tuple(names[:_FEW]),
        max(0, len(names) - _FEW),
        _files(sizes, options.shard_size),
    )


def _once(tensors: list[Tensor]) -> list[Tensor]:
    """Tied weights are written once."""
    return list({weight_id(each): each for each in tensors if not is_lazy(each)}.values())


def _bytes(tensor: Tensor, dtype: str | None) -> int:
    changed = dtype is not None and tensor.is_floating_point()
    item = getattr(torch, dtype).itemsize if changed and dtype else tensor.element_size()
    return int(tensor.numel() * item)


def _files(sizes: list[int], most: int | None) -> int:
    if most is None:
        return 1
    numbered = list(enumerate(sizes))
    return len(shared_out(numbered, most, lambda each: each[0], lambda each: each[1]))


def _tensors(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        return [each for part in value.values() for each in _tensors(part)]
    if isinstance(value, list | tuple):
        return [each for part in value for each in _tensors(part)]
    return []


def _kind(value: object) -> str:
    found = _tensors(value)
    if found:
        return f"{len(found)} tensors"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
