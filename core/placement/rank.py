"""A process that runs one forward, alone or as one of those that ``torchrun`` would start.

It is started by :mod:`core.placement.processes` in a folder that has the model, its inputs and the
code of the user's own classes, and leaves there what came of it, or why nothing did.
"""

import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn

from core.placement.sending import receive


def main() -> None:
    """Run one forward as the rank that the environment says; its result is ``RANK.json``."""
    folder, rank = Path.cwd(), os.environ["RANK"]
    try:
        told = _run(folder, int(os.environ["LOCAL_RANK"]))
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        told = {"error": first, "full": _is_full(error)}
    whole = folder / f"{rank}.part"
    whole.write_text(json.dumps(told))
    whole.rename(folder / f"{rank}.json")
    if "error" in told:
        os._exit(1)  # the others may be waiting, and leaving the group would wait for them


def _is_full(error: Exception) -> bool:
    """Say whether a GPU's memory ran out: of torch's pool, or of CUDA itself at its first use."""
    out = isinstance(error, torch.cuda.OutOfMemoryError)
    return out or str(error).startswith("CUDA error: out of memory")


def _run(folder: Path, rank: int) -> dict[str, Any]:
    task = json.loads((folder / "task.json").read_text())
    together = task["sharing"] == "distributed"
    device = torch.device(task["devices"][rank])
    cuda = device.type == "cuda"
    if cuda:
        torch.cuda.set_device(device)
    if together:
        distributed.init_process_group("nccl" if cuda else "gloo")
    for number, module in enumerate(task["modules"]):
        _import(module["name"], module["path"], (folder / f"{number}.code").read_bytes())
    with open(folder / "model.pth", "rb") as file:
        model = receive(file).to(device)
    # Written by the process that started this one, a moment ago.
    args, kwargs = torch.load(folder / "inputs.pth", map_location=device, weights_only=False)
    if task["sharing"] == "dataparallel":
        model = nn.DataParallel(model, [torch.device(each) for each in task["devices"]])
    elif together and any(parameter.requires_grad for parameter in model.parameters()):
        model = nn.parallel.DistributedDataParallel(model, [device] if cuda else None)
    if together:
        distributed.barrier()
    used = [torch.device(each) for each in ([str(device)] if together else task["devices"])]
    begin = time.perf_counter()
    with torch.no_grad():
        output = model(*args, **kwargs)
    for each in used if cuda else ():
        torch.cuda.synchronize(each)
    took = time.perf_counter() - begin
    peak = max(map(torch.cuda.max_memory_allocated, used)) if cuda else None
    if together:
        distributed.barrier()
        distributed.destroy_process_group()
    return {"seconds": took, "peak": peak, "output": shapes(output)}


def _import(name: str, path: str, code: bytes) -> None:
    """Make a module of code that was agreed to, under the name that the model's pickle has."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(path).parent))
    try:
        exec(compile(code, path, "exec", dont_inherit=True), vars(module))
    finally:
        sys.path.pop(0)


def shapes(output: Any) -> Any:
    """Return an output with the shape of each tensor in its place."""
    if isinstance(output, torch.Tensor):
        return tuple(output.shape)
    if isinstance(output, dict):
        return {key: shapes(value) for key, value in output.items()}
    if isinstance(output, list | tuple):
        return [shapes(value) for value in output]
    return type(output).__name__
