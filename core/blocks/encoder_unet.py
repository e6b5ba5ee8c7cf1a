"""A U-Net whose way down is a torchvision backbone."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.blocks.choices import Activation, Norm, at_least_one
from core.blocks.encoder import Encoder
from core.blocks.unet import DoubleConv, OutConv


class Merge(nn.Module):
    """Up by ``scale``, joined with a skip connection of any width, then two convolutions.

    ``x`` ``(B, in_channels, h, w)`` and ``skip`` ``(B, skip_channels, H, W)`` to
    ``(B, out_channels, H, W)``; what does not meet exactly is padded or cut at the border. The
    channels that come up stand first: with another encoder they stay where they are.
    """

    def __init__(
        self,
        in_channels: int,
        skip_channels: int,
        out_channels: int,
        bilinear: bool = False,
        *,
        scale: int = 2,
        norm: Norm = "batch",
        activation: Activation = "ReLU",
    ) -> None:
        super().__init__()
        at_least_one(
            in_channels=in_channels, skip_channels=skip_channels, out_channels=out_channels,
            scale=scale,
        )  # fmt: skip
        self.in_channels = in_channels
        self.skip_channels = skip_channels
        self.out_channels = out_channels
        self.bilinear = bilinear
        self.scale = scale
        self.norm = norm
        self.activation = activation
        self.up: nn.Module
        if bilinear:
            self.up = nn.Upsample(scale_factor=scale, mode="bilinear", align_corners=True)
            risen = in_channels
        else:
            self.up = nn.ConvTranspose2d(in_channels, out_channels, scale, stride=scale)
            risen = out_channels
        self.conv = DoubleConv(
            risen + skip_channels, out_channels, norm=norm, activation=activation
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Bring ``x`` up to the size of ``skip`` and join them."""
        x = self.up(x)
        rows = skip.size(2) - x.size(2)
        columns = skip.size(3) - x.size(3)
        x = F.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
        return self.conv(torch.cat([x, skip], dim=1))


class EncoderUNet(nn.Module):
    """A U-Net on a torchvision backbone, whose stages are found and whose weights load.

    ``(B, n_channels, H, W)`` to ``(B, n_classes, H, W)``, scores without a softmax. ``encoder``
    names a model such as ``resnet34``, which stands here as ``encoder`` with the names that its
    parts have in torchvision. ``depth`` is how often the image is halved (``None``: as often as the
    encoder does), and the way up has ``width`` channels at full size, which double with every
    halving.
    """

    def __init__(
        self,
        encoder: str,
        n_channels: int,
        n_classes: int,
        bilinear: bool = False,
        *,
        width: int = 16,
        depth: int | None = None,
        norm: Norm = "batch",
        activation: Activation = "ReLU",
    ) -> None:
        super().__init__()
        at_least_one(n_channels=n_channels, n_classes=n_classes, width=width)
        if depth is not None:
            at_least_one(depth=depth)
        self.n_channels = n_channels
        self.n_classes = n_classes
        self.bilinear = bilinear
        self.width = width
        self.depth = depth
        self.norm = norm
        self.activation = activation
        self.encoder = Encoder(encoder, n_channels, depth)
        # The image itself is the map of full size, where the encoder has none.
        self.joins_image = self.encoder.levels[0] > 0
        levels = [0] * self.joins_image + [*self.encoder.levels]
        skips = [n_channels] * self.joins_image + [*self.encoder.channels]
        self.steps = len(levels) - 1
        channels = skips[-1]
        for step in range(1, self.steps + 1):
            above, below = levels[-step - 1], levels[-step]
            out = width * 2**above
            merge = Merge(
                channels, skips[-step - 1], out, bilinear,
                scale=2 ** (below - above), norm=norm, activation=activation,
            )  # fmt: skip
            self.add_module(f"up{step}", merge)
            channels = out
        self.outc = OutConv(channels, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Encode, then go up and join map after map."""
        maps = self.encoder(x)
        y = maps[-1]
        last = self.steps + 1 - self.joins_image
        for step in range(1, last):
            y = getattr(self, f"up{step}")(y, maps[-1 - step])
        if self.joins_image:
            y = getattr(self, f"up{last}")(y, x)
        return self.outc(y)
