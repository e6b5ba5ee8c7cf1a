"""Opening models by every form of source, and the sentences for what cannot be opened."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from core.document import parse_inputs, record_of
from core.errors import NotTrusted, SourceError, SpecError, TooLarge
from core.source import memory, models, open_source, torchvision as ours

NET = """
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return self.conv(x)

class Net(nn.Module):
    def __init__(self, in_ch, classes=2):
        super().__init__()
        self.stem = nn.Conv2d(in_ch, 8, 3)
        self.block = Block(8)
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.block(self.stem(x)).mean((2, 3)))

class Plain:
    pass

number = 3
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    file = tmp_path / "net.py"
    file.write_text(NET)
    return file


def test_a_torchvision_model_by_name_has_records_and_inputs() -> None:
    document = open_source("resnet18(num_classes=3)")
    assert document.source.text == "torchvision:resnet18(num_classes=3)"
    assert document.module("fc").out_features == 3
    assert str(document.inputs[0]) == "1,3,224,224"
    record = record_of(document.module("layer1.0"))
    assert record is not None
    assert record.bound()["planes"] == 64
    assert all(record_of(module) for _, module in document.modules())
    assert not document.root.training


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("inception_v3", "1,3,299,299"),
        ("vit_b_16", "1,3,224,224"),
        ("lraspp_mobilenet_v3_large", "1,3,224,224"),
        ("r3d_18", "1,3,16,112,112"),
        ("raft_small", "1,3,128,128; 1,3,128,128"),
        ("ssdlite320_mobilenet_v3_large", "[3,320,320]"),
        ("quantized_mobilenet_v2", "1,3,224,224"),
    ],
)
def test_default_inputs_suit_the_task(name: str, inputs: str) -> None:
    document = open_source(name, structure=True)
    assert "; ".join(map(str, document.inputs)) == inputs


def test_other_inputs_are_taken_when_given() -> None:
    wanted = parse_inputs("4,3,64,64")
    assert open_source("resnet18", inputs=wanted).inputs == wanted


def test_an_expression_builds_a_model_from_nothing() -> None:
    document = open_source("nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))")
    assert document.source.text == "Sequential(Linear(784, 256), ReLU(), Linear(256, 10))"
    assert str(document.inputs[0]) == "1,784"


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("Conv1d(4, 2, 3)", "1,4,128"),
        ("Conv3d(1, 2, 3)", "1,1,16,112,112"),
        ("Embedding(10, 4)", "1,16:int64"),
        ("LSTM(6, 4, batch_first=True)", "1,16,6"),
        ("ReLU()", ""),
        ("Bilinear(3, 4, 5)", ""),
    ],
)
def test_inputs_are_guessed_from_the_first_layer(text: str, inputs: str) -> None:
    document = open_source(text)
    assert "; ".join(map(str, document.inputs)) == inputs
    assert bool(document.source.notes) == (not inputs)


def test_lazy_layers_get_their_shapes() -> None:
    document = open_source("Sequential(Linear(6, 5), LazyLinear(3))")
    assert type(document.module("1")) is nn.Linear
    assert document.module("1").in_features == 5


def test_an_import_path_of_a_known_package() -> None:
    document = open_source("torchvision.models.resnet:resnet18(num_classes=7)")
    assert document.module("fc").out_features == 7


def test_timm_models() -> None:
    pytest.importorskip("timm")
    document = open_source("timm:resnet10t(num_classes=4)")
    assert document.source.kind == "timm"
    with pytest.raises(SourceError, match="Did you mean"):
        open_source("timm:resnet10tt")


def test_a_file_is_run_only_after_a_yes(net: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    net.write_text(f"open({str(canary)!r}, 'w')\n" + NET)
    with pytest.raises(NotTrusted, match=r"net\.py.*Block, Net"):
        open_source(f"{net}:Net(in_ch=3)")
    asked: list[Path] = []

    def no(path: Path) -> bool:
        asked.append(path)
        return False

    with pytest.raises(NotTrusted):
        open_source(f"{net}:Net(in_ch=3)", trust=no)
    assert asked == [net]
    assert not canary.exists()
    document = open_source(f"{net}:Net(in_ch=3)", trust=True)
    assert canary.exists()
    assert document.module("head").out_features == 2
    assert str(document.inputs[0]) == "1,3,224,224"


def test_a_file_may_import_its_neighbours(net: Path) -> None:
    (net.parent / "model_of_mine.py").write_text(
        "from net import Block\n\nclass Mine(Block):\n    pass\n"
    )
    document = open_source(f"{net.parent / 'model_of_mine.py'}:Mine(width=4)", trust=True)
    assert document.module("conv").in_channels == 4
    sys.modules.pop("net", None)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("", "there are Block, Net"),
        (":Nett", "Did you mean Net"),
        (":Net", r"needs in_ch: write .*Net\(in_ch=\.\.\.\)"),
        (":Plain", r"no torch\.nn\.Module"),
        (":number", "class was expected"),
        (":Net(in_ch=3, clases=4)", "clases"),
        (":Net(in_ch='three')", "could not be built"),
        (":Net(in_ch=open('x'))", "arguments are numbers"),
    ],
)
def test_what_a_file_does_not_give_is_said(net: Path, call: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(f"{net}{call}", trust=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("class Net(:\n", "line 1"),
        ("x = 1\nraise ValueError('no licence')\n", r"line 2 raised ValueError .*no licence"),
        ("import nothing_like_this\n", "nothing_like_this"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("x = 1\n", r"no class of torch\.nn\.Module"),
    ],
)
def test_a_file_that_cannot_be_imported_is_said(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text)
    with pytest.raises(SourceError, match=reason):
        open_source(str(file), trust=True)


def test_a_file_that_is_not_there_is_said_with_its_neighbours(net: Path) -> None:
    with pytest.raises(SourceError, match=r"Did you mean net\.py"):
        open_source(str(net.parent / "nett.py"), trust=True)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("resnet5", SourceError, "Did you mean resnet50"),
        ("torchvision:resnet5", SourceError, "Did you mean resnet50"),
        ("", SourceError, "A source is one of"),
        ("3 + 4", SourceError, "names no model"),
        ("Linaer(3, 4)", SpecError, "Did you mean Linear"),
        ("Linear(3)", SpecError, "out_features"),
        ("__import__('os').system('true')", SpecError, ""),
        ("resnet18(num_classes=x)", SourceError, "none of them"),
        ("resnet18(classes=3)", SourceError, "classes"),
        ("resnet18(num_classes=-3)", SourceError, "could not be built"),
        ("nowhere.models:net()", SourceError, "no package 'nowhere'"),
        ("torchvision.models:resnet19()", SourceError, "Did you mean"),
        ("json.decoder:JSONDecoder()", NotTrusted, "trust"),
    ],
)
def test_what_is_no_source_is_said(text: str, kind: type[Exception], reason: str) -> None:
    with pytest.raises(kind, match=reason):
        open_source(text)


def test_structure_only_is_chosen_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 50 * 2**20)
    document = open_source("resnet18")
    assert document.source.structure_only
    assert "44.6 MB" in document.source.notes[0]
    assert all(parameter.is_meta for parameter in document.root.parameters())
    monkeypatch.setattr(memory, "available_memory", lambda: 20 * 2**20)
    with pytest.raises(TooLarge, match=r"44\.6 MB .* 20\.0 MB"):
        open_source("resnet18", structure=False)


def test_a_model_larger_than_any_memory_is_opened_as_a_structure() -> None:
    document = open_source("Sequential(Linear(1000000, 1000000), Linear(1000000, 1000000))")
    assert document.source.structure_only
    assert document.source.notes


def test_regnet_reads_numbers_while_building_and_is_a_structure_all_the_same() -> None:
    document = open_source("regnet_y_400mf", structure=True)
    assert all(parameter.is_meta for parameter in document.root.parameters())


def test_a_torchvision_that_cannot_be_imported_does_not_stop_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ours, "torchvision_problem", lambda: "torchvision is broken today.")
    with pytest.raises(SourceError, match="broken today"):
        open_source("torchvision:resnet18")
    assert open_source("Linear(3, 4)").module("").in_features == 3
    assert models() == []


def test_the_list_of_models_comes_from_metadata_alone() -> None:
    found = {entry.name: entry for entry in models("resnet50")}
    assert found["resnet50"].parameters == 25_557_032
    assert found["resnet50"].gflops == pytest.approx(4.089)
    assert found["resnet50"].score == pytest.approx(80.858)
    assert found["resnet50"].weights == ("IMAGENET1K_V1", "IMAGENET1K_V2")
    assert {entry.task for entry in models()} == {
        "classification", "segmentation", "detection", "video", "optical flow", "quantized",
    }  # fmt: skip


def test_opening_is_repeatable_with_a_seed() -> None:
    torch.manual_seed(3)
    one = open_source("resnet18").state_dict()
    torch.manual_seed(3)
    two = open_source("resnet18").state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
