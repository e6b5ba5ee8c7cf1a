"""What a model is fed: shapes and types, as values and as text.

The text form, one argument of ``forward`` each::

    1,3,224,224                    a float32 tensor
    (1, 16):int64                  another dtype
    mask=1,16:bool                 passed by name
    {image: 1,3,64,64, age: 1}     a dictionary
    [3,320,320; 3,200,300]         a list of tensors, as detection models want

"""

import re
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
import torch

from core.errors import InputError, nearest

DTYPES: dict[str, torch.dtype] = {
    str(each).removeprefix("torch."): each
    for each in (
        torch.float32, torch.float16, torch.bfloat16, torch.float64,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
        torch.complex64,
    )
}  # fmt: skip


class InputSpec(msgspec.Struct, frozen=True):
    """One argument of ``forward``: a tensor, or a dict, list or tuple of them.

    A tensor has a ``shape`` and no ``items``. A structure has ``kind`` and ``items``; the items of
    a dict are named. ``keyword`` says that it is passed as ``name=value``.
    """

    name: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = "float32"
    keyword: bool = False
    kind: Literal["tensor", "dict", "list", "tuple"] = "tensor"
    items: tuple["InputSpec", ...] = ()

    def __str__(self) -> str:
        if self.kind == "tensor":
            body = ",".join(map(str, self.shape)) if self.shape else "()"
            body += "" if self.dtype == "float32" else f":{self.dtype}"
        elif self.kind == "dict":
            body = "{" + "; ".join(f"{item.name}: {item.unnamed()}" for item in self.items) + "}"
        else:
            left, right = "[]" if self.kind == "list" else "<>"
            body = left + "; ".join(item.unnamed() for item in self.items) + right
        return f"{self.name}={body}" if self.keyword else body

    def unnamed(self) -> str:
        """Return the text without the name."""
        return str(msgspec.structs.replace(self, keyword=False))

    def with_batch(self, size: int) -> "InputSpec":
        """Return the same input with its first dimension (of each tensor) set to ``size``."""
        if size < 1:
            raise InputError(f"A batch has at least one sample; {size} came.")
        if self.kind == "tensor":
            shape = (size, *self.shape[1:]) if self.shape else self.shape
            return msgspec.structs.replace(self, shape=shape)
        items = tuple(item.with_batch(size) for item in self.items)
        return msgspec.structs.replace(self, items=items)

    def example(self, device: str = "cpu") -> Any:
        """Return a value of this shape: standard normal for floats, zeros for the rest.

        Zeros, since an index of 0 is inside every embedding.
        """
        if self.kind == "dict":
            return {item.name: item.example(device) for item in self.items}
        if self.kind != "tensor":
            values = [item.example(device) for item in self.items]
            return values if self.kind == "list" else tuple(values)
        dtype = DTYPES[self.dtype]
        if device == "meta":
            return torch.empty(self.shape, dtype=dtype, device=device)
        if dtype.is_floating_point or dtype.is_complex:
            generator = torch.Generator(device="cpu").manual_seed(0)
            kind = torch.complex64 if dtype.is_complex else torch.float32
            return torch.randn(self.shape, generator=generator, dtype=kind).to(device, dtype)
        return torch.zeros(self.shape, dtype=dtype, device=device)


def example_inputs(
    inputs: Iterable[InputSpec], device: str = "cpu"
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return ``(args, kwargs)`` to call a model with, on ``device``."""
    inputs = tuple(inputs)
    args = tuple(each.example(device) for each in inputs if not each.keyword)
    kwargs = {each.name: each.example(device) for each in inputs if each.keyword}
    return args, kwargs


def parse_input(text: str) -> InputSpec:
    """Read one input from its text form.

    Raises :class:`InputError` for letters, zeros, unknown dtypes and brackets that do not match.
    """
    named = re.match(r"\s*([A-Za-z_]\w*)\s*=(.*)", text, re.S)
    if named:
        value = _parse_value(named[2].strip(), text)
        return msgspec.structs.replace(value, name=named[1], keyword=True)
    return _parse_value(text.strip(), text)


def parse_inputs(text: str) -> tuple[InputSpec, ...]:
    """Read several inputs, separated by semicolons."""
    return tuple(parse_input(part) for part in _split(text, ";", text) if part.strip())


def _parse_value(body: str, whole: str) -> InputSpec:
    if body.startswith("{"):
        items = tuple(_parse_item(p, whole) for p in _items(body, "{", "}", whole))
        return InputSpec(kind="dict", items=items)
    if body.startswith("["):
        parts = _items(body, "[", "]", whole)
        return InputSpec(kind="list", items=tuple(_parse_value(p, whole) for p in parts))
    if body.startswith("<"):
        parts = _items(body, "<", ">", whole)
        return InputSpec(kind="tuple", items=tuple(_parse_value(p, whole) for p in parts))
    return _parse_tensor(body, whole)


def _parse_item(part: str, whole: str) -> InputSpec:
    name, colon, value = part.partition(":")
    name = name.strip().strip("'\"")
    if not colon or not name:
        raise InputError(
            f"Each item of a dict input is written 'name: shape'; '{part.strip()}' came"
            f" in '{whole}'."
        )
    return msgspec.structs.replace(_parse_value(value.strip(), whole), name=name)


def _parse_tensor(body: str, whole: str) -> InputSpec:
    shape_text, _, dtype = body.partition(":")
    shape_text, dtype = shape_text.strip(), dtype.strip().removeprefix("torch.") or "float32"
    if dtype not in DTYPES:
        raise InputError(f"'{dtype}' is no dtype of a tensor.{nearest(dtype, DTYPES)}")
    shape_text = shape_text.removeprefix("(").removesuffix(")").strip().removesuffix(",")
    if not shape_text:
        if body.startswith("("):
            return InputSpec(dtype=dtype)
        raise InputError("An input shape is empty; write it like 1,3,224,224.")
    sizes = []
    for part in re.split(r"\s*[,x×]\s*", shape_text):
        if not re.fullmatch(r"[+-]?\d+", part.strip()):
            raise InputError(
                f"An input shape is whole numbers separated by commas, like 1,3,224,224;"
                f" '{part}' came in '{whole.strip()}'."
            )
        size = int(part)
        if size < 1:
            raise InputError(
                f"Every dimension of an input is at least 1; {size} came in '{whole.strip()}'."
            )
        sizes.append(size)
    return InputSpec(shape=tuple(sizes), dtype=dtype)


def _items(body: str, left: str, right: str, whole: str) -> list[str]:
    if not body.endswith(right):
        raise InputError(f"'{left}' is never closed by '{right}' in '{whole}'.")
    inside = body[1:-1]
    parts = [part for part in _split(inside, ";", whole) if part.strip()]
    if left == "{" and len(parts) == 1 and inside.count(":") > 1:
        # {a: 1,3,64,64, b: 1} reads naturally: a comma before 'name:' separates too.
        parts = re.split(r",(?=\s*['\"]?[A-Za-z_]\w*['\"]?\s*:)", inside)
    if not parts:
        raise InputError(f"'{left}{right}' holds no inputs in '{whole}'.")
    return [part.strip() for part in parts]


def _split(text: str, separator: str, whole: str) -> list[str]:
    """Split at separators outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += letter in "{[<("
        depth -= letter in "}]>)"
        if depth < 0:
            raise InputError(f"'{letter}' closes nothing in '{whole}'.")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
