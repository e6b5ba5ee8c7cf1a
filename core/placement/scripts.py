"""Code for the user's own training script: saving and loading on one GPU, on several, on none.

Each cell of {saved on one, on several} x {loaded on one, on several} x {state dict, whole model}
is a few lines of plain PyTorch. They differ from what is often copied: devices are chosen before
CUDA starts, files are read onto the CPU first, a wrapper is taken off before saving, and
``module.`` is only taken away where it stands before every name.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import PlacementError

_GPU = re.compile(r"\d+|(GPU|MIG)-[\w-]+")
_HEAD = """\
import os

os.environ["CUDA_VISIBLE_DEVICES"] = "{gpus}"  # before torch: once CUDA runs it does nothing

import torch
{imports}
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
"""
_STRIP = """\
if all(name.startswith("module.") for name in state):  # saved from DataParallel, wrapped
    state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
"""
_UNWRAP = """\
if isinstance(model, torch.nn.DataParallel):  # saved wrapped
    model = model.module
"""
_WRAP = "model = torch.nn.DataParallel(model)  # it is fed whole batches and shares them out\n"
_DISTRIBUTED = """\
# Run with: {which}torchrun --nproc_per_node={count} train.py
import os

import torch
{imports}
torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
local = int(os.environ["LOCAL_RANK"])
device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
if device.type == "cuda":
    torch.cuda.set_device(device)

model = {build}
{read}{strip}model.load_state_dict(state)
model = torch.nn.parallel.DistributedDataParallel(model.to(device))

# Train here; build the optimizer now, of the parameters where they are.

if torch.distributed.get_rank() == 0:  # one process writes
    torch.save(model.module.state_dict(), {file})
torch.distributed.destroy_process_group()
"""


@dataclass(frozen=True)
class Layout:
    """Where a model is: ``several`` GPUs under DataParallel, or one; and whether it is ``whole``.

    ``gpus`` is what ``CUDA_VISIBLE_DEVICES`` is set to: numbers, or UUIDs, that need not be on this
    machine; ``"none"`` hides all, for the CPU. Raises :class:`~core.errors.PlacementError`.
    """

    several: bool = False
    whole: bool = False
    gpus: str = "0"

    def __post_init__(self) -> None:
        chosen = [] if self.gpus == "none" else _listed(self.gpus)
        object.__setattr__(self, "gpus", ",".join(chosen))


def saving_script(
    saved: Layout, *, build: str = "models.resnet50()",
    imports: str = "from torchvision import models", file: str = "model.pth",
) -> str:  # fmt: skip
    """Return the lines that build, place and save a model, so that it loads everywhere."""
    wrap = _WRAP if saved.several else ""
    inner = "model.module" if saved.several else "model"
    what, why = f"{inner}.state_dict()", "the weights"
    if saved.whole:
        what, why = inner, "with its class by name; the weights alone last longer"
    if saved.several:
        why += ", without the wrapper"
    return (
        _head(saved, imports)
        + f"\nmodel = {build}\n{wrap}model = model.to(device)\n"
        + "\n# Train here.\n\n"
        + f"torch.save({what}, {_literal(file)})  # {why}\n"
    )


def loading_script(
    saved: Layout, loaded: Layout, *, build: str = "models.resnet50()",
    imports: str = "from torchvision import models", file: str = "model.pth",
    keys: Sequence[str] = (), read: str = "",
) -> str:  # fmt: skip
    """Return the lines that load what was saved so, onto what ``loaded`` says.

    Files of several GPUs load whether they were saved with the wrapper or without. ``keys`` lead to
    the weights in a training checkpoint: ``("model",)``; ``read`` are the lines that leave them in
    ``state`` where that is not all there is to it (:func:`core.files.code.weights_code`).
    """
    if saved.whole:
        load = (
            "# A whole model runs code of the file when it is loaded: only for files you trust.\n"
            f'model = torch.load({_literal(file)}, map_location="cpu", weights_only=False)\n'
        ) + (_UNWRAP if saved.several else "")
    else:
        load = (
            f"model = {build}\n"
            + (read or _read(file, keys))
            + (_STRIP if saved.several else "")
            + "model.load_state_dict(state)\n"
        )
    wrap = _WRAP if loaded.several else ""
    imports, load = _imports_first(imports, load)
    return (
        _head(loaded, imports)
        + f"\n{load}{wrap}model = model.to(device)\n"
        + "# Build the optimizer after this line, of the parameters where they are.\n"
    )


def distributed_script(
    *, gpus: int | str = 2, build: str = "models.resnet50()",
    imports: str = "from torchvision import models", file: str = "model.pth",
    keys: Sequence[str] = (), read: str = "",
) -> str:  # fmt: skip
    """Return a script for ``torchrun`` with one process for each GPU (DistributedDataParallel).

    ``gpus`` are how many, or which: ``"2,3"``. ``keys`` and ``read`` are as for one process.
    """
    chosen, special = [] if isinstance(gpus, int) else _listed(gpus), bool(read)
    imports, read = _imports_first(imports, read or _read(file, keys))
    which = f"CUDA_VISIBLE_DEVICES={','.join(chosen)} " if chosen else ""
    return _DISTRIBUTED.format(
        which=which,
        count=len(chosen) or gpus,
        build=build,
        imports=_lines(imports),
        file=_literal("model.pth" if special else file),
        strip=_STRIP,
        read=read,
    )


def _listed(gpus: str) -> list[str]:
    """Read numbers or UUIDs with commas between; they go into code, so nothing else may."""
    found = [each.strip() for each in gpus.split(",")]
    if not all(_GPU.fullmatch(each) for each in found) or len(set(found)) < len(found):
        raise PlacementError(f"'{gpus}' names no GPUs; write their numbers, such as 0,1.")
    return found


def _head(layout: Layout, imports: str) -> str:
    return _HEAD.format(gpus=layout.gpus, imports=_lines(imports))


def _read(file: str, keys: Sequence[str]) -> str:
    at = "".join(f"[{_literal(key)}]" for key in keys)
    return f'state = torch.load({_literal(file)}, map_location="cpu", weights_only=True){at}\n'


def _imports_first(imports: str, lines: str) -> tuple[str, str]:
    """Take the imports among lines up to the others."""
    parted: dict[bool, list[str]] = {True: [], False: []}
    for line in lines.splitlines(keepends=True):
        parted[line.startswith(("import ", "from "))].append(line)
    asked = dict.fromkeys([*_lines(imports).splitlines(keepends=True), *parted[True]])
    return "".join(asked), re.sub("\n{2,}", "\n", "".join(parted[False]))


def _literal(text: str) -> str:
    """Write a text as Python does, in double quotes: a name can then be nothing but data."""
    return json.dumps(text, ensure_ascii=False)


def _lines(imports: str) -> str:
    return f"{imports.strip()}\n" if imports.strip() else ""
