"""What a refusal says in a terminal can be typed there."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli import main

Run = Callable[..., tuple[int, str, str]]
NET = '''from torch import nn

class Block(nn.Module):
    """A part."""
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3)

class Net(nn.Module):
    def __init__(self, in_ch, classes=2):
        super().__init__()
        self.head = nn.Linear(in_ch, classes)
    def forward(self, x):
        return self.head(x)
'''


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return call


@pytest.fixture
def net(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder"
    folder.mkdir()
    file = folder / "net.py"
    file.write_text(NET)
    return file


def commands_in(text: str) -> list[list[str]]:
    lines = (line.strip() for line in text.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("modelwright ")]


def test_several_classes_are_listed_with_commands_that_work(run: Run, net: Path) -> None:
    status, _, said = run("show", str(net), "--trust", "--input", "1,3")
    assert status == 2
    assert "line 3    Block(width)" in said
    assert "A part." in said
    commands = commands_in(said)
    assert [each[1] for each in commands] == [f"{net}:Net(in_ch=3)", f"{net}:Block(width=8)"]
    status, shown, _ = run(*commands[0])
    assert status == 0
    assert "8 parameters" in shown


def test_a_missing_argument_is_named_with_an_example_that_works(run: Run, net: Path) -> None:
    status, _, said = run("show", f"{net}:Net", "--trust", "--input", "1,3")
    assert status == 2
    assert "needs in_ch" in said
    (command,) = commands_in(said)
    assert run(*command)[0] == 0


def test_a_script_gets_the_list_as_json(run: Run, net: Path) -> None:
    _, out, _ = run("show", str(net), "--json")
    error = json.loads(out)["error"]
    assert error["kind"] == "Unchosen"
    assert [each["source"] for each in error["offers"]] == [
        f"{net}:Block(width=8)", f"{net}:Net(in_ch=3)",
    ]  # fmt: skip


def test_overwriting_is_allowed_by_an_option_that_is_named(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "weights.pth"
    target.write_bytes(b"mine")
    arguments = ("edit", "Linear(2, 3)", "--save", str(target))
    status, _, said = run(*arguments)
    assert status == 2
    assert "add --force to overwrite it" in said
    assert target.read_bytes() == b"mine"
    assert run(*arguments, "--force")[0] == 0
    assert target.read_bytes() != b"mine"
