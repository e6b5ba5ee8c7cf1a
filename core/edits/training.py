"""Edits of how a part is trained: freeze, unfreeze, start anew."""

import copy

from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from core.document import Document, hand_on, record_of, recording, remember
from core.document.surgery import retensored
from core.edits.base import Edit
from core.edits.containers import called
from core.errors import EditRefused


class Freeze(Edit, frozen=True):
    """Stop the parameters at and below ``path`` from being trained (``requires_grad=False``)."""

    path: str

    @property
    def label(self) -> str:
        """Name the part."""
        return f"Freeze {self.path or 'the model'}"

    def apply(self, document: Document) -> Document:
        """Freeze; raises EditRefused where there is nothing to freeze."""
        return _requiring(document, self.path, False)


class Unfreeze(Edit, frozen=True):
    """Let the parameters at and below ``path`` be trained again."""

    path: str

    @property
    def label(self) -> str:
        """Name the part."""
        return f"Unfreeze {self.path or 'the model'}"

    def apply(self, document: Document) -> Document:
        """Unfreeze; raises EditRefused where there is nothing to unfreeze."""
        return _requiring(document, self.path, True)


class Reinitialise(Edit, frozen=True):
    """Give the part at ``path`` fresh random weights, as its constructor or layers make them."""

    path: str

    @property
    def label(self) -> str:
        """Name the part."""
        return f"Reinitialise {self.path or 'the model'}"

    def apply(self, document: Document) -> Document:
        """Start anew; raises EditRefused where no one knows how."""
        old = document.module(self.path)
        if next(old.parameters(), None) is None:
            raise EditRefused(f"{called(self.path, old)} has no parameters to start anew.")
        return document.replace(self.path, _anew(self.path, old).eval())


def _requiring(document: Document, path: str, wanted: bool) -> Document:
    module = document.module(path)
    swaps: dict[int, Tensor] = {}
    parameters = list(module.parameters())
    for parameter in parameters:
        differentiable = parameter.is_floating_point() or parameter.is_complex()
        if parameter.requires_grad != wanted and (differentiable or not wanted):
            # requires_grad lives on the object: another one over the same storage.
            twin = nn.Parameter(parameter.detach(), requires_grad=wanted)
            hand_on(parameter, twin)
            swaps[id(parameter)] = twin
    if not swaps:
        if not parameters:
            raise EditRefused(f"{called(path, module)} has no parameters.")
        state = "trainable" if wanted else "frozen"
        raise EditRefused(f"{called(path, module)} is {state} already.")
    if document.tangled:  # a tied weight must stay one object at every use
        return document.with_root(retensored(document.root, swaps))
    return document.replace(path, retensored(module, swaps))


def _anew(path: str, old: nn.Module) -> nn.Module:
    record = record_of(old)
    if record is not None and not record.edited and not _on_meta(old):
        with recording():
            new = record.cls(*record.args, **record.kwargs)
        if _shapes(new) == _shapes(old):
            return _like(new, old)
    for name, module in old.named_modules():
        if _computes_weights(module):
            raise EditRefused(
                f"{called(_below(path, name), module)} computes its weight from others"
                " (weight_norm, say), and its reset_parameters() would start only what was computed"
                " anew. Replace it by a new layer instead."
            )
    new = copy.deepcopy(old)
    for (_, original), (name, module) in zip(old.named_modules(), new.named_modules(), strict=True):
        known = record_of(original)
        if known is not None:
            remember(module, known)
        if not module._parameters or all(p is None for p in module._parameters.values()):
            continue
        reset = getattr(module, "reset_parameters", None) or getattr(
            module, "_reset_parameters", None
        )
        where = _below(path, name)
        if reset is None:
            raise EditRefused(
                f"{called(where, module)} has parameters of its own and no reset_parameters(),"
                " so nobody knows how to start it anew."
            )
        try:
            reset()
        except Exception as error:  # code of any class, on a module that edits have changed
            raise EditRefused(
                f"{called(where, module)} could not be started anew: {error}"
            ) from error
    return new


def _below(path: str, name: str) -> str:
    return ".".join(filter(None, (path, name)))


def _computes_weights(module: nn.Module) -> bool:
    """Whether a weight is worked out at every use: by a parametrization, or by a hook as before."""
    hooks = module._forward_pre_hooks.values()
    return is_parametrized(module) or any(hasattr(each, "compute_weight") for each in hooks)


def _like(new: nn.Module, old: nn.Module) -> nn.Module:
    """Give a module built anew the device, dtype and trainability of the old one."""
    for mine, theirs in zip(new.parameters(), old.parameters(), strict=True):
        mine.data = mine.data.to(theirs.device, theirs.dtype)
        mine.requires_grad_(theirs.requires_grad)
    for buffer, other in zip(new.buffers(), old.buffers(), strict=True):
        buffer.data = buffer.data.to(other.device, other.dtype)
    return new


def _on_meta(module: nn.Module) -> bool:
    return any(parameter.is_meta for parameter in module.parameters())


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
