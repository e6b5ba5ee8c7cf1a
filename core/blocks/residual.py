"""The two residual blocks of He et al., Deep Residual Learning for Image Recognition (2015).

Arguments and child names are those of torchvision's, so its trained blocks load into these.
"""

from torch import Tensor, nn

from core.blocks.choices import at_least_one


def _shortcut(inplanes: int, outplanes: int, stride: int) -> nn.Module | None:
    """Return what brings the input to the size of the output; ``None`` where it has that."""
    if stride == 1 and inplanes == outplanes:
        return None
    return nn.Sequential(
        nn.Conv2d(inplanes, outplanes, kernel_size=1, stride=stride, bias=False),
        nn.BatchNorm2d(outplanes),
    )


class BasicBlock(nn.Module):
    """A residual block of two 3×3 convolutions, as in ResNet-18 and 34.

    ``(B, inplanes, H, W)`` to ``(B, planes, H / stride, W / stride)``, rounded up.
    """

    def __init__(self, inplanes: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        at_least_one(inplanes=inplanes, planes=planes, stride=stride)
        self.inplanes = inplanes
        self.planes = planes
        self.stride = stride
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = _shortcut(inplanes, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Add to the input what the convolutions find."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """A residual block that narrows, convolves 3×3 and widens, as in ResNet-50 and ResNeXt.

    ``(B, inplanes, H, W)`` to ``(B, 4 * planes, H / stride, W / stride)``, rounded up. ``groups``
    and ``base_width`` make the middle that of a ResNeXt or a wide ResNet.
    """

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, *, groups: int = 1, base_width: int = 64
    ) -> None:
        super().__init__()
        at_least_one(inplanes=inplanes, planes=planes, stride=stride, groups=groups)
        width = int(planes * (base_width / 64)) * groups
        at_least_one(width=width)
        self.inplanes = inplanes
        self.planes = planes
        self.stride = stride
        self.groups = groups
        self.base_width = base_width
        outplanes = 4 * planes
        self.conv1 = nn.Conv2d(inplanes, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outplanes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outplanes)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inplanes, outplanes, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Add to the input what the convolutions find."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))
