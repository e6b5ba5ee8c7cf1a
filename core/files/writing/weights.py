"""Writing named tensors in any layout: what stands where, what is shared, in how many files."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, Literal

from core.errors import SaveRefused
from core.files.contents import ITEM_BYTES
from core.files.writing.atomic import atomic_write
from core.files.writing.output import Asked, Meter, Output, Progress
from core.files.writing.packing import PackedBytes
from core.files.writing.runs import Bytes
from core.files.writing.safetensors import write_safetensors
from core.files.writing.shards import shared_out, write_shards
from core.files.writing.state_dict_pickle import StateDictPickle, item_of
from core.files.writing.torch_legacy import write_torch_legacy
from core.files.writing.torch_zip import write_torch_zip

Layout = Literal["torch zip", "torch legacy", "safetensors"]


@dataclass(frozen=True)
class OutgoingTensor:
    """A tensor on its way into a file: what it is, and the storage it looks into.

    ``key`` is the same for tensors that share their storage. ``offset`` and ``stride`` count
    numbers; no stride is row-major order.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    storage: Bytes
    key: Hashable
    offset: int = 0
    stride: tuple[int, ...] | None = None
    parameter: bool = False
    requires_grad: bool = False

    @property
    def item(self) -> int:
        """Bytes of one number."""
        return ITEM_BYTES[self.dtype]

    @property
    def bytes(self) -> int:
        """Bytes of its numbers, packed."""
        return prod(self.shape) * self.item

    @property
    def strides(self) -> tuple[int, ...]:
        """Its strides, in numbers."""
        return row_major(self.shape) if self.stride is None else self.stride

    def packed(self) -> Bytes:
        """Return its numbers in row-major order, one behind the other."""
        if not self.bytes:
            return self.storage.part(0, 0)
        if _is_row_major(self.shape, self.strides):
            return self.storage.part(self.offset * self.item, self.bytes)
        return PackedBytes(self.storage, self.shape, self.strides, self.offset, self.item)

    def alone(self) -> "OutgoingTensor":
        """Return the same tensor in a storage of its own, no larger than it is."""
        return replace(self, storage=self.packed(), offset=0, stride=None)


def layout_of(path: Path, *, legacy: bool = False) -> Layout:
    """Return how a file of this name is written; raises :class:`~core.errors.SaveRefused`."""
    name = path.name.removesuffix(".index.json")
    if name.endswith(".safetensors"):
        return "safetensors"
    if Path(name).suffix in (".pth", ".pt", ".pkl", ".bin", ".ckpt"):
        return "torch legacy" if legacy else "torch zip"
    raise SaveRefused(
        f"{path.name} does not say what to write: give it the suffix .pth, .pt, .pkl, .bin or"
        " .safetensors."
    )


def write_weights(
    path: Path,
    tensors: Sequence[OutgoingTensor],
    layout: Layout,
    *,
    metadata: Mapping[str, Any] | None = None,
    shard_size: int | None = None,
    durable: bool = True,
    progress: Progress | None = None,
    cancelled: Asked | None = None,
) -> tuple[Path, ...]:
    """Write tensors as a state dict and return the files, the index of shards last.

    ``metadata`` are torch's ``_metadata``: the versions of the layers. With ``shard_size`` (bytes)
    what is larger goes into several files with an index beside them, which are always brought to
    the disk; one file is if ``durable`` (:func:`atomic_write`). Whole or not at all: raises
    :class:`~core.errors.SaveRefused`, :class:`~core.errors.Cancelled`.
    """
    tensors = _compact(tensors)
    meter = Meter(sum(_weights(tensors, layout)), f"Writing {path.name}", progress, cancelled)
    total = sum(each.bytes for each in tensors)
    if shard_size is None or total <= shard_size:
        with (
            atomic_write(path, durable=durable) as file,
            Output(file, meter, hurry=durable) as output,
        ):
            _write(output, tensors, layout, metadata)
        return (path,)
    if shard_size <= 0:
        raise SaveRefused(f"Shards of {shard_size} bytes hold nothing; give a size such as 2GB.")
    shards = shared_out(tensors, shard_size, _key, _length)
    index = path if path.name.endswith(".index.json") else path.with_name(f"{path.name}.index.json")
    written, _ = write_shards(
        index,
        [[each.name for each in shard] for shard in shards],
        lambda number, output: _write(output, shards[number], layout, metadata),
        total,
        meter,
    )
    return (*written, index)


def _key(tensor: OutgoingTensor) -> Hashable:
    return tensor.key


def _length(tensor: OutgoingTensor) -> int:
    return tensor.storage.length


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of packed numbers, the last dimension running fastest."""
    return tuple(prod(shape[place + 1 :]) for place in range(len(shape)))


def _is_row_major(shape: Sequence[int], stride: Sequence[int]) -> bool:
    return all(
        size == 1 or step == wanted
        for size, step, wanted in zip(shape, stride, row_major(shape), strict=True)
    )


def _compact(tensors: Sequence[OutgoingTensor]) -> list[OutgoingTensor]:
    """Let nobody take a large storage along of which only a part is seen."""
    users: dict[Hashable, int] = {}
    for each in tensors:
        users[each.key] = users.get(each.key, 0) + 1
    return [
        each.alone() if users[each.key] == 1 and each.bytes < each.storage.length else each
        for each in tensors
    ]


def _weights(tensors: Sequence[OutgoingTensor], layout: Layout) -> list[int]:
    if layout == "safetensors":
        return [each.bytes for each in tensors]
    return list({each.key: each.storage.length for each in tensors}.values())


def _write(
    output: Output,
    tensors: Sequence[OutgoingTensor],
    layout: Layout,
    metadata: Mapping[str, Any] | None,
) -> None:
    if layout == "safetensors":
        packed = [(each.name, each.shape, each.dtype, each.packed(), each.item) for each in tensors]
        write_safetensors(output, packed, {})
        return
    numbers: dict[Hashable, int] = {}
    firsts: list[OutgoingTensor] = []
    pickled = StateDictPickle(legacy=layout == "torch legacy")
    for each in tensors:
        if each.key not in numbers:
            numbers[each.key] = len(numbers)
            firsts.append(each)
        pickled.add(
            each.name, each.shape, each.strides, each.offset, each.dtype, str(numbers[each.key]),
            each.storage.length, parameter=each.parameter, requires_grad=each.requires_grad,
        )  # fmt: skip
    storages = [each.storage for each in firsts]
    write = write_torch_zip
    if layout == "torch legacy":
        write = partial(write_torch_legacy, items=[item_of(each.dtype) for each in firsts])
    write(output, pickled.finished(metadata), storages)
