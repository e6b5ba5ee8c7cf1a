"""Whether a model will fit into a device's memory, before it is tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from core.analysis import analyse
from core.document import Document, weight_id
from core.errors import PlacementError
from core.placement.devices import Device

Verdict = Literal["fits", "tight", "does not fit", "unknown"]

#: Numbers that an optimizer keeps for each trained one.
OPTIMIZERS = {
    "none": 0, "sgd": 0, "sgd momentum": 1, "rmsprop": 1, "adagrad": 1, "lion": 1,
    "adam": 2, "adamw": 2, "nadam": 2, "adamax": 2,
}  # fmt: skip
#: What CUDA itself and its kernels take of a GPU as soon as it is used: a round figure.
CONTEXT = 500_000_000
#: Share of the free memory above which an estimate proves nothing.
TIGHT = 0.85


@dataclass(frozen=True)
class Need:
    """Bytes by part. ``activations`` is an estimate; the others are counted.

    In a training the outputs of all layers are kept for the backward pass; held against what
    autograd saves, the estimate is 0.6 to 2 times that for plain networks. Without training only
    the input and output of a layer are there at once, and what the modules around it were given.
    """

    parameters: int
    buffers: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        kept = self.parameters + self.buffers + self.gradients + self.optimizer
        return kept + self.activations


def need(
    document: Document, *, optimizer: str = "none", batch: int | None = None, parts: int = 1
) -> Need:
    """Return what one device needs. ``optimizer`` is one of :data:`OPTIMIZERS`; none: no training.

    ``batch`` replaces the first size of the document's inputs and is shared out over ``parts``
    devices. Raises :class:`~core.errors.PlacementError`.
    """
    if optimizer not in OPTIMIZERS:
        known = ", ".join(OPTIMIZERS)
        raise PlacementError(f"'{optimizer}' is no optimizer that is known; one of {known}.")
    if (batch is not None and batch < 1) or parts < 1:
        raise PlacementError(f"A batch of {batch} over {parts} devices cannot be.")
    parameters = {weight_id(p): p for p in document.root.parameters()}.values()
    buffers = {weight_id(b): b for b in document.root.buffers()}.values()
    trained = optimizer != "none"
    gradients = sum(_bytes(p) for p in parameters if p.requires_grad) if trained else 0
    return Need(
        sum(map(_bytes, parameters)),
        sum(map(_bytes, buffers)),
        gradients,
        OPTIMIZERS[optimizer] * gradients,
        _activations(document, trained, batch, parts),
    )


def verdict(needed: Need, device: Device) -> Verdict:
    """Say whether it fits on a device as it is now."""
    if device.free is None:
        return "unknown"
    total = needed.total + (0 if device.name == "cpu" else CONTEXT)
    if total > device.free:
        return "does not fit"
    return "tight" if total > TIGHT * device.free else "fits"


def _bytes(tensor: torch.Tensor) -> int:
    return 0 if nn.parameter.is_lazy(tensor) else tensor.numel() * tensor.element_size()


def _activations(document: Document, trained: bool, batch: int | None, parts: int) -> int:
    given = next((spec.shape[0] for spec in document.inputs if spec.shape), 1)
    kept = largest = 0
    for inputs, output, held in _leaves(document):
        kept += output
        largest = max(largest, inputs + output + held)
    share = 1.0 if batch is None else -(-batch // parts) / max(1, given)
    return int((kept if trained else largest) * share)


def _leaves(document: Document) -> Iterator[tuple[int, int, int]]:
    """Yield, of each layer that runs, the bytes it gets, gives, and that the callers above hold.

    A caller holds what it was given itself until it returns: the way round a residual block, the
    skip of a U-Net.
    """
    given: dict[str, int] = {}
    ran: list[tuple[str, int, int]] = []
    for path, call in analyse(document).calls():
        if call.output is None:
            continue
        inputs, output = (
            sum(_size(each.shape or (), each.dtype) for each in value.tensors())
            for value in (call.inputs, call.output)
        )
        given[path] = max(given.get(path, 0), inputs)
        if not document.module(path)._modules:
            ran.append((path, inputs, output))
    for path, inputs, output in ran:
        above = {given.get(each, 0) for each in _above(path)}
        yield inputs, output, sum(above - {inputs})  # the same tensor, handed down, is there once


def _above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition(".")[0]
        yield path


def _size(shape: tuple[int, ...], dtype: str) -> int:
    found = getattr(torch, dtype.removeprefix("torch."), torch.float32)
    item = found.itemsize if isinstance(found, torch.dtype) else 4
    count = 1
    for each in shape:
        count *= each
    return count * item
