"""A fresh process builds the model from its file, loads the weights and runs: does it agree?"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from core.document import Document
from core.errors import SaveRefused

#: How far outputs may differ, beside their size: other kernels may add up in another order.
_TOLERANCE = 1e-4
_LONGEST = 600

# Runs without Modelwright: isolated (-I), so neither this folder nor the environment is seen.
_SCRIPT = """
import importlib.util, json, sys
task = json.load(open(sys.argv[1]))
sys.path[:0] = task["folders"]
import torch
from torch.utils._pytree import tree_leaves
spec = importlib.util.spec_from_file_location(task["name"], task["code"])
module = importlib.util.module_from_spec(spec)
sys.modules[task["name"]] = module
spec.loader.exec_module(module)
ours = sorted({name.partition(".")[0] for name in sys.modules} & {"core", "app"})
assert not ours, f"it imports {ours[0]}"
net = module.build_model()
state = torch.load(task["weights"], weights_only=True)
net.load_state_dict(state, strict=True)
if task["whole"]:
    torch.save(net, task["whole"])
if task["inputs"]:
    args, kwargs = torch.load(task["inputs"], weights_only=True)
    torch.manual_seed(0)
    with torch.no_grad():
        result = net.eval()(*args, **kwargs)
    leaves = [each for each in tree_leaves(result) if isinstance(each, torch.Tensor)]
    torch.save(leaves, task["outputs"])
"""


@dataclass(frozen=True)
class Verdict:
    """What the fresh process gave.

    ``difference`` is the largest between its outputs and the document's; ``None`` where the model
    does not run here: nobody said what it is fed, or it has problems.
    """

    difference: float | None

    def __str__(self) -> str:
        if self.difference is None:
            return "builds and strict-loads in a fresh process; it does not run on its inputs here"
        return f"builds, strict-loads and runs in a fresh process, difference {self.difference:.1g}"


def verify(
    document: Document,
    code: Path,
    weights: Path,
    folders: Iterable[Path],
    whole: Path | None = None,
) -> Verdict:
    """Build from ``code``, load ``weights`` strictly, run, and compare with the document.

    ``folders`` hold the user's own files. The process also writes the model as a whole to
    ``whole``, whose classes are then those of the file. Raises :class:`~core.errors.SaveRefused`.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        ours = _outputs(document)
        runs = ours is not None
        if runs:
            torch.save(document.example_inputs(), place / "inputs.pt")
        task = {
            "folders": [str(each.resolve()) for each in folders],
            "name": code.stem,
            "code": str(code.resolve()),
            "weights": str(weights.resolve()),
            "whole": "" if whole is None else str(whole.resolve()),
            "inputs": str(place / "inputs.pt") if runs else "",
            "outputs": str(place / "outputs.pt"),
        }
        (place / "task.json").write_text(json.dumps(task))
        command = [sys.executable, "-I", "-c", _SCRIPT, str(place / "task.json")]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=_LONGEST,
                cwd=temporary,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SaveRefused(
                f"A fresh process did not build {code.name} within {_LONGEST} seconds."
            ) from None
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise SaveRefused(
                f"A fresh process cannot use {code.name}: {said[-1] if said else 'it stopped'}."
                " Nothing was saved."
            )
        if ours is None:
            return Verdict(None)
        theirs = torch.load(place / "outputs.pt", weights_only=True)
    return Verdict(_compared(ours, theirs, code))


def _outputs(document: Document) -> list[Tensor] | None:
    """Run the document; ``None`` where nobody knows what it is fed, or it does not run."""
    if not document.inputs:
        return None
    args, kwargs = document.example_inputs()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            result: Any = document.model()(*args, **kwargs)
    except Exception:  # a problem that the report tells, and that was to be saved all the same
        return None
    return [each for each in tree_leaves(result) if isinstance(each, Tensor)]


def _compared(ours: list[Tensor], theirs: list[Tensor], code: Path) -> float:
    if [each.shape for each in ours] != [each.shape for each in theirs]:
        raise SaveRefused(
            f"The model that {code.name} builds gives other shapes than the one here. Nothing was"
            " saved."
        )
    largest = 0.0
    for mine, other in zip(ours, theirs, strict=True):
        if not mine.numel():
            continue
        apart = (mine.double() - other.double()).abs()
        difference = float(apart.nan_to_num(0.0).max())
        size = float(mine.double().abs().nan_to_num(0.0).max())
        if difference > _TOLERANCE * max(1.0, size) or not torch.equal(mine.isnan(), other.isnan()):
            raise SaveRefused(
                f"The model that {code.name} builds differs by {difference:.3g} from the one here."
                " Nothing was saved."
            )
        largest = max(largest, difference)
    return largest
