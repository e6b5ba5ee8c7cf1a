"""Another encoder for a U-Net, with the way up as it was trained, as far as that fits."""

from dataclasses import replace

import torch
from torch import nn

from core.blocks import EncoderUNet
from core.catalog import check_memory, rebuild
from core.document import Document, record_of, remember
from core.edits.arguments import carry_over
from core.edits.base import Edit
from core.edits.containers import called
from core.errors import EditRefused

_META = torch.device("meta")


class SwapEncoder(Edit, frozen=True):
    """Give the U-Net at ``path`` another torchvision backbone, and keep the rest of it.

    What does not depend on the encoder stays the same module, changes made by hand included. Where
    the new maps have other channels, the weights are carried over as far as they go: what comes
    from below keeps its columns. The encoder itself is new and untrained.
    """

    encoder: str
    path: str = ""

    @property
    def label(self) -> str:
        """Name the encoder."""
        return f"Swap the encoder{f' of {self.path}' if self.path else ''} for {self.encoder}"

    def apply(self, document: Document) -> Document:
        """Build the new U-Net and keep what fits; raises SpecError or EditRefused."""
        old = document.module(self.path)
        wanted = {"encoder": self.encoder}
        if not isinstance(old, EncoderUNet):
            raise EditRefused(
                f"{called(self.path, old)} has no encoder to swap; that is what an EncoderUNet has,"
                ' such as EncoderUNet("resnet34", 3, 2).'
            )
        if not any(each.is_meta for each in old.parameters()):
            check_memory(self.encoder, lambda: rebuild(old, wanted, device=_META))
        new = rebuild(old, wanted).eval()
        untouched = rebuild(old, {}, device=_META)
        for name, child in list(new.named_children()):
            mine = old._modules.get(name)
            if mine is not None and name != "encoder":
                self._keep(name, mine, untouched.get_submodule(name), child, new)
        record, ours = record_of(new), record_of(old)
        if record is not None and ours is not None and ours.edited:
            remember(new, replace(record, edited=True))
        encoder = f"{self.path}.encoder" if self.path else "encoder"
        return document.replace(self.path, new).saying(
            f"{encoder} is a {self.encoder} without trained weights; a file of its weights loads"
            " into it."
        )

    def _keep(
        self, name: str, mine: nn.Module, untouched: nn.Module, child: nn.Module, new: nn.Module
    ) -> None:
        """Put the old child into the fresh U-Net, or its weights into the new child."""
        if _structure(untouched) == _structure(child):
            setattr(new, name, mine)
        elif _structure(mine) == _structure(untouched):
            carry_over(mine, child)
        else:
            where = f"{self.path}.{name}" if self.path else name
            raise EditRefused(
                f"{where} was changed by hand, and with {self.encoder} it would have to be built"
                " anew. Undo that change first, or build another U-Net."
            )


def _structure(module: nn.Module) -> str:
    """Return what tells one construction from another: classes, arguments and names."""
    shapes = [(name, tuple(tensor.shape)) for name, tensor in module.state_dict().items()]
    return f"{module!r} {shapes}"
