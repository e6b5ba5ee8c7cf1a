"""The terminal: what it prints for people and scripts, and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.cli import main

Run = Callable[..., tuple[int, str, str]]
SMALL = "Sequential(fc1=Linear(4, 8), relu=ReLU(), fc2=Linear(8, 2))"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program with these arguments: (exit status, standard output, standard error)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return call


def test_show_prints_the_tree_and_the_totals(run: Run) -> None:
    status, out, _ = run("show", SMALL)
    assert status == 0
    for text in ("fc1", "Linear", "1×8", "58 parameters", "48 MACs"):
        assert text in out


def test_show_json_has_the_whole_tree(run: Run) -> None:
    status, out, _ = run("show", "resnet18", "--json", "--input", "2,3,64,64")
    found = json.loads(out)
    assert status == 0
    assert found["source"] == "torchvision:resnet18"
    assert found["inputs"] == [{"name": "", "shape": [2, 3, 64, 64], "dtype": "float32"}]
    assert found["parameters"] == found["trainable"] == 11_689_512
    modules = {each["path"]: each for each in found["modules"]}
    assert modules["fc"]["args"] == {"in_features": 512, "out_features": 1000, "bias": True}
    assert modules["fc"]["output"] == [2, 1000]
    assert modules["fc"]["macs"] == 2 * 512_000
    assert modules["layer1.0.conv1"]["type"] == "Conv2d"
    assert found["problems"] == []


def test_problems_are_exit_status_1_with_repairs(run: Run) -> None:
    status, out, _ = run("edit", SMALL, "--replace", "fc2=Linear(9, 2)", "--json")
    problem = json.loads(out)["problems"][0]
    assert status == 1
    assert problem["path"] == "fc2"
    assert problem["message"] == "fc2 expects 9 features, gets 8 from relu"
    assert {
        "label": "Set in_features=8 of fc2",
        "edit": {"edit": "SetArguments", "path": "fc2", "arguments": {"in_features": 8}},
    } in problem["repairs"]


def test_edits_run_in_the_order_given(run: Run) -> None:
    status, out, _ = run(
        "edit", SMALL, "--rename", "fc2=head", "--replace", "head=Linear(8, 3)",
        "--rename", "head=fc2", "--insert", "@2=drop=Dropout(0.1)", "--set", "fc1.bias=False",
        "--wrap", "relu=Sequential", "--freeze", "fc1", "--move", "drop=@0", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert status == 0
    assert [each["edit"] for each in found["edits"]] == [
        "Rename", "Replace", "Rename", "Insert", "SetArguments", "Wrap", "Freeze", "Move",
    ]  # fmt: skip
    assert [each["path"] for each in found["modules"]] == [
        "", "drop", "fc1", "relu", "relu.0", "fc2",
    ]  # fmt: skip
    assert found["trainable"] == 27


def test_what_is_saved_loads_in_plain_pytorch_and_replays(run: Run, tmp_path: Path) -> None:
    weights, recipe = str(tmp_path / "w.pth"), str(tmp_path / "r.json")
    assert run("edit", SMALL, "--replace", "fc2=Linear(8, 3)", "--save", weights,
               "--recipe", recipe)[0] == 0  # fmt: skip
    plain = nn.Sequential()
    for name, layer in (("fc1", nn.Linear(4, 8)), ("relu", nn.ReLU()), ("fc2", nn.Linear(8, 3))):
        plain.add_module(name, layer)
    plain.load_state_dict(torch.load(weights), strict=True)
    assert run("replay", recipe, "--save", str(tmp_path / "again.pth"))[0] == 0
    # The weights of the edited model load after the edits, those of the original before them.
    assert run("replay", recipe, "--weights", weights, "--save", str(tmp_path / "b.pth"))[0] == 0
    assert torch.equal(torch.load(tmp_path / "b.pth")["fc2.weight"], plain.fc2.weight)
    original = {k: v for k, v in plain.state_dict().items() if not k.startswith("fc2")}
    torch.save({**original, "fc2.weight": torch.ones(2, 8), "fc2.bias": torch.ones(2)}, weights)
    assert run("replay", recipe, "--weights", weights, "--save", str(tmp_path / "c.pth"))[0] == 0
    found = torch.load(tmp_path / "c.pth")
    assert torch.equal(found["fc1.weight"], plain.fc1.weight)
    assert found["fc2.weight"].shape == (3, 8)


def test_a_model_with_problems_is_saved_only_by_force(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    status, _, err = run("edit", SMALL, "--replace", "fc2=Linear(9, 2)", "--save", str(file))
    assert (status, file.exists()) == (1, False)
    assert "--force" in err
    assert run("edit", SMALL, "--replace", "fc2=Linear(9, 2)", "--save", str(file), "--force")[0]
    assert file.exists()


def test_a_file_is_not_written_over(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    file.write_text("precious")
    status, _, err = run("edit", SMALL, "--save", str(file))
    assert (status, file.read_text()) == (2, "precious")
    assert "exists already" in err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["show", "resnet5"], "Did you mean resnet50"),
        (["show", SMALL, "--input", "1,0"], "at least 1"),
        (["show", SMALL, "--input", "1,x"], "whole numbers"),
        (["show", SMALL, "--structure", "--real"], "contradict"),
        (["show"], "Missing argument"),
        (["fly"], "No such command"),
        (["edit", SMALL, "--replace", "fc9=ReLU()"], "no module at 'fc9'"),
        (["edit", SMALL, "--replace", "fc2"], "PATH=SPEC"),
        (["edit", SMALL, "--replace", "fc2=__import__('os').system('true')"], "__import__"),
        (["edit", SMALL, "--insert", "x=ReLU()"], "PATH@INDEX"),
        (["edit", SMALL, "--move", "fc1=@x"], "INDEX is a number"),
        (["edit", SMALL, "--remove", ""], "root"),
        (["edit", SMALL, "--weights", "gone.pth"], "does not exist"),
        (["replay", "gone.json"], "could not be read"),
    ],
)
def test_what_is_refused_is_a_sentence_and_exit_status_2(
    run: Run, arguments: list[str], reason: str
) -> None:
    status, _, err = run(*arguments)
    assert status == 2
    assert reason in err
    assert "Traceback" not in err


def test_a_refusal_is_json_too_where_json_is_asked_for(run: Run) -> None:
    status, out, _ = run("show", "resnet5", "--json")
    error: dict[str, Any] = json.loads(out)["error"]
    assert (status, error["kind"]) == (2, "SourceError")


def test_a_py_file_runs_only_with_trust(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("from torch import nn\n\nclass Net(nn.Linear):\n    pass\n")
    assert run("show", f"{file}:Net(3, 2)")[0] == 2
    assert run("show", f"{file}:Net(3, 2)", "--trust")[0] == 0


def test_layers_and_models_can_be_searched(run: Run) -> None:
    status, out, _ = run("layers", "conv2d", "--json")
    assert status == 0
    assert json.loads(out)[0]["name"] == "Conv2d"
    assert len(json.loads(run("layers", "--json")[1])) >= 163
    assert "resnet50" in run("models", "resnet")[1]
    assert json.loads(run("models", "resnet50", "--json")[1])
    assert "No model matches" in run("models", "qqq")[1]
