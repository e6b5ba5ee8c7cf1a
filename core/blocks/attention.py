"""Attention over channels and places of a feature map: three small gates."""

import torch
from torch import Tensor, nn

from core.blocks.choices import at_least_one


class SEBlock(nn.Module):
    """Weigh each channel by what the whole map says of it (squeeze and excitation).

    Hu et al., Squeeze-and-Excitation Networks (2017). ``(B, channels, H, W)`` to the same. The two
    layers meet in ``channels // ratio`` numbers, where torchvision's ``SqueezeExcitation`` is
    told how many.
    """

    def __init__(self, channels: int, ratio: int = 16) -> None:
        super().__init__()
        at_least_one(channels=channels, ratio=ratio)
        self.channels = channels
        self.ratio = ratio
        squeezed = max(1, channels // ratio)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.relu = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each channel by its weight between 0 and 1."""
        return x * self.gate(self.fc2(self.relu(self.fc1(self.pool(x)))))


class CBAM(nn.Module):
    """Weigh the channels of a map, then its places, by their means and maxima.

    Woo et al., CBAM: Convolutional Block Attention Module (2018). ``(B, channels, H, W)`` to the
    same.
    """

    def __init__(self, channels: int, ratio: int = 16, kernel_size: int = 7) -> None:
        super().__init__()
        at_least_one(channels=channels, ratio=ratio, kernel_size=kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size is odd, so that the map keeps its size; {kernel_size} came."
            )
        self.channels = channels
        self.ratio = ratio
        self.kernel_size = kernel_size
        squeezed = max(1, channels // ratio)
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, squeezed, 1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(squeezed, channels, 1, bias=False),
        )
        self.spatial = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by a weight for each channel, then by one for each place."""
        means, maxima = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        x = x * self.gate(self.mlp(means) + self.mlp(maxima))
        places = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
        return x * self.gate(self.spatial(places))


class AttentionGate(nn.Module):
    """Let through of a skip connection what the coarser map below asks for.

    Oktay et al., Attention U-Net (2018). ``x`` ``(B, in_channels, H, W)`` comes over the skip and
    ``gate`` ``(B, gate_channels, h, w)`` from below; the output has the size of ``x``.
    """

    def __init__(
        self, in_channels: int, gate_channels: int, inter_channels: int | None = None
    ) -> None:
        super().__init__()
        at_least_one(in_channels=in_channels, gate_channels=gate_channels)
        self.in_channels = in_channels
        self.gate_channels = gate_channels
        self.inter_channels = inter_channels
        inner = inter_channels or max(1, in_channels // 2)
        self.theta = nn.Conv2d(in_channels, inner, 1, bias=False)
        self.phi = nn.Conv2d(gate_channels, inner, 1)
        self.relu = nn.ReLU(inplace=True)
        self.psi = nn.Conv2d(inner, 1, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        """Multiply each place of ``x`` by a weight between 0 and 1."""
        asked = nn.functional.interpolate(
            self.phi(gate), size=x.shape[2:], mode="bilinear", align_corners=False
        )
        return x * self.sigmoid(self.psi(self.relu(self.theta(x) + asked)))
