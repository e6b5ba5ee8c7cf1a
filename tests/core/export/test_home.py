"""What is taken home builds, strict-loads and runs without Modelwright, and equals the document."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import core
from core.checkpoint import SaveOptions
from core.document import Document, parse_inputs, recording
from core.edits import (
    AddInput,
    AddNode,
    AddOutput,
    Connect,
    Duplicate,
    Edit,
    Freeze,
    Insert,
    InsertOnEdge,
    Move,
    Remove,
    RemoveNode,
    Replace,
    SetArguments,
    Wrap,
)
from core.errors import Cancelled, SaveRefused
from core.export import model_source, take_home, verify
from tests.core.dataflow.flows import document
from tests.core.dataflow.odd_forwards import READABLE
from tests.zoo import ZOO

OWN = Path(__file__).parent / "own_net.py"


def _edited(text: str, inputs: str, *edits: Edit) -> core.Session:
    session = core.open(text, inputs=parse_inputs(inputs), trust=True)
    for each in edits:
        session.apply(each)
    return session


def test_a_re_wired_torchvision_model_comes_with_its_code(tmp_path: Path) -> None:
    session = _edited(
        "resnet18", "2,3,32,32",
        Replace("layer2.1.conv1", "Conv2d(128, 128, 5, padding=2)"),
        Replace("layer4", "Sequential(a=Conv2d(256, 512, 3), b=ReLU())"),
        AddInput("", "add_variable", (2,), before="fc", unsqueeze=1),
        AddOutput("layer1.0", "conv2", "early"),
        InsertOnEdge("", "bn1", "relu", "fit_to", "fitted", ("x",)),
        Freeze("layer1"),
        Wrap("", "Model", "net"),
    )  # fmt: skip
    taken = take_home(session.document, tmp_path / "my-net.pth")
    assert (taken.weights.name, taken.code.name) == ("my-net.pth", "my_net.py")
    assert taken.verdict.difference == 0.0
    text = taken.code.read_text()
    assert "from torchvision.models.resnet import BasicBlock, ResNet, resnet18" in text
    assert "net.net.layer2[1].conv1 = nn.Conv2d(128, 128, 5, padding=2)" in text
    assert "net.net.fc = nn.Linear(513, 1000)" in text
    assert "net.net.layer1.requires_grad_(False)" in text
    assert "class Model(nn.Module):" in text
    assert "# (2, 64, 16, 16)" in text
    assert "modelwright" not in text.lower()
    assert "core" not in text


def test_the_code_trains_where_modelwright_is_not(tmp_path: Path) -> None:
    """A colleague's script, in a process of its own."""
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), "8,4")
    after = InsertOnEdge("", "linear_0", "batch_norm1d_1", "Dropout(0.5)", "drop").apply(fed)
    taken = take_home(after, tmp_path / "trained.pth")
    script = tmp_path / "train.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import torch\n"
        "from trained import build_model\n"
        "net = build_model()\n"
        "net.load_state_dict(torch.load(sys.argv[2]))\n"
        "net.train()\n"
        "optimizer = torch.optim.SGD(net.parameters(), 0.1)\n"
        "before = [p.clone() for p in net.parameters()]\n"
        "net(torch.randn(8, 4)).square().sum().backward()\n"
        "optimizer.step()\n"
        "assert any(not torch.equal(a, b) for a, b in zip(before, net.parameters()))\n"
        "torch.save(net, sys.argv[3])\n"
        "torch.load(sys.argv[3], weights_only=False)\n"
    )
    command = [sys.executable, "-I", str(script), str(tmp_path), str(taken.weights)]
    done = subprocess.run(
        [*command, str(tmp_path / "whole.pth")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_class_of_the_users_own_file_is_imported_from_it(tmp_path: Path) -> None:
    session = _edited(
        f"{OWN}:Net(width=6)", "5,3",
        InsertOnEdge("", "norm", "dropout", "Tanh()", "bend"),
        AddOutput("", "body"),
        SetArguments("head", {"out_features": 3}),
    )  # fmt: skip
    taken = take_home(session.document, tmp_path / "net.pth")
    text = taken.code.read_text()
    assert "from own_net import Net" in text
    assert "net = Net(width=6)" in text
    assert "net.head = nn.Linear(6, 3)" in text
    assert taken.verdict.difference == 0.0


def test_what_was_taken_home_opens_again(tmp_path: Path) -> None:
    session = _edited("Sequential(Linear(4, 3), ReLU())", "2,4", AddOutput("", "0"))
    taken = take_home(session.document, tmp_path / "again.pth")
    again = core.open(f"{taken.code}:build_model()", inputs=parse_inputs("2,4"), trust=True)
    assert not again.problems
    assert list(again.document.state_dict()) == list(session.document.state_dict())
    again.apply(RemoveNode("", "relu_1"))
    assert not again.problems


@pytest.mark.parametrize("name", sorted({**ZOO, **READABLE}.keys() - {"weight norm"}))
def test_the_source_of_any_readable_model_builds_the_same_names_and_shapes(name: str) -> None:
    """In this process, since a fresh one takes seconds: the text is run, and the state compared."""
    fed = document(*{**ZOO, **READABLE}[name])
    if name in ("remembering", "recurrent"):
        after = fed
    else:
        after = InsertOnEdge("", _first(fed), _reader(fed), "Identity()", "passed").apply(fed)
    scope: dict[str, object] = {"__name__": "written"}
    exec(compile(model_source(after).text, "written.py", "exec"), scope)
    built = scope["build_model"]().eval()  # type: ignore[operator]
    built.load_state_dict(after.state_dict(), strict=True)
    from tests.core.dataflow.flows import agree

    if name != "hooked":  # a hook is no part of a class
        assert agree(built, after.root, after)
    shared = {n: id(p) for n, p in built.state_dict(keep_vars=True).items()}
    ours = {n: id(p) for n, p in after.root.state_dict(keep_vars=True).items()}
    assert _groups(shared) == _groups(ours)


def test_weights_that_are_computed_from_others_are_refused() -> None:
    with pytest.raises(SaveRefused, match="has parametrizations"):
        model_source(AddOutput("", "0").apply(document(*ZOO["weight norm"])))


def _first(fed: Document) -> str:
    from core.dataflow import graph_of

    return graph_of(fed, "").edges[0].source


def _reader(fed: Document) -> str:
    from core.dataflow import graph_of

    return graph_of(fed, "").edges[0].target


def _groups(names: dict[str, int]) -> set[frozenset[str]]:
    """Return which names are one tensor."""
    return {frozenset(n for n, i in names.items() if i == number) for number in names.values()}


@pytest.mark.parametrize(
    "edits",
    [
        (Remove("0"), Insert("", 0, "Flatten()")),
        (Duplicate("1"), Move("1", "", 0)),
        (Wrap("2", "ModuleDict", "last"), Connect("", "sequential_1", "output")),
        (Replace("1.0", "Sequential(Linear(4, 4), Sequential(b=ReLU()))"),),
        (Insert("1", None, "LSTM(4, 4, batch_first=True)"), SetArguments("1.0", {"bias": False})),
        (Wrap("", "Around", "inner"), AddNode("", "add", ("inner", "x"), "sum")),
        (Wrap("1", "Block", "body"), AddOutput("1", "x"), AddInput("1", "late", (2, 4))),
    ],
    ids=lambda edits: " ".join(type(each).__name__ for each in edits),
)
def test_edits_of_the_tree_and_of_the_dataflow_are_written_together(
    edits: tuple[Edit, ...],
) -> None:
    inner = "Sequential(Linear(4, 4), Sequential(Linear(4, 4), ReLU()), Tanh())"
    session = core.open(inner, inputs=parse_inputs("2,4"))
    for each in edits:
        if isinstance(each, AddNode) and "x" in each.inputs:
            each = AddNode("", "add", ("inner", "input"), "sum")
        if isinstance(each, AddOutput):
            each = AddOutput(each.path, "input")
        session.apply(each)
    scope: dict[str, object] = {"__name__": "written"}
    exec(compile(model_source(session.document).text, "written.py", "exec"), scope)
    built = scope["build_model"]().eval()  # type: ignore[operator]
    built.load_state_dict(session.document.state_dict(), strict=True)


def test_half_precision_stays(tmp_path: Path) -> None:
    with recording():
        root = nn.Sequential(nn.Linear(4, 4), nn.ReLU()).to(torch.bfloat16)
    fed = Document.of(root, parse_inputs("2,4:bfloat16"))
    after = AddOutput("", "0").apply(fed)
    assert "net.to(torch.bfloat16)" in model_source(after).text


def test_what_was_not_built_here_or_has_no_name_is_refused() -> None:
    class Local(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x)

    local = AddOutput("", "fc").apply(document(Local, "2,2"))
    with pytest.raises(SaveRefused, match="inside a function or a notebook"):
        model_source(local)
    from tests.core.edits.test_rewiring import Residual

    unrecorded = AddOutput("", "left").apply(Document.of(Residual(), parse_inputs("2,4")))
    with pytest.raises(SaveRefused, match="was not built here"):
        model_source(unrecorded)


def _two_outputs() -> Document:
    fed = document(lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU()), "2,4")
    return AddOutput("", "0").apply(fed)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("nn.ReLU()", "nn.Tanh()", "differs by"),
        ("from torch import", "import core\nfrom torch import", "cannot use"),
        *(pytest.param(*each, marks=pytest.mark.long) for each in (
            ("nn.Linear(4, 4)", "nn.Linear(4, 4, bias=False)", "cannot use"),
            ("def build_model()", "def build()", "cannot use"),
            ("return relu_1, linear_0", "return relu_1", "other shapes"),
        )),
    ],
)  # fmt: skip
def test_a_wrong_file_is_found_out(right: str, wrong: str, words: str, tmp_path: Path) -> None:
    after = _two_outputs()
    bad, weights = tmp_path / "bad.py", tmp_path / "good.pth"
    text = model_source(after).text
    assert right in text
    bad.write_text(text.replace(right, wrong, 1))
    torch.save(after.state_dict(), weights)
    with pytest.raises(SaveRefused, match=words):
        verify(after, bad, weights, ())


def test_what_cannot_be_written_leaves_what_is_there(tmp_path: Path) -> None:
    after = _two_outputs()
    taken = take_home(after, tmp_path / "good.pth")
    before = taken.code.read_bytes()
    with pytest.raises(SaveRefused, match="exists already"):
        take_home(after, taken.weights)
    with pytest.raises(SaveRefused, match="does not exist"):
        take_home(after, tmp_path / "nowhere" / "x.pth")
    assert taken.code.read_bytes() == before
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_a_session_saves_the_code_with_a_re_wired_model_and_not_else(tmp_path: Path) -> None:
    session = _edited("Sequential(Linear(4, 3), ReLU())", "2,4", Replace("0", "Linear(4, 5)"))
    session.save(tmp_path / "plain.pth")
    assert not (tmp_path / "plain.py").exists()
    session.apply(AddOutput("", "0"))
    session.save(tmp_path / "wired.pth")
    assert (tmp_path / "wired.py").exists()
    assert session.history.is_clean


def test_a_whole_model_opens_with_the_code_that_lies_beside_it(tmp_path: Path) -> None:
    session = _edited("Sequential(Linear(4, 3), ReLU())", "2,4", AddOutput("", "0"))
    taken = take_home(session.document, tmp_path / "whole.pth", SaveOptions("whole model"))
    script = (
        "import sys, torch; sys.path.insert(0, sys.argv[1])\n"
        "print(type(torch.load(sys.argv[2], weights_only=False)))"
    )
    command = [sys.executable, "-I", "-c", script, str(tmp_path), str(taken.weights)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "<class 'whole.RewiredSequential'>"
    again = core.open(
        str(taken.weights), classes=taken.code, trust=True, inputs=parse_inputs("2,4")
    )
    assert not again.problems
    assert all(
        torch.equal(tensor, again.document.state_dict()[name])
        for name, tensor in session.document.state_dict().items()
    )


def test_blocks_of_our_own_are_written_out() -> None:
    """A U-Net with an input deep inside, whose next convolution stands deeper still."""
    from core.blocks import UNet

    fed = document(lambda: UNet(3, 2, width=4, depth=2), "1,3,16,16")
    after = AddInput("up1", "extra", (1, 2, 8, 8), before="conv").apply(fed)
    assert after.module("up1.conv.double_conv.0").in_channels == 18
    after = AddOutput("", "down1").apply(after)
    text = model_source(after).text
    assert "class UNet(nn.Module):" in text
    assert "import core" not in text
    assert "from core" not in text
    scope: dict[str, object] = {"__name__": "written"}
    exec(compile(text, "written.py", "exec"), scope)
    built = scope["build_model"]().eval()  # type: ignore[operator]
    built.load_state_dict(after.state_dict(), strict=True)


def test_a_model_with_a_problem_is_saved_all_the_same_where_that_is_wanted(tmp_path: Path) -> None:
    session = _edited(
        "Sequential(Linear(4, 3), ReLU())", "2,4", AddOutput("", "0"), Replace("1", "Linear(9, 9)")
    )
    taken = take_home(session.document, tmp_path / "broken.pth")
    assert taken.verdict.difference is None
    assert "does not run" in str(taken.verdict)


def _dropping(text: str = "Sequential(a=Linear(4, 4), b=ReLU())") -> Document:
    return _edited(text, "2,4", InsertOnEdge("", "a", "b", "Dropout(0.1)", "drop")).document


def test_weights_in_another_form_go_with_code_that_was_tried_too(tmp_path: Path) -> None:
    options = SaveOptions(dtype="float16")
    taken = take_home(_dropping(), tmp_path / "half.safetensors", options)
    assert taken.verdict.difference == 0.0  # of the model as it is; what was written is rounded
    assert load_file(taken.weights)["a.weight"].dtype == torch.float16
    assert taken.files == (tmp_path / "half.py", tmp_path / "half.safetensors")


@pytest.mark.parametrize("name", ["torch.pth", "torch.safetensors"])
def test_code_never_stands_in_the_way_of_what_it_imports(name: str, tmp_path: Path) -> None:
    with pytest.raises(SaveRefused, match=r"imports another torch itself"):
        take_home(_dropping(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_file_is_not_written_over_by_code_that_imports_it(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.a = nn.Linear(4, 4)\n        self.b = nn.ReLU()\n\n"
        "    def forward(self, x):\n        return self.b(self.a(x))\n"
    )
    before = own.read_text()
    with pytest.raises(SaveRefused, match=r"mine\.py"):
        take_home(_dropping(f"{own}:Net"), tmp_path / "mine.pth", overwrite=True)
    assert own.read_text() == before
    assert not (tmp_path / "mine.pth").exists()


def test_stopping_before_the_end_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        take_home(_dropping(), tmp_path / "net.pth", cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []
