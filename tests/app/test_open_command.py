"""``modelwright open --screenshot``: a picture of the ready window, and bad input answered."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

import core

NET = "Sequential(fc1=Linear(8, 4), fc2=Linear(4, 2))"


def opened(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "modelwright"
    variables = {k: v for k, v in os.environ.items() if not k.startswith("QT_")}
    return subprocess.run(
        [str(program), "open", *map(str, arguments)],
        capture_output=True, text=True, env=variables, timeout=180,
    )  # fmt: skip


def test_the_picture_has_the_size_and_scale_that_were_asked_for(tmp_path: Path) -> None:
    recipe = tmp_path / "r.json"
    session = core.open(NET)
    session.apply("fc2 = Linear(4, 3)")
    session.save_recipe(recipe)
    picture = tmp_path / "deep" / "window.png"
    done = opened(
        NET, "--recipe", recipe, "--screenshot", picture, "--size", "1024x640", "--scale", 2,
        "--theme", "dark", "--select", "fc2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (2048, 1280)
    assert image.pixelColor(8, 600).lightness() < 128


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["resnet51"], "resnet50", marks=pytest.mark.long),
        ([NET, "--recipe", "missing.json"], "missing.json"),
    ],
    ids=["no such model", "no such recipe"],
)
def test_what_cannot_be_opened_is_one_sentence(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    done = opened(*arguments, "--screenshot", tmp_path / "x.png")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("size", ["abc", "10", "0x5", "5x"])
def test_a_size_that_is_none_is_answered(size: str) -> None:
    from click.testing import CliRunner

    from app.open_command import open_command

    done = CliRunner().invoke(open_command, [NET, "--screenshot", "x.png", "--size", size])
    assert done.exit_code == 2
    assert "1400x900" in done.output
