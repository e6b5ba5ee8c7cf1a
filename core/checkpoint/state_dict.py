"""Reading a state dict and loading it by value, where it fits exactly."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from core.document import Document, derive
from core.document.surgery import retensored
from core.errors import CheckpointError

#: Where training scripts keep the weights.
_NESTS = ("state_dict", "model_state_dict", "model", "net", "module")


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Return the name -> tensor of a file written by ``torch.save``; nothing in it is executed.

    Weights one level down in a training checkpoint are found where it is plain which they are.
    Raises :class:`~core.errors.CheckpointError`.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise CheckpointError(f"{path} {what}; a file of weights was expected.")
    if path.stat().st_size == 0:
        raise CheckpointError(f"{path} is empty; a file of weights was expected.")
    return _weights(path, _loaded(path))


def load_state_dict(document: Document, state: Mapping[str, Tensor]) -> Document:
    """Return the document with the weights of ``state``, whose names and shapes fit exactly.

    The tensors are taken over without a copy where dtype and device are the document's. Raises
    :class:`~core.errors.CheckpointError`; the document given is never touched.
    """
    own = document.root.state_dict(keep_vars=True)
    _check(own, state)
    swaps: dict[int, Tensor] = {}
    for name, old in own.items():
        if not isinstance(old, Tensor) or id(old) in swaps:
            continue  # a tied weight is loaded once
        target = old.device if not old.is_meta else state[name].device
        values = state[name].detach().to(device=target, dtype=old.dtype)
        new = nn.Parameter(values, old.requires_grad) if isinstance(old, nn.Parameter) else values
        derive(new, old, "loaded", 0)
        swaps[id(old)] = new
    return document.with_root(retensored(document.root, swaps))


def _loaded(path: Path) -> Any:
    for mapped in (True, False):  # only the zip format can be mapped into memory
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        except UnpicklingError as error:
            raise CheckpointError(_refusal(path, error)) from error
        except (RuntimeError, ValueError, EOFError, OSError, KeyError, AttributeError) as error:
            if not mapped:
                raise CheckpointError(
                    f"{path} is no file of PyTorch weights, or it is damaged:"
                    f" {str(error).splitlines()[0] if str(error) else type(error).__name__}."
                ) from error
    raise AssertionError


def _refusal(path: Path, error: UnpicklingError) -> str:
    text = str(error)
    if "GLOBAL" in text or "Unsupported" in text or "class" in text:
        return (
            f"{path} would run code of its own when loaded, so it was not. It may be a whole"
            " pickled model; save its state_dict() where it came from, and load that."
        )
    return f"{path} is no file of PyTorch weights, or it is damaged."


def _weights(path: Path, found: Any) -> dict[str, Tensor]:
    if not isinstance(found, Mapping):
        raise CheckpointError(
            f"{path} holds a {type(found).__name__}; a dictionary of tensors was expected."
        )
    if found and all(isinstance(value, Tensor) for value in found.values()):
        return dict(found)
    nests = [
        key
        for key in _NESTS
        if isinstance(found.get(key), Mapping)
        and any(isinstance(value, Tensor) for value in found[key].values())
    ]
    if len(nests) == 1:
        return {name: value for name, value in found[nests[0]].items() if isinstance(value, Tensor)}
    keys = ", ".join(map(str, list(found)[:8])) or "nothing"
    more = f"{' and '.join(nests)} both look like them" if nests else "none of them holds weights"
    raise CheckpointError(f"{path} holds {keys}; {more}.")


def _check(own: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    missing = [name for name in own if name not in state]
    unexpected = [name for name in state if name not in own]
    wrong = [
        f"{name} is {_size(state[name])} in the file and {_size(own[name])} in the model"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if not (missing or unexpected or wrong):
        return
    parts = [
        f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for names, what in ((missing, "missing"), (unexpected, "unexpected"), (wrong, "mismatched"))
        if names
    ]
    hint = ""
    if unexpected and all(name.startswith("module.") for name in state):
        hint = " Its names all begin with 'module.': it was saved from DataParallel."
    raise CheckpointError(
        f"The weights do not fit this model: of {len(own)} tensors, {'; '.join(parts)}.{hint}"
        " Nothing was loaded."
    )


def _size(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a single number"
