"""How a model would fare on each device: what it needs there, whether it fits, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from core.document import Document
from core.placement.devices import Device
from core.placement.fit import CONTEXT, TIGHT, Need, Verdict, need, verdict

_PARTS = {
    "parameters": "the parameters",
    "buffers": "the buffers",
    "gradients": "the gradients",
    "optimizer": "the optimizer's state",
    "activations": "what the layers put out",
}


@dataclass(frozen=True)
class Outlook:
    """One device: what one copy of the model needs there, the verdict, and a sentence why."""

    device: Device
    need: Need
    verdict: Verdict
    sentence: str


def outlooks(
    document: Document,
    devices: Sequence[Device],
    *,
    optimizer: str = "none",
    batch: int | None = None,
    parts: int = 1,
) -> tuple[Outlook, ...]:
    """Return a row for each device, in their order. Nothing is placed or run.

    ``optimizer``, ``batch`` (samples at once, shared out over ``parts`` devices) and what is raised
    are those of :func:`core.placement.need`.
    """
    needed = need(document, optimizer=optimizer, batch=batch, parts=parts)
    given = next((spec.shape[0] for spec in document.inputs if spec.shape), None)
    share = given if batch is None else -(-batch // parts)
    rows = []
    for device in devices:
        found = verdict(needed, device)
        sentence = _sentence(needed, device, found, share)
        if device.hidden:
            sentence += " CUDA_VISIBLE_DEVICES hides it from PyTorch."
        rows.append(Outlook(device, needed, found, sentence))
    return tuple(rows)


def _sentence(needed: Need, device: Device, found: Verdict, share: int | None) -> str:
    total = size(needed.total)
    most = max(fields(needed), key=lambda field: getattr(needed, field.name)).name
    largest = f"most of it for {_PARTS[most]} ({size(getattr(needed, most))})"
    if device.free is None:
        return f"{total} are needed, {largest}; how much is free the device does not say."
    free = size(device.free)
    if found == "fits":
        return f"{total} of {free} that are free are needed, {largest}."
    if found == "tight":
        return (
            f"{total} of {free} that are free are needed, {largest}; that is an estimate, and it"
            f" leaves little room.{_advice(needed, device, share)}"
        )
    return f"{total} are needed, {largest}, and {free} are free.{_advice(needed, device, share)}"


def _advice(needed: Need, device: Device, share: int | None) -> str:
    """Say which batch would fit, or that none does."""
    assert device.free is not None
    context = 0 if device.name == "cpu" else CONTEXT
    fixed = needed.total - needed.activations + context
    if fixed >= device.free:
        more = f" and {size(context)} for CUDA" if context else ""
        return (
            f" Without any sample it takes {size(fixed - context)}{more}: half precision, a"
            " smaller optimizer, or a larger device."
        )
    if share is None or share < 2 or not needed.activations:
        return ""
    fitting = int((TIGHT * device.free - fixed) / needed.activations * share)
    if fitting < 1:
        return " Not even a batch of one leaves room to spare."
    return f" A batch of {min(fitting, share - 1):,} instead of {share:,} would fit."


def size(count: int) -> str:
    """Return a number of bytes in units of 1024, as memory is counted."""
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "KB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"
