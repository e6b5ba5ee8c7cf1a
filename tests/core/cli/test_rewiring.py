"""Re-wiring from the terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

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


def test_graph_prints_the_steps_with_shapes(run: Run) -> None:
    status, out, _ = run("graph", SMALL)
    assert status == 0
    for text in ("self.fc1", "1×8", "output"):
        assert text in out


def test_graph_json_has_nodes_and_edges(run: Run) -> None:
    _, out, _ = run("graph", SMALL, "--json")
    found = json.loads(out)
    assert [node["name"] for node in found["nodes"]] == ["input", "fc1", "relu", "fc2", "output"]
    assert found["edges"][1] == {
        "source": "fc1",
        "target": "relu",
        "port": 0,
        "shape": [1, 8],
        "dtype": "float32",
    }


def test_graph_code_is_the_forward_as_python(run: Run) -> None:
    _, out, _ = run("graph", SMALL, "--code")
    assert "        relu = self.relu(fc1)  # (1, 8)\n" in out


def test_a_module_that_cannot_be_re_wired_says_why(run: Run) -> None:
    status, out, _ = run("graph", "LSTM(4, 5)", "--input", "2,3,4")
    assert status == 1
    assert "cannot be read as a graph" in out


def test_edit_re_wires_in_the_order_that_was_typed_and_the_recipe_replays(
    run: Run, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.json"
    status, out, _ = run(
        "edit", SMALL, "--input", "3,4",
        "--add-input", "age:3 before fc2 unsqueeze 1",
        "--add-output", "relu:hidden",
        "--insert-on-edge", "fc1->relu=norm=LayerNorm(8)",
        "--add-node", "fc1,relu=both=add",
        "--connect", "both->cat:0",
        "--recipe", str(recipe), "--json",
    )  # fmt: skip
    assert status == 0
    found = json.loads(out)
    assert found["inputs"][1]["name"] == "age"
    assert found["problems"] == []
    status, again, _ = run("replay", str(recipe), "--json")
    assert status == 0
    assert [m["path"] for m in json.loads(again)["modules"]] == [
        m["path"] for m in found["modules"]
    ]


def test_steps_below_the_root_are_told_by_one_dotted_name(run: Run) -> None:
    nested = "Sequential(body=Sequential(a=Linear(4, 4), b=ReLU()), end=Linear(4, 2))"
    status, out, _ = run(
        "edit", nested, "--insert-on-edge", "body.a->body.b=Dropout(0.1)", "--add-output", "body.a",
        "--json",
    )  # fmt: skip
    assert status == 0
    found = json.loads(out)
    assert [edit["path"] for edit in found["edits"]] == ["body", "body"]
    assert found["modules"][0]["output"] == [[1, 2], [1, 4]]


def test_the_tutorials_wrapper_is_one_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "wrapped.pth"
    status, out, _ = run(
        "edit", SMALL, "--input", "3,4", "--wrap", "=Model:net",
        "--insert-on-edge", "net->output=act=ReLU()", "--add-output", "net",
        "--save", str(file),
    )  # fmt: skip
    assert status == 0, out
    assert list(torch.load(file)) == [
        "net.fc1.weight", "net.fc1.bias", "net.fc2.weight", "net.fc2.bias",
    ]  # fmt: skip
    assert "class Model(nn.Module):" in (tmp_path / "wrapped.py").read_text()
    assert "saved" in out
    assert "difference 0" in out


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--add-input", "age", "should read NAME:SHAPE"),
        ("--add-input", "age:3 before", "should read NAME:SHAPE"),
        ("--add-input", "age:3 dim x", "N and X are numbers"),
        ("--add-input", "age:{a:1}", "no single tensor"),
        ("--insert-on-edge", "fc1=ReLU()", "should read FROM->TO"),
        ("--connect", "fc1", "should read FROM->TO"),
        ("--add-output", "fc9", "no step 'fc9'"),
        ("--remove-node", "input", "is an input"),
    ],
)
def test_what_was_typed_wrongly_is_said(run: Run, option: str, value: str, words: str) -> None:
    status, _, err = run("edit", SMALL, option, value)
    assert status == 2
    assert words in err


def test_a_graph_is_drawn_into_a_file_and_never_over_one(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "graph.svg"
    status, _, _ = run("graph", SMALL, "--svg", str(file))
    assert status == 0
    assert "1×8" in file.read_text()
    status, _, err = run("graph", SMALL, "--svg", str(file))
    assert status == 2
    assert "exists already" in err


def test_steps_are_grouped_and_modules_opened_up(run: Run) -> None:
    status, out, _ = run("edit", SMALL, "--group", "fc1,relu=body:Body", "--json")
    assert status == 0
    assert [m["path"] for m in json.loads(out)["modules"]] == [
        "", "fc2", "body", "body.fc1", "body.relu",
    ]  # fmt: skip
    status, out, _ = run("edit", SMALL, "--group", "fc1,relu=body", "--ungroup", "body", "--json")
    assert status == 0
    assert {m["path"] for m in json.loads(out)["modules"]} == {"", "fc1", "relu", "fc2"}


def test_equal_blocks_are_shown_as_one(run: Run) -> None:
    _, out, _ = run("graph", "Sequential(Linear(4, 4), Linear(4, 4), Linear(4, 4))", "--fold")
    assert "linear_0 ... linear_2" in out
    assert "x 3" in out


def test_an_edge_moves_and_lists_get_a_forward(run: Run, tmp_path: Path) -> None:
    weights, recipe = tmp_path / "net.pth", tmp_path / "net.json"
    status, out, err = run(
        "edit", "Identity()", "--input", "2,4",
        "--wrap", "=Net:start",
        "--add-node", "start=layers=ModuleList([Linear(4, 4), ReLU(inplace=True)])",
        "--add-node", 'layers=heads=ModuleDict({"a": Linear(4, 2), "b": Linear(4, 3)})',
        "--reroute", "start->output=heads",
        "--remove-node", "start",
        "--run-in-order", "layers",
        "--route-by-key", "heads:task",
        "--save", str(weights), "--recipe", str(recipe),
    )  # fmt: skip
    assert status == 0, err
    assert "differ" in out
    text = (tmp_path / "net.py").read_text()
    assert "for layer in self:" in text
    assert "self[task](x)" in text
    status, _, _ = run("replay", str(recipe))
    assert status == 0


def test_a_hazard_is_told_with_its_repair_and_repaired(run: Run) -> None:
    net = "Sequential(a=Linear(4, 4), b=ReLU(inplace=True), c=Linear(4, 2))"
    wired = ("edit", net, "--insert-on-edge", "b->c=add")
    status, _, err = run(*wired)
    assert (status, "add takes 2 tensor(s); 1 came" in err) == (2, True)
    both = ("edit", net, "--add-node", "b,a=both=add", "--reroute", "b->c=both")
    status, out, _ = run(*both)
    assert status == 1
    assert "b writes over a, which both reads after it" in " ".join(out.split())
    assert "Let b make a tensor of its own" in " ".join(out.split())
    status, _, _ = run(*both, "--out-of-place", "b")
    assert status == 0
