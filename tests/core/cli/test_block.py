"""Blocks of the user's from the terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cli import main

Run = Callable[..., tuple[int, str, str]]
CHAIN = "Sequential(a=Conv2d(3, 16, 3, padding=1), b=BatchNorm2d(16), c=ReLU(), d=Conv2d(16, 8, 1))"

pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program with these arguments: (exit status, standard output, standard error)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return call


def test_a_block_is_saved_listed_placed_given_away_and_thrown_away(
    run: Run, tmp_path: Path
) -> None:
    status, out, err = run(
        "block", "save", CHAIN, "--input", "1,3,8,8", "--steps", "a,b,c", "--name", "Stem",
        "--doc", "How it begins",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "Stem(in_channels=3, out_channels=16)" in out
    _, out, _ = run("block", "list", "--json")
    (file,) = json.loads(out)
    assert (file["names"], file["summary"], file["agreed"]) == (["Stem"], "How it begins.", True)
    _, out, _ = run("block", "list")
    assert "in_channels=3, out_channels=16" in " ".join(out.split())
    _, out, _ = run("layers", "my", "blocks", "--json")
    assert [each["name"] for each in json.loads(out)] == ["Stem"]
    status, out, _ = run(
        "edit", "Sequential(Stem(3, 4))", "--input", "1,3,8,8", "--insert", "@end=Stem(4, 5)",
        "--save", str(tmp_path / "net.pth"),
    )  # fmt: skip
    assert status == 0
    assert "class Stem(nn.Module):" in (tmp_path / "net.py").read_text()
    status, _, _ = run("block", "export", "Stem", str(tmp_path / "given.py"))
    assert status == 0
    run("block", "rename", "Stem", "Root")
    run("block", "remove", "Root")
    _, out, _ = run("block", "list")
    assert "No blocks of yours yet" in out
    status, _, err = run("block", "import", str(tmp_path / "given.py"))
    assert status == 2
    assert "--trust" in err
    status, out, _ = run("block", "import", str(tmp_path / "given.py"), "--trust")
    assert (status, "imported Stem" in out) == (0, True)


def test_the_places_are_listed_and_chosen(run: Run) -> None:
    asked = ("block", "save", CHAIN, "--input", "1,3,8,8", "--name", "Mine")
    _, out, _ = run(*asked, "--numbers")
    assert "a.kernel_size = 3" in out
    _, out, _ = run(*asked, "--parameter", "classes=d.out_channels")
    assert "Mine(classes=8)" in out
    status, _, err = run(*asked, "--fixed")
    assert (status, "add --force to overwrite it" in err) == (2, True)
    _, out, _ = run(*asked, "--fixed", "--force")
    assert "Mine()" in out
    status, _, err = run(*asked, "--force", "--parameter", "x=nowhere.at_all")
    assert (status, "no number at nowhere.at_all" in err) == (2, True)


def test_a_block_is_not_renamed_to_another_and_no_option_is_named(run: Run) -> None:
    for name in ("Mine", "Other"):
        run("block", "save", CHAIN, "--input", "1,3,8,8", "--name", name)
    status, _, err = run("block", "rename", "Mine", "Other")
    assert (status, "called Other already; choose another name" in err) == (2, True)
    assert "--force" not in err
