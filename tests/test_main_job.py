"""The main job, through the program itself, and the tutorial's sections 1 and 3.1 line by line.

What is saved is loaded by plain PyTorch in a process that knows no Modelwright.
"""

import os
import subprocess
import sys
import textwrap
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

import core

HEAD = """nn.Sequential(OrderedDict([('fc1', nn.Linear(2048, 128)),
                          ('relu1', nn.ReLU()),
                          ('dropout1',nn.Dropout(0.5)),
                          ('fc2', nn.Linear(128, 10)),
                          ('output', nn.Softmax(dim=1))
                          ]))"""

ORACLE = """
    import sys
    from collections import OrderedDict
    import torch
    from torch import nn
    from torchvision.models import resnet50

    net = resnet50()
    net.fc = nn.Sequential(OrderedDict([
        ("fc1", nn.Linear(2048, 128)), ("relu1", nn.ReLU()), ("dropout1", nn.Dropout(0.5)),
        ("fc2", nn.Linear(128, 10)), ("output", nn.Softmax(dim=1)),
    ]))
    net.load_state_dict(torch.load(sys.argv[1]), strict=True)
    torch.manual_seed(1)
    with torch.no_grad():
        torch.save(net.eval()(torch.randn(1, 3, 64, 64)), sys.argv[2])
    assert not any(name.split(".")[0] in ("core", "app") for name in sys.modules)
"""


def test_the_window_does_the_main_job_where_there_is_no_screen(tmp_path: Path) -> None:
    """What ``make run`` does then: a picture, weights that plain PyTorch loads, a recipe."""
    out = tmp_path / "out"
    variables = {k: v for k, v in os.environ.items() if "DISPLAY" not in k and "QT_" not in k}
    done = subprocess.run(
        [sys.executable, "-m", "app.main_job", out],
        capture_output=True, text=True, check=False, env=variables,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no screen" in done.stdout
    assert (out / "screenshot.png").read_bytes().startswith(b"\x89PNG")
    subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(ORACLE), out / "resnet50_10.pth",
         tmp_path / "out.pt"],
        check=True, cwd="/",
    )  # fmt: skip
    assert core.open(str(out / "recipe.json")).problems == ()


def test_the_head_of_resnet50_is_swapped_and_plain_pytorch_loads_it(tmp_path: Path) -> None:
    weights, recipe, out = (tmp_path / name for name in ("w.pth", "r.json", "out.pt"))
    done = subprocess.run(
        [Path(sys.executable).parent / "modelwright", "edit", "resnet50", "--replace",
         f"fc={HEAD}", "--save", weights, "--recipe", recipe],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(ORACLE), weights, out], check=True, cwd="/"
    )
    session = core.open(str(recipe))
    assert session.problems == ()
    state = torch.load(weights)
    assert list(state) == list(session.document.state_dict())
    torch.manual_seed(1)
    image = torch.randn(1, 3, 64, 64)
    from core.checkpoint import load_state_dict

    loaded = load_state_dict(session.document, state)
    with torch.no_grad():
        assert torch.equal(loaded.root(image), torch.load(out))


def test_open_edit_undo_redo_save() -> None:
    session = core.open("resnet50", structure=True)
    first = session.document
    second = session.apply(f"net.fc = {HEAD}")
    report = session.report
    assert report.module("fc.fc1").output.shape == (1, 128)
    assert report.output.shape == (1, 10)
    assert session.ledger.count("kept") == 318
    assert session.undo() is first
    assert session.redo() is second


@pytest.mark.parametrize(
    ("text", "oracle"),
    [
        (
            "nn.Sequential(\n    nn.Linear(784, 256),\n    nn.ReLU(),\n    nn.Linear(256, 10),\n)",
            nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10)),
        ),
        (
            "nn.Sequential(collections.OrderedDict([('fc1', nn.Linear(784, 256)),"
            " ('relu1', nn.ReLU()), ('fc2', nn.Linear(256, 10))]))",
            nn.Sequential(
                OrderedDict(
                    [
                        ("fc1", nn.Linear(784, 256)),
                        ("relu1", nn.ReLU()),
                        ("fc2", nn.Linear(256, 10)),
                    ]
                )
            ),
        ),
    ],
)
def test_sequential_positional_and_named(text: str, oracle: nn.Module) -> None:
    session = core.open(text)
    assert repr(session.document.root) == repr(oracle)
    assert list(session.document.state_dict()) == list(oracle.state_dict())
    assert session.problems == ()


def test_module_list_append() -> None:
    session = core.open("nn.ModuleList([nn.Linear(784, 256), nn.ReLU()])")
    session.apply(core.Insert("", None, "nn.Linear(256, 10)"))
    oracle = nn.ModuleList([nn.Linear(784, 256), nn.ReLU()])
    oracle.append(nn.Linear(256, 10))
    assert repr(session.document.root) == repr(oracle)
    assert repr(session.document.root[-1]) == repr(oracle[-1])


def test_module_list_extend() -> None:
    session = core.open("nn.ModuleList([nn.Linear(784, 256)])")
    layers = ("nn.ReLU()", "nn.Linear(256, 10)")
    session.apply(core.Together(tuple(core.Insert("", None, layer) for layer in layers)))
    oracle = nn.ModuleList([nn.Linear(784, 256)])
    oracle.extend([nn.ReLU(), nn.Linear(256, 10)])
    assert repr(session.document.root) == repr(oracle)


def test_module_dict_add() -> None:
    session = core.open("nn.ModuleDict({'linear': nn.Linear(784, 256), 'act': nn.ReLU()})")
    session.apply(core.Insert("", None, "nn.Linear(256, 10)", "output"))
    oracle = nn.ModuleDict({"linear": nn.Linear(784, 256), "act": nn.ReLU()})
    oracle["output"] = nn.Linear(256, 10)
    assert repr(session.document.root) == repr(oracle)
    assert repr(session.document.module("linear")) == repr(oracle["linear"])
