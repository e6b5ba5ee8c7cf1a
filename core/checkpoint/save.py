"""Saving the weights of a document as a plain state dict."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from core.checkpoint.atomic import atomic_write
from core.document import Document, weight_id
from core.errors import SaveRefused


def save_state_dict(
    weights: Document | Mapping[str, Tensor], path: str | Path, *, overwrite: bool = False
) -> Path:
    """Write name -> tensor with ``torch.save``, atomically, as plain PyTorch would.

    Raises :class:`~core.errors.SaveRefused`: never over an existing file without ``overwrite``,
    nor of a structure without weights.
    """
    path = Path(path)
    state = weights.state_dict() if isinstance(weights, Document) else weights
    _check(state)
    if path.exists() and not path.is_dir() and not overwrite:
        raise SaveRefused(f"{path} exists already; say yes to overwriting it, or choose another.")
    with atomic_write(path) as file:
        try:
            torch.save(_compact(state), file)
        except RuntimeError as error:
            # torch's writer reports a full disk as a RuntimeError around the OSError.
            cause = error.__context__
            raise cause if isinstance(cause, OSError) else OSError(str(error)) from error
    return path


def _check(state: Mapping[str, Tensor]) -> None:
    lazy = [
        name for name, tensor in state.items() if isinstance(tensor, Tensor) and is_lazy(tensor)
    ]
    if lazy:
        raise SaveRefused(f"{lazy[0]} has no shape yet: run the model, or replace the lazy layer.")
    if any(isinstance(tensor, Tensor) and tensor.is_meta for tensor in state.values()):
        raise SaveRefused(
            "This model was opened as a structure only, so it has no weights to save."
            " Open it with real weights, or save the recipe."
        )


def _compact(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors without gradients, a view of a larger storage as a tensor of its own.

    ``torch.save`` writes whole storages. Tied weights stay one tensor, and are written once.
    """
    copies: dict[object, Tensor] = {}
    compact: OrderedDict[str, Tensor] = OrderedDict()
    metadata = getattr(state, "_metadata", None)
    if metadata is not None:
        compact._metadata = metadata  # type: ignore[attr-defined]
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor):
            compact[name] = tensor
            continue
        number = weight_id(tensor)
        if number not in copies:
            whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
            plain = tensor.detach()
            copies[number] = plain if whole else plain.clone()
        compact[name] = copies[number]
    return compact
