"""Which torchvision models a U-Net is offered to stand on."""

import pytest
from torchvision import models

from core.blocks import encoders, stages_of


def test_those_that_are_left_out_have_no_stages_and_every_family_is_there() -> None:
    offered = set(encoders())
    assert {"resnet50", "efficientnet_b0", "convnext_tiny", "mobilenet_v3_small", "vgg11",
            "swin_t", "densenet121", "regnet_y_400mf"} <= offered  # fmt: skip
    left_out = set(models.list_models(module=models)) - offered
    assert left_out
    for name in left_out - {"vit_h_14", "vit_l_16", "vit_l_32"}:  # which are built as vit_b is
        with pytest.raises(ValueError, match="no feature maps"):
            stages_of(name)
