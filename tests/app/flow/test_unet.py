"""File > New U-Net: a form that says at once what comes of it, and the model it makes."""

import pytest
import torch
from PySide6.QtWidgets import QLabel, QWidget

from app.dialogs.unet import UNetSheet
from core.blocks import EncoderUNet, UNet
from tests.app.flow.conftest import Studio
from tests.app.test_actions import CONTROLS, _named


@pytest.fixture
def sheet(studio: Studio) -> UNetSheet:
    studio.triggers("new-unet")
    made: UNetSheet = studio.sheet_of(UNetSheet)
    return made


def steps(sheet: UNetSheet) -> list[str]:
    picture = sheet.view.picture
    return [each.title for each in picture.steps] if picture is not None else []


def test_the_usual_unet_is_worked_out_at_once_and_drawn_as_a_u(sheet: UNetSheet) -> None:
    assert steps(sheet) == [
        "image", "inc", "down1", "down2", "down3", "down4", "up1", "up2", "up3", "up4", "outc",
        "output",
    ]  # fmt: skip
    assert sheet.source.text() == "UNet(3, 2)"
    wanted = sum(each.numel() for each in UNet(3, 2).parameters())
    assert f"{wanted / 1e6:.1f} M parameters" in sheet.said.text()
    assert "gives 1×2×256×256" in sheet.said.text()
    picture = sheet.view.picture
    assert picture is not None
    places = {each.title: each.box for each in picture.steps}
    for one, other in (("inc", "up4"), ("down1", "up3"), ("down2", "up2"), ("down3", "up1")):
        assert places[one].center().y() == places[other].center().y()
        assert places[one].right() < places[other].left()
    assert places["down4"].top() > places["down3"].bottom()
    gives = {each.title: each.gives for each in picture.steps}
    assert (gives["inc"], gives["down4"]) == ("1×64×256×256", "1×1024×16×16")


def test_what_the_form_says_becomes_the_model(sheet: UNetSheet, studio: Studio) -> None:
    sheet.form.halvings.setValue(2)
    sheet.form.base_width.setValue(8)
    sheet.form.channels.setValue(1)
    sheet.form.classes.setValue(4)
    sheet.form.bilinear.setChecked(True)
    sheet.form.norm.setCurrentText("group")
    sheet.form.activation.setCurrentText("GELU")
    sheet.form.image_height.setValue(33)
    sheet.form.image_width.setValue(47)
    studio.settles(sheet)
    assert "gives 1×4×33×47" in sheet.said.text()
    sheet.create_.click()
    studio.waits(lambda: studio.window.desk.state.document is not None)
    studio.rests()
    by_hand = UNet(1, 4, True, width=8, depth=2, norm="group", activation="GELU").eval()
    by_hand.load_state_dict(studio.document.state_dict(), strict=True)
    image = torch.randn(2, 1, 33, 47)
    with torch.no_grad():
        assert torch.equal(studio.document.model()(image), by_hand(image))
    assert str(studio.document.inputs[0]) == "1,1,33,47"


def test_on_an_encoder_the_stages_go_down_and_the_image_is_handed_across(
    sheet: UNetSheet, studio: Studio
) -> None:
    assert "resnet34" in [sheet.form.encoder.itemText(n) for n in range(sheet.form.encoder.count())]
    sheet.form.encoder.setEditText("resnet18")
    studio.settles(sheet)
    assert steps(sheet) == [
        "image", "relu", "layer1", "layer2", "layer3", "layer4",
        "up1", "up2", "up3", "up4", "up5", "outc", "output",
    ]  # fmt: skip
    sheet.create_.click()
    studio.waits(lambda: studio.window.desk.state.document is not None)
    studio.rests()
    assert isinstance(studio.document.root, EncoderUNet)
    assert studio.document.root.encoder.backbone == "resnet18"


@pytest.mark.parametrize(
    ("encoder", "depth", "size", "sentence"),
    [
        ("vit_b_16", 0, 64, "no feature maps of several sizes"),
        ("resnet", 0, 64, "'resnet' came"),
        ("resnet18", 9, 64, "depth is"),
        ("", 6, 16, "halves its image 6 times"),
    ],
)
def test_what_cannot_be_is_a_sentence_in_place(
    encoder: str, depth: int, size: int, sentence: str, sheet: UNetSheet, studio: Studio
) -> None:
    sheet.form.encoder.setEditText(encoder)
    sheet.form.halvings.setValue(depth)
    sheet.form.base_width.setValue(4)
    sheet.form.image_height.setValue(size)
    studio.settles(sheet)
    assert sentence in sheet.said.text()
    assert sheet.said.tone == "problem"
    assert not sheet.create_.isEnabled()
    assert sheet.view.picture is None


def test_create_waits_for_what_was_typed_last(sheet: UNetSheet, studio: Studio) -> None:
    sheet.form.base_width.setValue(8)
    sheet.form.halvings.setValue(1)
    assert not sheet.create_.isEnabled()
    sheet._create()
    studio.waits(lambda: studio.window.desk.state.document is not None)
    assert studio.document.source.text == "UNet(3, 2, width=8, depth=1)"


def test_every_control_has_a_name(sheet: UNetSheet) -> None:
    buddies = {label.buddy() for label in sheet.findChildren(QLabel) if label.buddy()}
    nameless = [
        each
        for each in sheet.findChildren(QWidget)
        if isinstance(each, CONTROLS) and not _named(each) and each not in buddies
    ]
    assert nameless == []
    assert sheet.view.accessibleName()
    assert "12 steps" in sheet.view.accessibleDescription()
