"""A place for a model: the CPU, one GPU, or several; and trying it there."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from core.document import Document
from core.errors import PlacementError
from core.placement.devices import Device
from core.placement.processes import Sharing, in_processes
from core.placement.rank import shapes

Kind = Literal["cpu", "gpu", "dataparallel", "distributed"]
_SHARING: Mapping[Kind, Sharing] = {
    "cpu": "alone", "gpu": "alone", "dataparallel": "dataparallel", "distributed": "distributed",
}  # fmt: skip
_PROCESSES = 2  # on the CPU, where there are no GPUs to have one each


@dataclass(frozen=True)
class Placement:
    """Where a model goes; ``gpus`` are torch's numbers."""

    kind: Kind
    gpus: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str, devices: Sequence[Device] | None) -> "Placement":
        """Read ``cpu``, ``cuda:1``, ``dp:0,1`` or ``ddp:0,1`` and hold it against what there is.

        Without ``devices`` any numbers do: for code that will run on another machine. Raises
        :class:`~core.errors.PlacementError`. DataParallel without numbers (``dp``) is over
        all GPUs; where there is none it wraps the model all the same, as PyTorch does on the CPU.
        """
        name, _, numbers = text.strip().lower().partition(":")
        kinds: dict[str, Kind] = {
            "cpu": "cpu", "cuda": "gpu", "dp": "dataparallel", "ddp": "distributed",
        }  # fmt: skip
        if name not in kinds or (numbers and not numbers.replace(",", "").isdigit()):
            raise PlacementError(
                f"'{text}' is no place for a model; write cpu, cuda:0, dp:0,1 or ddp:0,1."
            )
        gpus = tuple(int(each) for each in numbers.split(",") if each)
        kind = kinds[name]
        if kind == "gpu" and len(gpus) != 1:
            gpus = gpus or (0,)
        _check(text, kind, gpus, devices)
        return cls(kind, gpus)

    def __str__(self) -> str:
        listed = ",".join(map(str, self.gpus))
        names = {"cpu": "cpu", "gpu": "cuda", "dataparallel": "dp", "distributed": "ddp"}
        return f"{names[self.kind]}:{listed}" if listed else names[self.kind]

    @property
    def devices(self) -> tuple[str, ...]:
        """Torch's names of the devices; the first has the model, and gathers the results."""
        return tuple(f"cuda:{number}" for number in self.gpus) or ("cpu",)


@dataclass(frozen=True)
class Tried:
    """One forward that worked: on what, how long (seconds), what came out, memory at most."""

    device: str
    seconds: float
    output: Any
    peak: int | None


def try_forward(
    document: Document, placement: Placement, *, cancelled: Callable[[], bool] | None = None
) -> Tried:
    """Put a copy of a document's model there and run it once, without gradients.

    Where there are GPUs it is done in a process of its own, and for DistributedDataParallel in one
    for each of them, or in two on the CPU: what goes wrong there ends with it. The document itself
    stays where it is. Raises :class:`~core.errors.PlacementError` and, between processes,
    :class:`~core.errors.Cancelled`.
    """
    if not document.inputs:
        raise PlacementError("The model has no input yet: say what it is fed, then try it.")
    if document.source.structure_only:
        raise PlacementError(
            "The model was opened as a structure only, so there is nothing to run: open it with"
            " real weights."
        )
    if placement.kind == "dataparallel" and not placement.gpus:
        placement = replace(placement, gpus=tuple(range(torch.cuda.device_count())))
    if placement.gpus or placement.kind == "distributed":
        return _elsewhere(document, placement, cancelled)
    return _here(document, placement)


def _here(document: Document, placement: Placement) -> Tried:
    """Run it on the CPU of this process."""
    try:
        model = document.model()
        if placement.kind == "dataparallel":
            model = nn.DataParallel(model)  # without a GPU PyTorch wraps, and passes through
        args, kwargs = document.example_inputs()
        begin = time.perf_counter()
        with torch.no_grad():
            output = model(*args, **kwargs)
        took = time.perf_counter() - begin
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PlacementError(f"The model did not run on {placement}: {first}") from error
    return Tried("cpu", took, shapes(output), None)


def _elsewhere(
    document: Document, placement: Placement, cancelled: Callable[[], bool] | None
) -> Tried:
    """Run it in other processes; the slowest process and the fullest device count."""
    devices = placement.devices if placement.gpus else ("cpu",) * _PROCESSES
    told = in_processes(document, devices, _SHARING[placement.kind], cancelled=cancelled)
    peaks = [each["peak"] for each in told if each["peak"] is not None]
    output = _tuples(told[0]["output"])
    where = ", ".join(devices) if placement.gpus else f"{len(devices)} processes of the CPU"
    return Tried(where, max(each["seconds"] for each in told), output, max(peaks, default=None))


def _tuples(output: Any) -> Any:
    """Return shapes as they were before JSON made lists of them."""
    if isinstance(output, list) and all(isinstance(each, int) for each in output):
        return tuple(output)
    if isinstance(output, list):
        return [_tuples(each) for each in output]
    if isinstance(output, dict):
        return {key: _tuples(value) for key, value in output.items()}
    return output


def _check(text: str, kind: Kind, gpus: tuple[int, ...], devices: Sequence[Device] | None) -> None:
    if len(set(gpus)) != len(gpus):
        raise PlacementError(f"'{text}' names a GPU twice.")
    seen = [each.name for each in devices or () if each.name.startswith("cuda:")]
    hidden = sum(each.hidden for each in devices or ())
    missing = [f"cuda:{number}" for number in gpus if f"cuda:{number}" not in seen]
    if devices is None:
        pass
    elif missing or (kind == "distributed" and not gpus and seen):
        there = ", ".join(seen) or "no GPU"
        more = f" {hidden} more are hidden by CUDA_VISIBLE_DEVICES." if hidden else ""
        raise PlacementError(f"There is no {', '.join(missing) or 'number'}: {there}.{more}")
    if kind == "gpu" and len(gpus) > 1:
        raise PlacementError(f"'{text}' names several GPUs; write dp:{','.join(map(str, gpus))}.")
