"""A module saved as a block builds the same module again, elsewhere and with other numbers."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import core
from core.catalog import build
from core.document import parse_inputs
from core.edits import AddNode, Connect, Group, InsertOnEdge, Replace, Wrap
from core.errors import SaveRefused
from core.export import (
    BlockParameter,
    block_source,
    model_source,
    numbers_in,
    save_block,
    suggest_parameters,
    take_home,
)
from tests.core.dataflow.flows import agree, document
from tests.core.dataflow.odd_forwards import READABLE
from tests.zoo import ZOO

#: What no text can build, and a word of the reason.
UNWRITABLE = {"hooked": "has hooks", "weight norm": "has parametrizations"}

pytestmark = pytest.mark.usefixtures("shelf")

CHAIN = "Sequential(a=Conv2d(3, 16, 3, padding=1), b=BatchNorm2d(16), c=ReLU(), d=Conv2d(16, 8, 1))"
OWN = Path(__file__).parent / "own_net.py"


def _session(text: str, inputs: str | None = None) -> core.Session:
    return core.open(text, inputs=None if inputs is None else parse_inputs(inputs), trust=True)


def _copied(module: nn.Module, spec: str) -> nn.Module:
    block = build(spec).eval()
    block.load_state_dict(module.state_dict(), strict=True)
    return block


def _suggested(session: core.Session, path: str) -> dict[str, object]:
    return {each.name: each.default for each in suggest_parameters(session.document, path)}


MODULES = [
    ("resnet18", "layer2.0", (1, 64, 16, 16), {"inplanes": 64, "planes": 128}),
    ("resnet18", "layer1", (1, 64, 16, 16), {"channels": 64}),
    ("resnet50", "layer1.0", (1, 64, 16, 16), {"inplanes": 64}),
    ("mobilenet_v2", "features.3", (1, 24, 16, 16), {"inp": 24, "oup": 24}),
    ("UNet(3, 2)", "", (1, 3, 32, 32), {"n_channels": 3, "n_classes": 2}),
    ("vgg11", "features", (1, 3, 32, 32), {"in_channels": 3}),
]


@pytest.mark.parametrize(("source", "path", "shape", "parameters"), MODULES)
def test_a_module_of_a_model_becomes_a_block_with_its_sizes_as_parameters(
    source: str, path: str, shape: tuple[int, ...], parameters: dict[str, int]
) -> None:
    session = _session(source)
    found = _suggested(session, path)
    assert parameters.items() <= found.items()
    save_block(session.document, path, "Saved")
    layer = core.find_layer("Saved")
    assert {each.name: each.default for each in layer.parameters} == found
    module, x = session.document.module(path), torch.randn(shape)
    assert torch.equal(_copied(module, "Saved()")(x), module(x))
    name = next(iter(parameters))
    other = build(f"Saved({name}={2 * parameters[name]})").eval()
    wide = torch.randn(shape[0], 2 * shape[1], *shape[2:])
    assert other(wide).shape[0] == 1


def test_grouped_steps_become_a_block_that_stands_alone() -> None:
    session = _session(CHAIN, "2,3,8,8")
    session.apply(Group("", ("a", "b", "c"), "stem", "Stem"))
    assert _suggested(session, "stem") == {"in_channels": 3, "out_channels": 16}
    file = save_block(session.document, "stem", "Stem", summary="How it begins")
    text = file.path.read_text()
    assert text.startswith('"""How it begins.')
    assert "self.a = nn.Conv2d(in_channels, out_channels, 3, padding=1)" in text
    assert "self.b = nn.BatchNorm2d(out_channels)" in text
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(_copied(session.document.module("stem"), "Stem()")(x),
                       session.document.module("stem")(x))  # fmt: skip
    assert build("Stem(1, 6)")(torch.randn(1, 1, 4, 4)).shape == (1, 6, 4, 4)


def test_what_is_laid_side_by_side_is_a_sum_of_parameters() -> None:
    session = _session("Sequential(a=Conv2d(3, 16, 1), b=Conv2d(16, 4, 1), c=Conv2d(20, 8, 1))",
                       "1,3,8,8")  # fmt: skip
    session.apply(AddNode("", "cat(1)", ("b", "a"), "both"))
    session.apply(Connect("", "both", "c"))
    session.apply(Group("", ("a", "b", "both", "c"), "dense", "Dense"))
    text = save_block(session.document, "dense", "Dense").path.read_text()
    assert "nn.Conv2d(mid_channels + mid_channels_2, out_channels, 1)" in text
    assert build("Dense(5, 6, 7, 9)")(torch.randn(1, 5, 4, 4)).shape == (1, 9, 4, 4)


def test_a_re_wired_class_becomes_a_block_of_the_same_class() -> None:
    from torchvision.models.resnet import BasicBlock

    session = _session("resnet18", "1,3,32,32")
    session.apply(InsertOnEdge("layer2.0", "bn1", "relu", "Dropout2d(0.3)", "drop"))
    session.apply(Replace("layer2.0.conv2", "Conv2d(128, 128, 5, padding=2)"))
    save_block(session.document, "layer2.0", "Dropping")
    block = _copied(session.document.module("layer2.0"), "Dropping()")
    assert isinstance(block, BasicBlock)
    x = torch.randn(1, 64, 8, 8)
    assert torch.equal(block(x), session.document.module("layer2.0")(x))


def test_a_module_with_re_wired_ones_inside_brings_their_classes() -> None:
    session = _session("resnet18", "1,3,32,32")
    session.apply(InsertOnEdge("layer1.1", "bn1", "relu", "Dropout2d(0.3)", "drop"))
    text = save_block(session.document, "layer1", "Stage").path.read_text()
    assert "class RewiredBasicBlock(BasicBlock):" in text
    x = torch.randn(1, 64, 8, 8)
    block = _copied(session.document.module("layer1"), "Stage()")
    assert torch.equal(block(x), session.document.module("layer1")(x))


def test_a_users_own_class_goes_along_in_the_text() -> None:
    session = _session(f"{OWN}:Net(6)", "2,3")
    text = block_source(session.document, "", "Mine")
    assert "import Net" not in text
    assert "class Net(nn.Module):" in text
    assert "def scaled(" in text
    save_block(session.document, "", "Mine")
    x = torch.randn(2, 3)
    assert torch.equal(_copied(session.document.root, "Mine()")(x), session.document.root(x))


def test_blocks_of_blocks_stand_alone_too(tmp_path: Path) -> None:
    """In a process that has no Modelwright, and not the other block's file."""
    session = _session(CHAIN, "2,3,8,8")
    session.apply(Group("", ("b", "c"), "post", "Post"))
    save_block(session.document, "post", "Post")
    again = _session("Sequential(UNet(3, 2), Post(2))", "1,3,32,32")
    path = save_block(again.document, "", "Both").path
    given = core.export_block("Both", tmp_path / "both.py")
    assert path.read_bytes() == given.read_bytes()
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import torch, both;"
        "print(tuple(both.Both()(torch.zeros(1, 3, 32, 32)).shape));"
        "assert not {'core', 'app'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "(1, 2, 32, 32)", done.stderr


def test_the_user_chooses_which_numbers_are_parameters() -> None:
    session = _session(CHAIN, "2,3,8,8")
    numbers = numbers_in(session.document, "")
    assert (numbers["a.kernel_size"], numbers["d.out_channels"]) == (3, 8)
    chosen = (
        BlockParameter("classes", 8, ("d.out_channels",)),
        BlockParameter("kernel", 3, ("a.kernel_size",)),
    )
    save_block(session.document, "", "Chosen", chosen)
    assert [each.name for each in core.find_layer("Chosen").parameters] == ["classes", "kernel"]
    assert build("Chosen(5, 1)")(torch.randn(1, 3, 4, 4)).shape == (1, 5, 6, 6)


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        (BlockParameter("x", 3, ("z.in_channels",)), "no number at z.in_channels"),
        (BlockParameter("x", 4, ("a.in_channels",)), "At a.in_channels stands 3"),
        (BlockParameter("for", 3, ("a.in_channels",)), "no name for a parameter"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(parameter: BlockParameter, said: str) -> None:
    session = _session(CHAIN, "2,3,8,8")
    with pytest.raises(SaveRefused, match=said):
        save_block(session.document, "", "Chosen", (parameter,))
    assert core.block_files() == ()


def test_a_module_that_nobody_saw_being_built_is_refused() -> None:
    from core.document import Document

    class Opaque(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.inner = nn.Linear(width, width)

    document = Document.of(nn.Sequential(Opaque(3)))
    with pytest.raises(SaveRefused, match="was not built here"):
        save_block(document, "0", "Saved")


def test_a_model_with_a_block_goes_home_with_the_blocks_class_in_its_code(tmp_path: Path) -> None:
    session = _session(CHAIN, "2,3,8,8")
    session.apply(Group("", ("a", "b", "c"), "stem", "Stem"))
    save_block(session.document, "stem", "Stem")
    other = _session("resnet18", "2,3,32,32")
    assert not other.needs_code
    other.apply(Replace("maxpool", "Stem(64, 64)"))
    assert other.needs_code
    taken = take_home(other.document, tmp_path / "mine.pth")
    assert taken.verdict.difference == 0.0
    text = taken.code.read_text()
    assert "class Stem(nn.Module):" in text
    assert "net.maxpool = Stem(in_channels=64, out_channels=64)" in text
    assert "modelwright" not in text.lower()


def test_a_re_wired_model_with_a_block_goes_home_whole(tmp_path: Path) -> None:
    from core.checkpoint import SaveOptions

    session = _session(CHAIN, "2,3,8,8")
    session.apply(Group("", ("b", "c"), "post", "Post"))
    save_block(session.document, "post", "Post")
    other = _session("resnet18", "2,3,32,32")
    other.apply(InsertOnEdge("", "bn1", "relu", "Post(64)", "post"))
    other.apply(Wrap("", "Model", "net"))
    taken = take_home(other.document, tmp_path / "mine.pth", SaveOptions("whole model"))
    assert taken.verdict.difference == 0.0
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import torch;"
        f"net = torch.load({str(taken.weights)!r}, weights_only=False);"
        "print(type(net.net.post).__name__, tuple(net.eval()(torch.zeros(1, 3, 32, 32)).shape))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "Post (1, 1000)", done.stderr


def test_two_versions_of_a_block_in_one_model_are_told_apart() -> None:
    session = _session(CHAIN, "2,3,8,8")
    session.apply(Group("", ("b", "c"), "post", "Post"))
    save_block(session.document, "post", "Post")
    other = _session("Sequential(Post(3))", "2,3,8,8")
    session.apply(InsertOnEdge("post", "b", "c", "Dropout2d(0.5)", "drop"))
    save_block(session.document, "post", "Post", overwrite=True)
    other.apply(core.Insert("", 1, "Post(3)"))
    with pytest.raises(SaveRefused, match="different things called Post"):
        model_source(other.document)


@pytest.mark.parametrize("name", sorted({**ZOO, **READABLE}))
def test_any_odd_model_becomes_a_block_that_gives_the_same_or_says_why_not(name: str) -> None:
    fed = document(*{**ZOO, **READABLE}[name])
    if name in UNWRITABLE:
        with pytest.raises(SaveRefused, match=UNWRITABLE[name]):
            save_block(fed, "", "Odd")
        return
    save_block(fed, "", "Odd")
    block = _copied(fed.root, "Odd()")
    assert agree(block, fed.root, fed)
    parameters = core.find_layer("Odd").parameters
    assert all(not each.required for each in parameters)
