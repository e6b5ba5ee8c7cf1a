"""The stages of a U-Net, with what each gives and holds."""

import core
from core.analysis import stages_in


def test_an_encoder_is_told_stage_by_stage_and_every_weight_once() -> None:
    report = core.open('EncoderUNet("resnet18", 3, 2)', structure=True).report
    stages = stages_in(report)
    assert [each.title for each in stages] == [
        "encoder (relu)", "encoder (layer1)", "encoder (layer2)", "encoder (layer3)",
        "encoder (layer4)", "up1", "up2", "up3", "up4", "up5", "outc",
    ]  # fmt: skip
    assert str(stages[4].output) == "1×512×7×7"
    assert sum(each.parameters for each in stages) == report.parameters


def test_a_plain_unet_has_its_children_as_stages() -> None:
    report = core.open("UNet(3, 2, depth=1, width=4)", structure=True).report
    assert [(each.title, str(each.output)) for each in stages_in(report)] == [
        ("inc", "1×4×224×224"), ("down1", "1×8×112×112"), ("up1", "1×4×224×224"),
        ("outc", "1×2×224×224"),
    ]  # fmt: skip
