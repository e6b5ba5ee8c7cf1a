"""The CPU and the GPUs of this machine, and which of them PyTorch can see.

torch numbers only what ``CUDA_VISIBLE_DEVICES`` leaves visible; NVML numbers all, and so does
``nvidia-smi``, which comes with the driver. They are matched by UUID
(https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-environment-variables).
"""

import csv
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import psutil
import torch

_PATIENCE = 10  # seconds for a driver that has to wake its GPUs


@dataclass(frozen=True)
class Device:
    """One device. ``name`` is torch's (``cpu``, ``cuda:0``), empty for a hidden GPU.

    ``total`` and ``free`` are bytes of memory, ``None`` where the driver does not say.
    """

    name: str
    title: str
    total: int | None
    free: int | None
    uuid: str = ""
    hidden: bool = False


def devices(
    visible: Callable[[], Sequence[Device]] | None = None,
    every: Callable[[], Sequence[Device]] | None = None,
) -> tuple[Device, ...]:
    """Return the CPU, then the GPUs that torch sees, then those that are hidden from it.

    ``visible`` and ``every`` ask torch and the driver; a driver that fails has no GPUs to tell of.
    """
    seen = _asked(visible or _visible)
    known = {_bare(each.uuid): each for each in _asked(every or _every)}
    found = [_with_memory(each, known.pop(_bare(each.uuid), None)) for each in seen]
    hidden = [
        Device("", each.title, each.total, each.free, each.uuid, hidden=True)
        for each in known.values()
    ]
    return (_cpu(), *found, *hidden)


def _with_memory(seen: Device, known: Device | None) -> Device:
    """Say what is free on a GPU: the driver knows; torch would take half a gigabyte to ask it."""
    if seen.free is not None or not seen.name.startswith("cuda:"):
        return seen
    free = None if known is None else known.free
    if free is None:
        with suppress(RuntimeError, AssertionError):
            free = torch.cuda.mem_get_info(seen.name)[0]
    return replace(seen, free=free)


def _asked(driver: Callable[[], Sequence[Device]]) -> Sequence[Device]:
    try:
        return driver()
    except Exception:  # drivers fail in ways of their own, and none of them is the user's fault
        return ()


def _bare(uuid: str) -> str:
    return uuid.lower().removeprefix("gpu-")


def _cpu() -> Device:
    memory = psutil.virtual_memory()
    cores = os.cpu_count() or 1
    title = f"{platform.processor() or platform.machine()}, {cores} cores"
    return Device("cpu", title, memory.total, memory.available)


def _visible() -> Sequence[Device]:
    found = []
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            facts = torch.cuda.get_device_properties(number)
            uuid = str(getattr(facts, "uuid", ""))
            found.append(Device(f"cuda:{number}", facts.name, facts.total_memory, None, uuid))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU", None, None))
    return found


def _every() -> Sequence[Device]:
    try:
        import pynvml
    except ImportError:  # an extra
        return _told_by_the_driver()
    nvml: Any = pynvml
    nvml.nvmlInit()
    try:
        found = []
        for number in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(number)
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            title, uuid = nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle)
            found.append(Device("", str(title), memory.total, memory.free, str(uuid)))
        return found
    finally:
        nvml.nvmlShutdown()


def _told_by_the_driver() -> Sequence[Device]:
    """Return what ``nvidia-smi`` lists, where it is; its memory is in MiB."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    asked = "--query-gpu=uuid,name,memory.total,memory.free"
    ran = subprocess.run(
        [program, asked, "--format=csv,noheader,nounits"],
        capture_output=True, text=True, check=True, timeout=_PATIENCE,
    )  # fmt: skip
    rows = [[cell.strip() for cell in row] for row in csv.reader(ran.stdout.splitlines())]
    return [
        Device("", title, _mebibytes(total), _mebibytes(free), uuid)
        for uuid, title, total, free in (row for row in rows if len(row) == 4)
    ]


def _mebibytes(text: str) -> int | None:
    return int(text) << 20 if text.isdigit() else None  # "[N/A]" where a GPU shares the memory
