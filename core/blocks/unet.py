"""The U-Net and the four blocks it is built from.

Ronneberger, Fischer, Brox: U-Net, Convolutional Networks for Biomedical Image Segmentation (2015);
here with padding, as it is mostly built today, so that the output has the size of the input.
Arguments, child names and so the keys of the state dict are those of the usual PyTorch U-Net, whose
checkpoints load; the keyword-only arguments are ours, and their defaults give that U-Net.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.blocks.choices import Activation, Norm, activation_layer, at_least_one, normalisation


class DoubleConv(nn.Module):
    """Two 3×3 convolutions, each normalised and activated, that keep height and width.

    ``(B, in_channels, H, W)`` to ``(B, out_channels, H, W)``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int | None = None,
        *,
        norm: Norm = "batch",
        activation: Activation = "ReLU",
    ) -> None:
        super().__init__()
        middle = mid_channels or out_channels
        at_least_one(in_channels=in_channels, out_channels=out_channels, mid_channels=middle)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.mid_channels = mid_channels
        self.norm = norm
        self.activation = activation
        bias = norm == "none"  # a normalisation would take it out again
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, middle, kernel_size=3, padding=1, bias=bias),
            normalisation(norm, middle),
            activation_layer(activation),
            nn.Conv2d(middle, out_channels, kernel_size=3, padding=1, bias=bias),
            normalisation(norm, out_channels),
            activation_layer(activation),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve twice."""
        return self.double_conv(x)


class Down(nn.Module):
    """Half the height and width by max pooling, then two convolutions.

    ``(B, in_channels, H, W)`` to ``(B, out_channels, H // 2, W // 2)``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        norm: Norm = "batch",
        activation: Activation = "ReLU",
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.norm = norm
        self.activation = activation
        self.maxpool_conv = nn.Sequential(
            nn.MaxPool2d(2),
            DoubleConv(in_channels, out_channels, norm=norm, activation=activation),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pool and convolve."""
        return self.maxpool_conv(x)


class Up(nn.Module):
    """Twice the height and width, joined with the skip connection, then two convolutions.

    ``x1`` comes from below and ``x2`` over the skip; the output has the size of ``x2``. What comes
    from below has ``in_channels`` channels, or half of them if ``bilinear``: a transposed
    convolution halves them itself, an interpolation does not.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        bilinear: bool = False,
        *,
        norm: Norm = "batch",
        activation: Activation = "ReLU",
    ) -> None:
        super().__init__()
        half = in_channels // 2
        at_least_one(out_channels=out_channels)
        if half < 1:
            raise ValueError(
                f"in_channels is 2 or more, as half of them go up; {in_channels} came."
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.bilinear = bilinear
        self.norm = norm
        self.activation = activation
        self.up: nn.Module
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(
                in_channels, out_channels, half, norm=norm, activation=activation
            )
        else:
            self.up = nn.ConvTranspose2d(in_channels, half, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels, norm=norm, activation=activation)

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Bring ``x1`` up, pad it where an odd size was halved, and join it with ``x2``."""
        x1 = self.up(x1)
        rows = x2.size(2) - x1.size(2)
        columns = x2.size(3) - x1.size(3)
        x1 = F.pad(x1, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class OutConv(nn.Module):
    """A 1×1 convolution from features to one channel for each class."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        at_least_one(in_channels=in_channels, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Give every pixel its scores."""
        return self.conv(x)


class UNet(nn.Module):
    """A U-Net: down in steps, up again, with a skip connection at every step.

    ``(B, n_channels, H, W)`` to ``(B, n_classes, H, W)``, scores without a softmax. ``depth`` is
    how often the image is halved and ``width`` how many channels it has before that; they double
    with every step. H and W are at least ``2 ** depth``.
    """

    def __init__(
        self,
        n_channels: int,
        n_classes: int,
        bilinear: bool = False,
        *,
        width: int = 64,
        depth: int = 4,
        norm: Norm = "batch",
        activation: Activation = "ReLU",
    ) -> None:
        super().__init__()
        at_least_one(n_channels=n_channels, n_classes=n_classes, width=width, depth=depth)
        self.n_channels = n_channels
        self.n_classes = n_classes
        self.bilinear = bilinear
        self.width = width
        self.depth = depth
        self.norm = norm
        self.activation = activation
        widths = [width * 2**level for level in range(depth + 1)]
        halved = 2 if bilinear else 1  # see Up: what goes up by interpolation has half as many

        self.inc = DoubleConv(n_channels, width, norm=norm, activation=activation)
        for level in range(1, depth + 1):
            out = widths[level] // (halved if level == depth else 1)
            down = Down(widths[level - 1], out, norm=norm, activation=activation)
            self.add_module(f"down{level}", down)
        for step in range(1, depth + 1):
            level = depth - step  # where it arrives
            out = widths[level] // (halved if level else 1)
            up = Up(widths[level + 1], out, bilinear, norm=norm, activation=activation)
            self.add_module(f"up{step}", up)
        self.outc = OutConv(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Go down and up again."""
        maps = [self.inc(x)]
        for level in range(1, self.depth + 1):
            maps.append(getattr(self, f"down{level}")(maps[-1]))
        x = maps.pop()
        for step in range(1, self.depth + 1):
            x = getattr(self, f"up{step}")(x, maps.pop())
        return self.outc(x)
