"""The pyramid of Lin et al., Feature Pyramid Networks for Object Detection (2016)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from core.blocks.choices import at_least_one


class FPN(nn.Module):
    """Hand what the small maps know down to the large ones, and give all one width.

    Takes a list of maps, largest first, such as an encoder's, and gives as many of the same sizes
    with ``out_channels`` channels. Child names are those of torchvision's
    ``FeaturePyramidNetwork``, which takes a dictionary.
    """

    def __init__(self, in_channels_list: Sequence[int], out_channels: int = 256) -> None:
        super().__init__()
        at_least_one(out_channels=out_channels)
        if not in_channels_list or min(in_channels_list) < 1:
            raise ValueError(
                f"in_channels_list has the channels of each map, 1 or more;"
                f" {in_channels_list} came."
            )
        self.in_channels_list = in_channels_list
        self.out_channels = out_channels
        self.inner_blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, out_channels, 1)) for channels in in_channels_list
        )
        self.layer_blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(out_channels, out_channels, 3, padding=1))
            for _ in in_channels_list
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Go from the smallest map to the largest."""
        last = len(self.inner_blocks) - 1
        lateral = self.inner_blocks[last](maps[last])
        results = [self.layer_blocks[last](lateral)]
        for number in range(last - 1, -1, -1):
            inner = self.inner_blocks[number](maps[number])
            lateral = inner + F.interpolate(lateral, size=inner.shape[-2:], mode="nearest")
            results.insert(0, self.layer_blocks[number](lateral))
        return results
