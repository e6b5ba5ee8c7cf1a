"""What a file declares of a tensor, held against what is there."""

from typing import Any

from core.files.contents import ITEM_BYTES, Storage, StoredTensor


class Refusal(Exception):
    """What a pickle describes cannot be; the text goes on from the name of the file."""


class Bytes(bytes):
    """Bytes of a pickle that know where in the file they stand."""

    storage: Storage


def sizes(value: Any) -> tuple[int, ...]:
    """Return a shape, or strides, if it is one; raises :class:`Refusal`."""
    if not isinstance(value, tuple | list) or not all(type(each) is int for each in value):
        raise Refusal("has a tensor whose shape is not a row of numbers.")
    if len(value) > 64 or any(each < 0 for each in value):
        raise Refusal("has a tensor with a negative size, or with more than 64 dimensions.")
    return tuple(value)


def checked(
    storage: Storage, dtype: str, offset: Any, shape: Any, stride: Any, requires_grad: Any
) -> StoredTensor:
    """Return a tensor whose bytes are there, as many as it declares; raises :class:`Refusal`."""
    shape, stride = sizes(shape), sizes(stride)
    if type(offset) is not int or offset < 0 or len(shape) != len(stride):
        raise Refusal("has a tensor whose offset and strides make no sense.")
    found = StoredTensor(shape, dtype, storage, offset, stride, False, bool(requires_grad))
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if found.numel and (last + 1) * ITEM_BYTES.get(dtype, 1) > storage.bytes:
        raise Refusal(
            f"says that a tensor is {'×'.join(map(str, shape))} {dtype}, more than the"
            f" {storage.bytes:,} bytes of its storage; it is damaged, or made to mislead."
        )
    return found
