"""``modelwright unet``: what it prints, saves and refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import core
from core.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program with these arguments: (exit status, standard output, standard error)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return call


def test_a_plain_unet_is_saved_and_told_stage_by_stage(run: Run, tmp_path: Path) -> None:
    file, recipe = tmp_path / "unet.pth", tmp_path / "unet.json"
    status, out, _ = run(
        "unet", "--width", "4", "--in", "1", "--classes", "3", "--save", str(file), "--recipe",
        str(recipe),
    )  # fmt: skip
    assert status == 0
    for text in ("inc", "1×4×224×224", "down4", "1×64×14×14", "outc", "1×3×224×224"):
        assert text in out
    net = core.blocks.UNet(1, 3, width=4)
    net.load_state_dict(torch.load(file), strict=True)
    assert f"{sum(p.numel() for p in net.parameters()):,} parameters" in out
    assert core.open(str(recipe)).document.source.text == "UNet(1, 3, width=4)"


def test_stages_of_an_encoder_as_json(run: Run) -> None:
    status, out, _ = run(
        "unet", "--encoder", "resnet18", "--bilinear", "--norm", "group", "--activation", "GELU",
        "--structure", "--input", "1,3,97,130", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert status == 0
    assert found["source"] == (
        'EncoderUNet("resnet18", 3, 2, bilinear=True, norm="group", activation="GELU")'
    )
    stages = {each["stage"]: each["output"] for each in found["stages"]}
    assert stages["encoder (relu)"] == [1, 64, 49, 65]
    assert stages["encoder (layer4)"] == [1, 512, 4, 5]
    assert stages["outc"] == [1, 2, 97, 130]
    assert sum(each["parameters"] for each in found["stages"]) == found["parameters"]


def test_it_goes_on_in_edit(run: Run, tmp_path: Path) -> None:
    recipe, again = str(tmp_path / "net.json"), str(tmp_path / "swapped.json")
    assert run("unet", "--encoder", "squeezenet1_1", "--recipe", recipe)[0] == 0
    status, out, err = run(
        "edit", recipe, "--swap-encoder", "mobilenet_v3_small", "--recipe", again
    )
    assert status == 0
    assert "kept" in out
    assert "without trained weights" in err
    assert run("replay", again)[0] == 0


def test_a_unet_as_a_source_by_words(run: Run) -> None:
    status, out, _ = run("show", "unet(depth=2, width=4, in_channels=1)", "--json")
    assert status == 0
    assert json.loads(out)["source"] == "UNet(1, 2, width=4, depth=2)"


def test_an_image_too_small_for_an_encoder_is_a_problem_and_holds_the_file_back(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "net.pth"
    status, out, err = run(
        "unet", "--encoder", "squeezenet1_1", "--input", "1,3,4,4", "--save", str(file)
    )
    assert status == 1
    assert "problem at encoder" in " ".join(out.split())
    assert "Not saved" in err
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("unet", "--depth", "0"), "depth is 1 or more; 0 came."),
        (("unet", "--in", "0"), "n_channels is 1 or more; 0 came."),
        (("unet", "--encoder", "vit_b_16"), "vit_b_16 has no feature maps of several sizes"),
        (("unet", "--encoder", "resnet1"), "'resnet1' came."),
        (("unet", "--input", "1,3,8,20"), "it takes 16×16 pixels or more; 8×20 came."),
        (("unet", "--input", "1,1,64,64"), "takes images of 3 channels; 1 came"),
        (("unet", "--input", "1,3"), "takes images (B, C, H, W)"),
        (("unet", "--norm", "layer"), "'layer' is not one of"),
        (("show", "unet(deep=3)"), "deep is no argument of it. Did you mean depth?"),
        (("show", "unet(encoder=34)"), 'such as "resnet34"; 34 came.'),
        (("edit", "UNet(3, 2, width=2)", "--swap-encoder", "resnet18"), "has no encoder to swap"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    status, _, err = run(*arguments)
    assert status == 2
    assert sentence in " ".join(err.split())
