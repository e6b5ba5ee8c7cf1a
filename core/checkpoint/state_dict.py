"""Loading a state dict that is in memory, where it fits exactly; for files there is ``match``."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from core.document import Document, derive
from core.document.surgery import retensored
from core.errors import CheckpointError


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
