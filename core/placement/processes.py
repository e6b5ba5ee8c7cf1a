"""A forward in processes of its own, which get the model by a file.

GPUs are only used there: a kernel that fails leaves CUDA unusable for the whole of a process, and
one that has used a GPU keeps some of its memory until it ends.

DistributedDataParallel runs as it is used, in a process for each device, with the environment that
``torchrun`` sets (``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, ``MASTER_ADDR``, ``MASTER_PORT``), over
NCCL where GPUs are and over Gloo on the CPU.
https://docs.pytorch.org/docs/stable/elastic/run.html
"""

import json
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from core.document import Document
from core.errors import Cancelled, PlacementError
from core.placement.sending import send

#: How several devices share the work; ``alone`` is for one.
Sharing = Literal["alone", "dataparallel", "distributed"]

_ROOT = Path(__file__).parent.parent.parent
_RUN = "from core.placement.rank import main; main()"
_PAUSE = 0.05  # seconds between two looks at the processes
_PATIENCE = 300.0  # seconds: importing PyTorch in each, on a machine that is busy


def in_processes(
    document: Document,
    devices: Sequence[str],
    sharing: Sharing = "distributed",
    *,
    patience: float = _PATIENCE,
    cancelled: Callable[[], bool] | None = None,
) -> list[Mapping[str, Any]]:
    """Run one forward, in a process group of one for each device, or in one; return what each told.

    ``devices`` are torch's names (``cpu``, ``cuda:1``), and may repeat ``cpu``. Each result has
    ``seconds``, ``peak`` bytes (``None`` on the CPU) and ``output``, its shapes. Raises
    :class:`~core.errors.PlacementError`, :class:`~core.errors.Cancelled`; no process is left.
    """
    ranks = list(devices) if sharing == "distributed" else [" + ".join(devices)]
    with tempfile.TemporaryDirectory(prefix="modelwright-") as name:
        folder = Path(name)
        _write(document, devices, sharing, folder)
        with _started(folder, len(ranks)) as processes:
            _wait(processes, ranks, folder, patience, cancelled)
        return [_told(folder, rank) or {} for rank in range(len(ranks))]


def _write(document: Document, devices: Sequence[str], sharing: Sharing, folder: Path) -> None:
    model = document.model()
    for number, module in enumerate(own := _own_modules(model)):
        (folder / f"{number}.code").write_bytes(module["code"])
    listed = [{"name": module["name"], "path": module["path"]} for module in own]
    task = {"sharing": sharing, "devices": list(devices), "modules": listed}
    (folder / "task.json").write_text(json.dumps(task))
    try:
        with open(folder / "model.pth", "wb") as file:
            send(model, file)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise PlacementError(
            f"The model cannot be sent to a process of its own ({error}), where it would be tried;"
            " your own script builds it there. Try it on the CPU."
        ) from error
    torch.save(document.example_inputs(), folder / "inputs.pth")


def _own_modules(model: nn.Module) -> list[dict[str, Any]]:
    """Return the user's files that the model's classes are from, with the code that was run."""
    names = dict.fromkeys(type(module).__module__ for module in model.modules())
    found = ((name, sys.modules.get(name)) for name in names)
    return [
        {"name": name, "path": str(module.__file__), "code": vars(module)["__trusted_code__"]}
        for name, module in found
        if module is not None and "__trusted_code__" in vars(module)
    ]


@contextmanager
def _started(folder: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start the processes; all are gone at the end."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    common = {
        **os.environ, "PYTHONPATH": path, "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    if sys.platform == "linux":
        # Gloo looks for the machine by its name, which a laptop without a network does not have.
        common.setdefault("GLOO_SOCKET_IFNAME", "lo")
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for rank in range(count):
            with open(folder / f"{rank}.log", "wb") as log:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, "-c", _RUN],
                        cwd=folder,
                        env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                )
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def _wait(
    processes: Sequence[subprocess.Popen[bytes]],
    ranks: Sequence[str],
    folder: Path,
    patience: float,
    cancelled: Callable[[], bool] | None,
) -> None:
    """Wait until all have ended well; the first that has not ends it."""
    end = time.monotonic() + patience
    while True:
        states = [process.poll() for process in processes]
        for rank, state in enumerate(states):
            if state:
                raise PlacementError(_failure(folder, ranks, rank, state))
        if all(state == 0 for state in states):
            return
        if cancelled is not None and cancelled():
            raise Cancelled("Trying the model was stopped.")
        if time.monotonic() > end:
            waiting = ", ".join(str(rank) for rank, state in enumerate(states) if state is None)
            raise PlacementError(
                f"The processes did not find each other, or did not finish, in {patience:g}"
                f" seconds (waiting for {waiting}). A firewall between them, or a forward that"
                " waits for something, does that."
            )
        time.sleep(_PAUSE)


def _failure(folder: Path, ranks: Sequence[str], rank: int, state: int) -> str:
    told = _told(folder, rank) or {}
    why = told.get("error") or _last_line(folder, rank, state)
    if told.get("full"):
        return (
            f"The model does not fit on {ranks[rank]}: its memory ran out. Try a smaller input,"
            " more GPUs, or half precision."
        )
    if len(ranks) == 1:
        return f"The model did not run on {ranks[0]}: {why}"
    return (
        f"The model did not run on {len(ranks)} processes: process {rank} ({ranks[rank]}) said:"
        f" {why}"
    )


def _told(folder: Path, rank: int) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder / f"{rank}.json").read_text())
    except OSError:
        return None
    return found


def _last_line(folder: Path, rank: int, state: int) -> str:
    """Say why a process ended that could not say so itself."""
    if state < 0:
        return f"it was ended by signal {-state}; where memory runs out, the system does that"
    lines = (folder / f"{rank}.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"it ended with status {state}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
