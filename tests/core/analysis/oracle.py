"""What plain PyTorch says: a model on meta, run once, its module calls recorded with hooks."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from core.analysis import Value
from core.document import InputSpec, example_inputs


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Return a model that was built on meta.

    Built, not copied: a hook that appends to a list would go on appending to the first model's.
    """
    with torch.device("meta"):
        return build().eval()


def plain_calls(model: nn.Module, inputs: tuple[InputSpec, ...]) -> list[tuple[str, str, str]]:
    """Return (path, type, output shapes) of every module call, in the order they begin."""
    found: list[list[str]] = []
    stack: list[int] = []
    handles = []

    def begin(path: str):
        def hook(module: nn.Module, args: Any) -> None:
            stack.append(len(found))
            found.append([path, type(module).__name__, ""])

        return hook

    def end(module: nn.Module, args: Any, output: Any) -> None:
        found[stack.pop()][2] = shapes(output)

    for path, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(begin(path), prepend=True))
        handles.append(module.register_forward_hook(end))
    args, kwargs = example_inputs(inputs, "meta")
    with torch.no_grad():
        model(*args, **kwargs)
    for handle in handles:
        handle.remove()
    return [tuple(each) for each in found]


def shapes(value: Any) -> str:
    """Write a nested output as text: every tensor with its shape and dtype."""
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)}:{str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {shapes(v)}" for k, v in value.items()) + "}"
    if hasattr(value, "_fields"):
        return shapes(value._asdict())
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(shapes, value)) + "]"
    return "-"


def value_shapes(value: Value | None) -> str:
    """Write one of our values the same way."""
    if value is None:
        return "nothing"
    if value.kind == "tensor":
        return f"{value.shape}:{value.dtype}"
    if value.kind == "dict":
        pairs = zip(value.names, value.items, strict=True)
        return "{" + ", ".join(f"{k}: {value_shapes(v)}" for k, v in pairs) + "}"
    if value.kind in ("list", "tuple"):
        return "[" + ", ".join(map(value_shapes, value.items)) + "]"
    return "-"
