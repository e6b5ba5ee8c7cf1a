"""The U-Net assembler: what is wanted of a U-Net, and the source that gives it.

The source is a text like ``UNet(3, 2)`` or ``EncoderUNet("resnet34", 3, 2)``, which opens, stands
in a recipe and is a layer like any other.
"""

import json
from dataclasses import dataclass

from torch import nn

from core.blocks.encoder_unet import EncoderUNet
from core.blocks.unet import UNet
from core.errors import InputError


@dataclass(frozen=True)
class Assembly:
    """What a U-Net is to be; ``str()`` is the source of it.

    ``encoder`` names a torchvision backbone, or ``None`` for the plain way down. What is ``None``
    is left to the class: ``depth`` 4 and ``width`` 64 for a plain one, as deep as the encoder goes
    and 16 for one with an encoder.
    """

    encoder: str | None = None
    depth: int | None = None
    width: int | None = None
    in_channels: int = 3
    classes: int = 2
    bilinear: bool = False
    norm: str = "batch"
    activation: str = "ReLU"

    def __str__(self) -> str:
        name = "UNet" if self.encoder is None else "EncoderUNet"
        parts = [] if self.encoder is None else [json.dumps(self.encoder)]
        parts += [str(self.in_channels), str(self.classes)]
        if self.bilinear:
            parts.append("bilinear=True")
        for word, value in (("width", self.width), ("depth", self.depth)):
            if value is not None:
                parts.append(f"{word}={value}")
        for word, text, usual in (
            ("norm", self.norm, "batch"), ("activation", self.activation, "ReLU"),
        ):  # fmt: skip
            if text != usual:
                parts.append(f"{word}={json.dumps(text)}")
        return f"{name}({', '.join(parts)})"


def check_image(unet: nn.Module, shape: tuple[int, ...]) -> None:
    """Raise :class:`~core.errors.InputError` for images ``(B, C, H, W)`` that cannot go through.

    How small an image may be with an encoder is not told by its stages: where they round up, one
    pixel goes through. Analysis runs it and knows.
    """
    if not isinstance(unet, (UNet, EncoderUNet)):
        return
    if len(shape) != 4:
        raise InputError(f"A U-Net takes images (B, C, H, W); {shape} came.")
    if shape[1] != unet.n_channels:
        raise InputError(
            f"This U-Net takes images of {unet.n_channels} channels; {shape[1]} came in {shape}."
        )
    least = 2**unet.depth if isinstance(unet, UNet) else 1
    if min(shape[2:]) < least:
        raise InputError(
            f"This U-Net halves its image {unet.depth} times, so it takes {least}×{least} pixels or"
            f" more; {shape[2]}×{shape[3]} came. Give it larger images, or less depth."
        )
