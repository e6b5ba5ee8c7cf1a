"""The U-Net against the usual one, typed in here as it stands in the tutorial."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import core
from core.blocks import DoubleConv, Down, OutConv, UNet, Up


class TutorialDoubleConv(nn.Module):
    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class TutorialDown(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.maxpool_conv = nn.Sequential(
            nn.MaxPool2d(2), TutorialDoubleConv(in_channels, out_channels)
        )

    def forward(self, x):
        return self.maxpool_conv(x)


class TutorialUp(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear=False):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = TutorialDoubleConv(in_channels, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.conv = TutorialDoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diffY = x2.size()[2] - x1.size()[2]
        diffX = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diffX // 2, diffX - diffX // 2, diffY // 2, diffY - diffY // 2])
        x = torch.cat([x2, x1], dim=1)
        return self.conv(x)


class TutorialOutConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1)

    def forward(self, x):
        return self.conv(x)


class TutorialUNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False):
        super().__init__()
        self.n_channels = n_channels
        self.n_classes = n_classes
        self.bilinear = bilinear
        self.inc = TutorialDoubleConv(n_channels, 64)
        self.down1 = TutorialDown(64, 128)
        self.down2 = TutorialDown(128, 256)
        self.down3 = TutorialDown(256, 512)
        factor = 2 if bilinear else 1
        self.down4 = TutorialDown(512, 1024 // factor)
        self.up1 = TutorialUp(1024, 512 // factor, bilinear)
        self.up2 = TutorialUp(512, 256 // factor, bilinear)
        self.up3 = TutorialUp(256, 128 // factor, bilinear)
        self.up4 = TutorialUp(128, 64, bilinear)
        self.outc = TutorialOutConv(64, n_classes)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x5 = self.down4(x4)
        x = self.up1(x5, x4)
        x = self.up2(x, x3)
        x = self.up3(x, x2)
        x = self.up4(x, x1)
        return self.outc(x)


def stirred(module: nn.Module) -> nn.Module:
    """Give running means and variances that are not those of a fresh model."""
    torch.manual_seed(3)
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2)
    return module


@pytest.mark.parametrize("bilinear", [False, True], ids=["transposed", "bilinear"])
def test_a_checkpoint_of_the_tutorials_loads_and_gives_the_same(
    bilinear: bool, tmp_path: Path
) -> None:
    theirs = stirred(TutorialUNet(3, 2, bilinear))
    torch.save(theirs.state_dict(), tmp_path / "unet.pth")
    ours = core.open(f"UNet(3, 2, bilinear={bilinear})").model()
    assert ours.load_state_dict(torch.load(tmp_path / "unet.pth"), strict=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for size in ((32, 32), (49, 35)):
        x = torch.randn(2, 3, *size)
        for mode in (False, True):
            with torch.no_grad():
                assert torch.equal(ours.train(mode)(x), theirs.train(mode)(x))
    for name, tensor in theirs.state_dict().items():  # training moved the running statistics
        assert torch.equal(ours.state_dict()[name], tensor), name


def test_the_checkpoint_loads_into_the_open_document(tmp_path: Path) -> None:
    theirs = stirred(TutorialUNet(3, 2)).eval()
    torch.save({"model": theirs.state_dict()}, tmp_path / "trained.pth")
    document = core.open("UNet(3, 2)").document
    loaded = core.load(core.match(document, core.read_contents(tmp_path / "trained.pth"))).document
    x = torch.randn(1, 3, 50, 34)
    with torch.no_grad():
        assert torch.equal(loaded.model()(x), theirs(x))


@pytest.mark.parametrize(
    ("ours", "theirs", "shapes"),
    [
        (DoubleConv(4, 6), TutorialDoubleConv(4, 6), [(4, 9, 7)]),
        (DoubleConv(4, 6, 5), TutorialDoubleConv(4, 6, 5), [(4, 9, 7)]),
        (Down(4, 6), TutorialDown(4, 6), [(4, 9, 7)]),
        (Up(8, 6), TutorialUp(8, 6), [(8, 4, 3), (4, 9, 7)]),
        (Up(8, 6, True), TutorialUp(8, 6, True), [(4, 4, 3), (4, 9, 7)]),
        (OutConv(4, 6), TutorialOutConv(4, 6), [(4, 9, 7)]),
    ],
    ids=["DoubleConv", "DoubleConv with a middle", "Down", "Up", "Up bilinear", "OutConv"],
)
def test_each_block_is_the_tutorials(
    ours: nn.Module, theirs: nn.Module, shapes: list[tuple[int, ...]]
) -> None:
    ours.load_state_dict(theirs.state_dict(), strict=True)
    inputs = [torch.randn(2, *shape) for shape in shapes]
    assert torch.equal(ours(*inputs), theirs(*inputs))


@pytest.mark.parametrize("bilinear", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("width", [1, 6])
def test_any_depth_and_width(bilinear: bool, depth: int, width: int) -> None:
    net = UNet(2, 3, bilinear, width=width, depth=depth).eval()
    for size in ((2**depth, 2**depth), (2**depth + 1, 3 * 2**depth - 1)):
        assert net(torch.randn(1, 2, *size)).shape == (1, 3, *size)
    steps = range(1, depth + 1)
    down, up = [f"down{step}" for step in steps], [f"up{step}" for step in steps]
    assert [name for name, _ in net.named_children()] == ["inc", *down, *up, "outc"]


@pytest.mark.parametrize(
    ("norm", "cls"),
    [("batch", nn.BatchNorm2d), ("instance", nn.InstanceNorm2d), ("group", nn.GroupNorm),
     ("none", nn.Identity)],
)  # fmt: skip
def test_normalisation_and_activation_stand_where_they_always_do(norm: str, cls: type) -> None:
    net = core.open(f'UNet(3, 2, width=12, depth=2, norm="{norm}", activation="SiLU")').document
    for path in ("inc.double_conv", "down2.maxpool_conv.1.double_conv", "up1.conv.double_conv"):
        row = net.module(path)
        assert [type(each) for each in row] == [nn.Conv2d, cls, nn.SiLU] * 2
        assert (row[0].bias is None) == (norm != "none")
    assert not core.analyse(net).problems


def test_the_default_input_goes_through_without_a_remainder() -> None:
    session = core.open("UNet(3, 2)")
    assert session.document.inputs[0].shape == (1, 3, 224, 224)
    assert session.report.output is not None
    assert session.report.output.shape == (1, 2, 224, 224)
    assert session.report.parameters == 31_037_698  # the tutorial's, by hand: sum of p.numel()
    assert session.report.parameters == sum(p.numel() for p in TutorialUNet(3, 2).parameters())
    assert session.problems == ()


def test_an_edit_inside_keeps_the_rest_and_undoes() -> None:
    session = core.open("UNet(3, 2, width=8)")
    before = session.document
    session.apply('inc = DoubleConv(3, 8, norm="group")')
    assert session.problems == ()
    assert session.document.module("up4") is before.module("up4")
    assert session.undo() is before
    session.apply(core.SetArguments("", {"n_classes": 5}))
    statuses = {e.name: e.status for e in session.ledger.entries if e.status != "kept"}
    assert statuses == {"outc.conv.weight": "sliced", "outc.conv.bias": "sliced"}


def test_a_child_that_forward_looks_up_is_not_renamed() -> None:
    session = core.open("UNet(3, 2, width=4)")
    with pytest.raises(core.errors.EditRefused, match="calls 'down1' by name"):
        session.apply(core.Rename("down1", "first"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("UNet(3, 2, depth=0)", "UNet: depth is 1 or more; 0 came."),
        ("UNet(0, 2)", "UNet: n_channels is 1 or more; 0 came."),
        ("UNet(3, -1)", "UNet: n_classes is 1 or more; -1 came."),
        ("UNet(3, 2, width=0)", "UNet: width is 1 or more; 0 came."),
        ("UNet(3, 2.5)", "UNet: n_classes is an int; 2.5 came."),
        ('UNet(3, 2, norm="layer")', 'one of "batch" or "instance" or "group" or "none"; "layer"'),
        ('UNet(3, 2, activation="sin")', '"sin" came.'),
        ("Up(1, 4)", "Up: in_channels is 2 or more, as half of them go up; 1 came."),
        ("DoubleConv(0, 4)", "DoubleConv: in_channels is 1 or more; 0 came."),
    ],
)
def test_what_cannot_be_built_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(core.errors.SpecError) as refused:
        core.open(text)
    assert sentence in str(refused.value)


def test_written_in_plain_python_it_refuses_too() -> None:
    with pytest.raises(ValueError, match="norm is one of batch, instance, group, none"):
        UNet(3, 2, norm="layer")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"activation is one of ReLU, .*'sin' came"):
        UNet(3, 2, activation="sin")  # type: ignore[arg-type]


def test_an_image_that_is_too_small_is_a_problem_and_not_a_crash() -> None:
    session = core.open("UNet(3, 2, width=4)", inputs="1,3,8,8")
    assert session.problems


def outputs(net: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return net(x)


def test_placed_inside_another_model() -> None:
    session = core.open("Sequential(net=UNet(3, 8, width=4, depth=2), head=Conv2d(8, 2, 1))")
    x = torch.randn(1, 3, 20, 20)
    net = session.document.root
    assert torch.equal(outputs(net, x), outputs(net.head, outputs(net.net, x)))
    assert str(core.describe(net.net)) == "UNet(3, 8, width=4, depth=2)"
