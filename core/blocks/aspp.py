"""The head of Chen et al., Rethinking Atrous Convolution (DeepLabv3, 2017)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.blocks.choices import at_least_one


class ASPP(nn.Module):
    """Look at a map through several dilated convolutions and its mean at once.

    ``(B, in_channels, H, W)`` to ``(B, out_channels, H, W)``. Arguments and child names are those
    of torchvision's. In training the batch is larger than 1, since one number for each channel is
    normalised.
    """

    def __init__(
        self, in_channels: int, atrous_rates: Sequence[int] = (12, 24, 36), out_channels: int = 256
    ) -> None:
        super().__init__()
        at_least_one(in_channels=in_channels, out_channels=out_channels)
        if not atrous_rates or min(atrous_rates) < 1:
            raise ValueError(f"atrous_rates are dilations of 1 or more; {atrous_rates} came.")
        self.in_channels = in_channels
        self.atrous_rates = atrous_rates
        self.out_channels = out_channels
        branches: list[nn.Module] = [_branch(nn.Conv2d(in_channels, out_channels, 1, bias=False))]
        for rate in atrous_rates:
            conv = nn.Conv2d(in_channels, out_channels, 3, padding=rate, dilation=rate, bias=False)
            branches.append(_branch(conv))
        pooled = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        branches.append(_branch(nn.AdaptiveAvgPool2d(1), pooled))
        self.convs = nn.ModuleList(branches)
        together = nn.Conv2d(len(branches) * out_channels, out_channels, 1, bias=False)
        self.project = nn.Sequential(*_branch(together), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        """Join the branches; the mean is spread over all places."""
        seen = [branch(x) for branch in self.convs[:-1]]
        mean = self.convs[-1](x)
        spread = F.interpolate(mean, size=x.shape[-2:], mode="bilinear", align_corners=False)
        return self.project(torch.cat([*seen, spread], dim=1))


def _branch(*layers: nn.Module) -> nn.Sequential:
    last = layers[-1]
    assert isinstance(last, nn.Conv2d)
    return nn.Sequential(*layers, nn.BatchNorm2d(last.out_channels), nn.ReLU())
