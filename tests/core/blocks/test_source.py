"""What leaves the house: source that stands by itself, whole models that open anywhere."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import core
from core.blocks import BLOCKS, source_of, source_of_classes
from core.checkpoint import SaveOptions
from core.errors import NotAllowed, SaveRefused

WHOLE = SaveOptions(what="whole model")
MODELS = (
    "UNet(3, 2, width=4, depth=2)",
    'EncoderUNet("mobilenet_v3_small", 3, 2, width=2)',
    "Sequential(a=BasicBlock(3, 4), b=Linear(7, 7), c=CBAM(4), d=ASPP(4, (2, 3), 4))",
)


def run(code: str, *arguments: str | Path) -> str:
    """Run Python by itself: nothing of ours is on its path."""
    command = [sys.executable, "-I", "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported_by(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    return names - set(sys.stdlib_module_names)


def test_only_what_is_needed_is_written() -> None:
    assert source_of(core.open("Sequential(Linear(3, 2))").document) == ""
    source = source_of(core.open("UNet(3, 2, width=4)").document, 'Of a "net".')
    tree = ast.parse(source)
    assert str(ast.get_docstring(tree)).startswith("Of a 'net'.")
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert classes == ["DoubleConv", "Down", "Up", "OutConv", "UNet"]
    assert imported_by(source) == {"torch"}


def test_the_blocks_know_only_torch() -> None:
    assert imported_by(source_of_classes(BLOCKS)) == {"torch", "torchvision"}


ELSEWHERE = """
import sys; sys.path.insert(0, sys.argv[1])
import os, torch
os.chdir(sys.argv[1])

import ours  # the source of every block
net = ours.UNet(3, 2, width=2, depth=1)
assert net(torch.randn(1, 3, 9, 9)).shape == (1, 2, 9, 9)
net = ours.EncoderUNet("squeezenet1_1", 3, 2, width=2).eval()
assert net(torch.randn(1, 3, 65, 65)).shape == (1, 2, 65, 65)
ours.TransformerEncoderBlock(8, 2)(torch.randn(1, 3, 8)); ours.FPN([3, 4]); ours.ASPP(4)
ours.Bottleneck(4, 4); ours.InvertedResidual(4, 4); ours.CBAM(4); ours.AttentionGate(4, 4)
ours.SEBlock(4); ours.PatchEmbedding(3, 4); ours.Merge(4, 4, 4)

import net_code  # the source of one, and a state dict
net = net_code.UNet(3, 2, width=4, depth=2)
print(net.load_state_dict(torch.load("net.pth"), strict=True))

for number in range(int(sys.argv[2])):  # whole models
    net = torch.load(f"my-net.v{number}.pth", weights_only=False)
    with torch.no_grad():
        torch.save(net(torch.load(f"asked{number}.pt")), f"answer{number}.pt")
assert not any(name == "core" or name.startswith("core.") for name in sys.modules)
"""


def test_in_a_process_of_its_own_source_state_dict_and_whole_models_open(tmp_path: Path) -> None:
    """One process for all of it: importing PyTorch is what takes its time."""
    (tmp_path / "ours.py").write_text(source_of_classes(BLOCKS))
    session = core.open(MODELS[0])
    session.save(tmp_path / "net.pth")
    (tmp_path / "net_code.py").write_text(source_of(session.document))
    documents, asked = [], []
    for number, text in enumerate(MODELS):
        fed = "1,3,39,45" if "Linear" not in text else "1,3,39,7"
        documents.append(core.open(text, inputs=fed).document)
        asked.append(torch.randn(documents[-1].inputs[0].shape))
        files = core.save(documents[-1], tmp_path / f"my-net.v{number}.pth", WHOLE)
        names = [f"my_net_v{number}_blocks.py", f"my-net.v{number}.pth"]
        assert [each.name for each in files] == names
        torch.save(asked[-1], tmp_path / f"asked{number}.pt")
    assert "matched" in run(ELSEWHERE, tmp_path, str(len(MODELS)))
    for number, (document, x) in enumerate(zip(documents, asked, strict=True)):
        with torch.no_grad():
            assert torch.equal(torch.load(tmp_path / f"answer{number}.pt"), document.root(x))
        assert f"my_net_v{number}_blocks" not in sys.modules
        assert type(document.root).__module__.startswith(("core.blocks", "torch.nn"))


def test_modelwright_opens_it_again_with_its_own_classes(tmp_path: Path) -> None:
    document = core.open(MODELS[0]).document
    source, file = core.save(document, tmp_path / "net.pth", WHOLE)
    again = core.open(str(file)).document
    assert type(again.root) is core.blocks.UNet
    assert str(core.describe(again.root)) == MODELS[0]
    for name, tensor in document.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    source.write_text("raise SystemExit('this must not run')\n")
    with pytest.raises(NotAllowed, match=r"net_blocks\.UNet"):
        core.open(str(file))


def test_another_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    document = core.open(MODELS[0]).document
    mine = tmp_path / "net_blocks.py"
    mine.write_text("important = 1\n")
    with pytest.raises(SaveRefused, match=r"net_blocks\.py exists already and is something else"):
        core.save(document, tmp_path / "net.pth", WHOLE)
    assert mine.read_text() == "important = 1\n"
    assert not (tmp_path / "net.pth").exists()
    core.save(document, tmp_path / "net.pth", SaveOptions(what="whole model", overwrite=True))
    assert "class UNet" in mine.read_text()
    core.save(document, tmp_path / "net.pth", SaveOptions(what="whole model", overwrite=True))


def test_stopped_half_way_it_leaves_neither_file(tmp_path: Path) -> None:
    with pytest.raises(core.errors.Cancelled):
        core.save(
            core.open(MODELS[0]).document, tmp_path / "net.pth", WHOLE, cancelled=lambda: True
        )
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_blocks_needs_no_file(tmp_path: Path) -> None:
    document = core.open("Sequential(Linear(3, 2))").document
    assert core.save(document, tmp_path / "net.pth", WHOLE) == (tmp_path / "net.pth",)
    assert [each.name for each in tmp_path.iterdir()] == ["net.pth"]
