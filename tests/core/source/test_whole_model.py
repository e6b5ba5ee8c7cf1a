"""Whole models out of files: plain ``torch.load(weights_only=False)`` is the oracle."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

import core
from core.errors import MissingClass, NotAllowed, NotTrusted, SourceError
from core.files import read_contents
from core.source import open_source

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(x)
"""


@pytest.fixture
def users(tmp_path: Path) -> tuple[Path, Path]:
    """A whole model of a user's class, saved by a process that had it, and the class's file."""
    (tmp_path / "mynet.py").write_text(NET)
    code = "import torch, mynet; torch.save(mynet.Net(), 'net.pth')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    return tmp_path / "net.pth", tmp_path / "mynet.py"


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "DataParallel"])
def test_a_model_of_torchvision(wrapped: bool, tmp_path: Path) -> None:
    net = models.resnet18(num_classes=3).eval()
    what = nn.DataParallel(net) if wrapped else net
    torch.save(what, tmp_path / "net.pth")
    document = open_source(str(tmp_path / "net.pth"))
    assert type(document.root) is models.ResNet
    x = torch.randn(1, 3, 64, 64)
    assert torch.equal(document.root(x), net(x))
    assert any("DataParallel" in note for note in document.notes) == wrapped


@pytest.mark.parametrize(
    "name",
    [
        "mobilenet_v2",
        "swin_t",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("alexnet", "efficientnet_b0", "vit_b_16", "convnext_tiny")
        ),
    ],
)
def test_others_of_torchvision(name: str, tmp_path: Path) -> None:
    """What opens, opens as itself; what does not says by name what would have to be allowed."""
    net = models.get_model(name).eval()
    file = tmp_path / "net.pth"
    torch.save(net, file)
    names = {each.name for each in read_contents(file).dangerous}
    if names:
        with pytest.raises(NotAllowed) as refused:
            open_source(str(file))
        assert set(refused.value.names) == names
    document = open_source(str(file), allow=names)
    assert type(document.root) is type(net)
    for key, tensor in document.state_dict().items():
        assert torch.equal(tensor, net.state_dict()[key])


@pytest.mark.parametrize(
    ("name", "wrapped"),
    [
        ("resnet18", False),
        ("resnet18", True),
        pytest.param("swin_t", False, marks=pytest.mark.long),
    ],
)
def test_the_old_format_opens_as_well(name: str, wrapped: bool, tmp_path: Path) -> None:
    file, net = tmp_path / "net.pth", models.get_model(name).eval()
    what = nn.DataParallel(net) if wrapped else net
    torch.save(what, file, _use_new_zipfile_serialization=False)
    names = {each.name for each in read_contents(file).dangerous}
    if names:
        with pytest.raises(NotAllowed):
            open_source(str(file))
    document = open_source(str(file), allow=names)
    assert type(document.root) is type(net)
    assert any("DataParallel" in note for note in document.notes) == wrapped
    assert list(document.state_dict()) == list(net.state_dict())
    for key, tensor in document.state_dict().items():
        assert torch.equal(tensor, net.state_dict()[key])
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():  # mapped weights lie at other addresses, and are added up otherwise
        torch.testing.assert_close(document.root(x), net(x))
    again = document.model()  # one to train: hooks, buffers and state dicts work
    again.register_forward_hook(lambda *_: None)
    again.register_buffer("more", torch.zeros(1))
    net.load_state_dict(document.root.state_dict(), strict=True)


class Tied(nn.Module):
    """One weight at two places, a buffer that does not persist, sets and tuples."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(3, 3), nn.Linear(3, 3)
        self.other.weight = self.one.weight
        self.again = self.one
        self.register_buffer("passing", torch.ones(3), persistent=False)
        self.facts = {"names": {"a", "b"}, "size": (1, 2), "dtype": torch.float16}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.again(self.other(x)) * self.passing  # type: ignore[no-any-return,operator]


def test_the_old_format_keeps_what_is_one(tmp_path: Path) -> None:
    net = Tied().eval()
    torch.save(net, tmp_path / "net.pth", _use_new_zipfile_serialization=False)
    document = open_source(str(tmp_path / "net.pth"), allow=[f"{__name__}.Tied"])
    there: Any = document.root
    assert there.one is there.again
    assert there.one.weight is there.other.weight
    assert list(there.state_dict()) == list(net.state_dict())
    assert there.facts == net.facts
    x = torch.randn(2, 3)
    assert torch.equal(there(x), net(x))


def test_the_old_format_asks_for_the_class_as_well(tmp_path: Path) -> None:
    (tmp_path / "mynet.py").write_text(NET)
    code = (
        "import torch, mynet\n"
        "torch.save(mynet.Net(), 'net.pth', _use_new_zipfile_serialization=False)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    file, classes = str(tmp_path / "net.pth"), tmp_path / "mynet.py"
    with pytest.raises(NotAllowed, match=r"mynet\.Net"):
        open_source(file)
    with pytest.raises(MissingClass):
        open_source(file, allow=["mynet.Net"])
    with pytest.raises(NotTrusted):
        open_source(file, classes=classes)
    document = open_source(file, classes=classes, trust=True)
    assert type(document.root).__name__ == "Net"
    there = read_contents(file).weights[0].tensors
    assert list(document.state_dict()) == list(there) == ["fc.weight", "fc.bias"]
    assert document.root(torch.ones(1, 3)).shape == (1, 2)


def test_a_module_that_lacks_what_it_needs(tmp_path: Path) -> None:
    """The old format has no checksums: a byte of an attribute's name may be another."""
    file = tmp_path / "net.pth"
    torch.save(nn.Sequential(nn.Linear(3, 2)), file, _use_new_zipfile_serialization=False)
    file.write_bytes(file.read_bytes().replace(b"in_features", b"in_feXtures"))
    with pytest.raises(SourceError, match=r"is not whole.*in_features.*weights can still"):
        open_source(str(file))


def test_the_old_format_runs_nothing(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return eval, (f"open({str(tmp_path / 'canary')!r}, 'w')",)

    net = nn.Linear(2, 2)
    net.evil = Evil()  # type: ignore[assignment]
    torch.save(net, tmp_path / "net.pth", _use_new_zipfile_serialization=False)
    with pytest.raises(NotAllowed, match=r"builtins\.eval"):
        open_source(str(tmp_path / "net.pth"))
    assert not (tmp_path / "canary").exists()


def test_an_edit_and_a_report_of_it(tmp_path: Path) -> None:
    torch.save(models.resnet18(), tmp_path / "net.pth")
    model = core.open(str(tmp_path / "net.pth"), inputs="1,3,64,64")
    model.apply("fc = Linear(512, 4)")
    assert model.report.output.shape == (1, 4)
    assert not model.problems


def test_a_users_class_is_listed_and_allowed_by_name(
    users: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, module = users
    with pytest.raises(NotAllowed, match=r"mynet\.Net") as refused:
        open_source(str(file))
    assert refused.value.names == ("mynet.Net",)
    with pytest.raises(MissingClass, match=r"Give the \.py that defines Net"):
        open_source(str(file), allow=["mynet.Net"])
    monkeypatch.syspath_prepend(module.parent)
    document = open_source(str(file), allow=["mynet.Net"])
    assert type(document.root).__name__ == "Net"
    sys.modules.pop("mynet")


def test_a_users_class_out_of_its_file(users: tuple[Path, Path]) -> None:
    file, module = users
    with pytest.raises(NotTrusted):
        open_source(str(file), classes=module)
    document = open_source(str(file), classes=module, trust=True)
    assert type(document.root).__name__ == "Net"
    assert document.root(torch.randn(2, 3)).shape == (2, 2)


class _Evil:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def test_code_is_never_run_whatever_else_is_allowed(tmp_path: Path) -> None:
    net = nn.Linear(2, 2)
    net.evil = _Evil(f"touch '{tmp_path / 'canary'}'")
    torch.save(net, tmp_path / "net.pth")
    with pytest.raises(NotAllowed, match="runs a shell command"):
        open_source(str(tmp_path / "net.pth"))
    with pytest.raises(NotAllowed):
        open_source(str(tmp_path / "net.pth"), allow=["mynet.Net"])
    assert not (tmp_path / "canary").exists()


def test_weights_without_a_model_say_which_it_is(tmp_path: Path) -> None:
    torch.save(models.resnet18(num_classes=5).state_dict(), tmp_path / "w.pth")
    with pytest.raises(SourceError, match=r"looks like torchvision:resnet18\(num_classes=5\)"):
        open_source(str(tmp_path / "w.pth"))
    with pytest.raises(SourceError, match="does not exist"):
        open_source(str(tmp_path / "gone.pth"))
