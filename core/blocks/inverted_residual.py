"""The block of Sandler et al., MobileNetV2 (2018)."""

from torch import Tensor, nn

from core.blocks.choices import at_least_one


class InvertedResidual(nn.Module):
    """Widen, convolve each channel by itself, narrow again: the block of MobileNetV2.

    ``(B, inp, H, W)`` to ``(B, oup, H / stride, W / stride)``, rounded up; the input is added where
    the sizes allow it. Arguments and child names are those of torchvision's.
    """

    def __init__(self, inp: int, oup: int, stride: int = 1, expand_ratio: int = 6) -> None:
        super().__init__()
        at_least_one(inp=inp, oup=oup, stride=stride, expand_ratio=expand_ratio)
        self.inp = inp
        self.oup = oup
        self.stride = stride
        self.expand_ratio = expand_ratio
        wide = inp * expand_ratio
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(_convolution(inp, wide, 1))
        layers += [
            _convolution(wide, wide, 3, stride=stride, groups=wide),
            nn.Conv2d(wide, oup, 1, bias=False),
            nn.BatchNorm2d(oup),
        ]
        self.conv = nn.Sequential(*layers)
        self.adds_input = stride == 1 and inp == oup

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, and add the input where it has the size of the output."""
        return x + self.conv(x) if self.adds_input else self.conv(x)


def _convolution(
    channels: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(
            channels, out, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
        ),
        nn.BatchNorm2d(out),
        nn.ReLU6(inplace=True),
    )
