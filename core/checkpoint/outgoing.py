"""Tensors in memory on their way into a file: their bytes are written from where they are."""

import ctypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from core.errors import SaveRefused
from core.files.writing.runs import PIECE
from core.files.writing.weights import OutgoingTensor


@dataclass(frozen=True)
class MemoryBytes:
    """The bytes of a CPU storage, or a part of them; the storage is kept alive."""

    storage: torch.UntypedStorage
    begin: int
    length: int
    crc: int | None = None

    def pieces(self) -> Iterator[memoryview]:
        """Yield views of the memory itself."""
        if not self.length:
            return
        at = self.storage.data_ptr() + self.begin
        view = memoryview((ctypes.c_ubyte * self.length).from_address(at)).cast("B")
        for start in range(0, self.length, PIECE):
            yield view[start : start + PIECE]

    def part(self, begin: int, count: int) -> "MemoryBytes":
        """Return ``count`` of them from ``begin`` on."""
        return MemoryBytes(self.storage, self.begin + begin, count)


def outgoing(state: Mapping[str, object], prefix: str = "") -> list[OutgoingTensor]:
    """Return the tensors of a state dict; raises :class:`~core.errors.SaveRefused`.

    What shares a storage goes on sharing it. Tensors of a GPU are brought over one by one.
    """
    here: dict[int, Tensor] = {}
    return [
        _outgoing(prefix + name, tensor, here)
        for name, tensor in state.items()
        if isinstance(tensor, Tensor)
    ]


def _outgoing(name: str, tensor: Tensor, here: dict[int, Tensor]) -> OutgoingTensor:
    if tensor.layout != torch.strided or tensor.is_quantized or type(tensor.data) is not Tensor:
        raise SaveRefused(f"{name} is no plain dense tensor; save the whole model with PyTorch.")
    plain = tensor.detach()
    if plain.is_conj() or plain.is_neg():
        plain = plain.resolve_conj().resolve_neg()
    if plain.device.type != "cpu":
        plain = here.setdefault(id(tensor), plain.cpu())
    storage = plain.untyped_storage()
    return OutgoingTensor(
        name,
        tuple(plain.shape),
        str(plain.dtype).removeprefix("torch."),
        MemoryBytes(storage, 0, storage.nbytes()),
        storage._cdata,
        int(plain.storage_offset()),
        tuple(plain.stride()),
    )
