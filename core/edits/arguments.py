"""Changing the constructor arguments of a layer, and carrying its weights over."""

from collections.abc import Mapping
from typing import Any

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from core.catalog import layer_of, rebuild
from core.dataflow import is_rewired
from core.document import Document, derive, fill, record_of, stacked
from core.edits.base import Edit
from core.edits.containers import called
from core.errors import EditRefused


class SetArguments(Edit, frozen=True):
    """Build the layer at ``path`` anew with some arguments changed, and carry its weights over.

    Works for every ``torch.nn`` layer and for composites whose constructor call was recorded. A
    tensor of the same shape is kept, a larger or smaller one is filled from the old one as far as
    it goes (kernels centred), the rest is new; the ledger tells which.
    """

    path: str
    arguments: dict[str, Any]

    def __post_init__(self) -> None:
        # JSON has no tuples, and no layer of torch.nn wants a list where a tuple will do.
        plain = {name: _tuples(value) for name, value in self.arguments.items()}
        msgspec.structs.force_setattr(self, "arguments", plain)

    @property
    def label(self) -> str:
        """Name the place and the new values."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"Set {values} of {self.path or 'the model'}"

    def apply(self, document: Document) -> Document:
        """Rebuild and carry over; raises SpecError or EditRefused."""
        old = self._changeable(document)
        new = rebuild(old, self.arguments).eval()
        carry_over(old, new)
        return document.replace(self.path, new)

    def check(self, document: Document) -> None:
        """Raise what :meth:`apply` would, without the memory: for a field that is being typed in.

        Only layers are tried. A composite may need real numbers while it is being built
        (``torch.linspace(...).item()``), so of those it is known when the edit is made.
        """
        old = self._changeable(document)
        if layer_of(type(old)) is not None:
            rebuild(old, self.arguments, device=torch.device("meta"))

    def _changeable(self, document: Document) -> nn.Module:
        old = document.module(self.path)
        if not self.arguments:
            raise EditRefused("No argument was given to change.")
        if is_rewired(old):
            raise EditRefused(
                f"{called(self.path, old)} was re-wired by hand; building it anew would undo that."
                " Change the arguments of its children instead."
            )
        record = record_of(old)
        if record is not None and record.edited and old._modules:
            raise EditRefused(
                f"{called(self.path, old)} was changed inside by hand; building it anew would undo"
                " that. Change the arguments of its children instead."
            )
        return old


def carry_over(old: nn.Module, new: nn.Module) -> None:
    """Fill a freshly built module with the weights of the one it replaces, name by name.

    Tensors of equal shape and dtype are shared, so they count as kept. ``new`` is written to: it
    must not belong to a document yet.
    """
    theirs = dict(old.named_modules())
    for path, module in new.named_modules():
        source = theirs.get(path)
        if source is None:
            continue
        swaps: dict[int, Tensor] = {}
        for mine, other in (
            (module._parameters, source._parameters),
            (module._buffers, source._buffers),
        ):
            for name, tensor in mine.items():
                origin = other.get(name)
                if tensor is None or origin is None or is_lazy(tensor) or is_lazy(origin):
                    continue
                mine[name] = swaps[id(tensor)] = _carried(module, name, tensor, origin)
        _refresh(module, swaps)


def _carried(module: nn.Module, name: str, tensor: Tensor, origin: Tensor) -> Tensor:
    if tensor.shape == origin.shape and tensor.dtype == origin.dtype:
        return origin
    if isinstance(tensor, nn.Parameter):
        tensor.requires_grad_(origin.requires_grad)
    values = fill(tensor, origin, stacked(module, name))
    if values:
        derive(tensor, origin, "sliced", values)
    return tensor


def _refresh(module: nn.Module, swaps: Mapping[int, Tensor]) -> None:
    """Turn plain lists of tensors (``_flat_weights`` of an LSTM) to the carried ones."""
    for name, value in module.__dict__.items():
        if isinstance(value, list) and any(id(each) in swaps for each in value):
            module.__dict__[name] = [swaps.get(id(each), each) for each in value]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, (list, tuple)) else value
