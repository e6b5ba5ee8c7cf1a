"""The tensors of a read file, over its own bytes: mapped into memory, not copied."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import CheckpointError
from core.files import Inert, Storage, StoredTensor


class Mapped:
    """Files mapped into memory: one mapping for each file, one storage for each of the file's.

    So tensors that share a storage in the file share it in memory, as ``torch.load(mmap=True)`` has
    it. The mapping is private: nothing that is written to a tensor reaches the file.
    """

    def __init__(self) -> None:
        self._files: dict[Path, torch.UntypedStorage] = {}
        self._storages: dict[tuple[Path, str], torch.UntypedStorage] = {}

    def tensor(self, stored: StoredTensor) -> Tensor:
        """Return a CPU tensor with the shape, strides and dtype of a stored one.

        Raises :class:`~core.errors.CheckpointError` where its numbers are not all there, or are
        written in a way that only PyTorch reads.
        """
        if stored.special:
            raise CheckpointError(
                f"A tensor in {stored.storage.file} is {stored.special}, which only PyTorch itself"
                " reads: load it there and save it dense."
            )
        dtype = _dtype(stored)
        strides = stored.stride if stored.stride is not None else _row_major(stored.shape)
        if stored.numel == 0:
            return torch.empty(stored.shape, dtype=dtype)
        if stored.pieces:
            return self._assembled(stored, dtype)
        _check(stored, strides, dtype)
        storage = self._storage(stored.storage, dtype.itemsize)
        return torch.empty(0, dtype=dtype).set_(storage, stored.offset, stored.shape, strides)

    def _assembled(self, stored: StoredTensor, dtype: torch.dtype) -> Tensor:
        """Put a tensor together of its pieces: the one kind that has to be copied."""
        which = (stored.storage.file, stored.storage.key)
        if which not in self._storages:
            whole = torch.empty(stored.shape, dtype=dtype)
            for piece in stored.pieces:
                ends = map(sum, zip(piece.at, piece.tensor.shape, strict=True))
                whole[tuple(map(slice, piece.at, ends))] = self.tensor(piece.tensor)
            self._storages[which] = whole.untyped_storage()
        strides = _row_major(stored.shape)
        return torch.empty(0, dtype=dtype).set_(self._storages[which], 0, stored.shape, strides)

    def _storage(self, storage: Storage, itemsize: int) -> torch.UntypedStorage:
        which = (storage.file, storage.key)
        if which not in self._storages and storage.held is not None:
            held = torch.frombuffer(bytearray(storage.held), dtype=torch.uint8)
            self._storages[which] = held.untyped_storage()
        if which not in self._storages:
            whole, begin = self._file(storage.file), storage.position
            if begin + storage.bytes > whole.nbytes():
                raise CheckpointError(
                    f"{storage.file} has become shorter since it was looked at; get it again."
                )
            # Old formats put numbers anywhere; arithmetic wants them at multiples of their size.
            found: Any = whole[begin : begin + storage.bytes]
            self._storages[which] = found.clone() if begin % itemsize else found
        return self._storages[which]

    def _file(self, path: Path) -> torch.UntypedStorage:
        if path not in self._files:
            try:
                size = path.stat().st_size
                mapped: Any = torch.UntypedStorage.from_file(str(path), False, size)
                self._files[path] = mapped
            except (OSError, RuntimeError) as error:
                first = str(error).splitlines()[0]
                raise CheckpointError(f"{path} could not be mapped: {first}.") from error
        return self._files[path]


def tensor_of(stored: StoredTensor) -> Tensor:
    """Return one tensor of a file; see :meth:`Mapped.tensor`."""
    return Mapped().tensor(stored)


def plain(tree: Any, mapped: Mapped | None = None) -> Any:
    """Return a file's tree with tensors in it; raises CheckpointError at an object of some class.

    What is left are dictionaries, lists, tuples, numbers, texts and tensors: what
    ``torch.load(weights_only=True)`` gives.
    """
    mapped = mapped or Mapped()
    if isinstance(tree, StoredTensor):
        return mapped.tensor(tree)
    if isinstance(tree, Inert):
        raise CheckpointError(f"The file has an object of {tree.name} here, not plain data.")
    if isinstance(tree, Mapping):
        return {key: plain(value, mapped) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(plain(value, mapped) for value in tree)
    return tree


def _dtype(stored: StoredTensor) -> torch.dtype:
    dtype = getattr(torch, stored.dtype, None)
    if not isinstance(dtype, torch.dtype):
        raise CheckpointError(
            f"A tensor in {stored.storage.file} has the dtype {stored.dtype}, which this PyTorch"
            f" ({torch.__version__}) does not know; a newer one may."
        )
    return dtype


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(shape[place + 1 :]) for place in range(len(shape)))


def _check(stored: StoredTensor, strides: tuple[int, ...], dtype: torch.dtype) -> None:
    """Look that the last number is inside the storage before anything is read."""
    last = stored.offset + sum(
        (size - 1) * step for size, step in zip(stored.shape, strides, strict=True)
    )
    sane = stored.offset >= 0 and all(step >= 0 for step in strides)
    if not sane or (last + 1) * dtype.itemsize > stored.storage.bytes:
        raise CheckpointError(
            f"A tensor in {stored.storage.file} says that it is"
            f" {'×'.join(map(str, stored.shape))} {stored.dtype}, more than the"
            f" {stored.storage.bytes:,} bytes it has there; the file is damaged."
        )
