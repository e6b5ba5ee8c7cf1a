"""A file with several models is not run before somebody has said which one, and with what."""

from pathlib import Path

import pytest

from core.errors import NotTrusted, SourceError, Unchosen
from core.source import open_source

NET = """
open({ran!r}, "w")
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3)

class Net(nn.Module):
    def __init__(self, in_ch, classes=2):
        super().__init__()
        self.head = nn.Linear(in_ch, classes)

def tiny(): return Net(3)
"""


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    return tmp_path / "ran"


@pytest.fixture
def net(tmp_path: Path, ran: Path) -> Path:
    file = tmp_path / "net.py"
    file.write_text(NET.format(ran=str(ran)))
    return file


def test_several_are_listed_and_nothing_is_run_though_it_is_trusted(net: Path, ran: Path) -> None:
    with pytest.raises(Unchosen, match="there are Block, Net, tiny") as refused:
        open_source(str(net), trust=True)
    error = refused.value
    assert (error.path, error.text, error.chosen) == (net, str(net), "")
    assert [each.name for each in error.offers] == ["Block", "Net", "tiny"]
    assert not ran.exists()


def test_a_class_that_lacks_an_argument_says_which_and_keeps_the_others(
    net: Path, ran: Path
) -> None:
    with pytest.raises(Unchosen, match=r"needs in_ch: write .*Net\(in_ch=\.\.\.\)") as refused:
        open_source(f"{net}:Net(classes=5)", trust=True)
    assert refused.value.chosen == "Net"
    assert refused.value.given == {"classes": "5"}
    assert not ran.exists()


@pytest.mark.parametrize("call", ["Net(3)", "Net(in_ch=3)", "tiny()", "tiny"])
def test_what_is_named_and_complete_is_opened_after_a_yes(net: Path, call: str) -> None:
    with pytest.raises(NotTrusted):
        open_source(f"{net}:{call}")
    assert open_source(f"{net}:{call}", trust=True).module("head").in_features == 3


def test_the_only_class_is_opened_at_once_though_a_function_builds_it(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    body = "from torch import nn\nclass Net(nn.Module): pass\ndef build(): return Net()\n"
    file.write_text(body)
    assert open_source(str(file), trust=True).source.text == f"{file}:Net"


def test_the_only_class_that_needs_something_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self, width): ...\n"
    )
    with pytest.raises(Unchosen, match=r"Net in .* needs width"):
        open_source(str(file), trust=True)


def test_models_that_reading_does_not_find_are_found_by_running(tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.write_text(
        "from torch import nn\nfor n in 'AB': globals()[n] = type(n, (nn.Module,), {})\n"
    )
    with pytest.raises(SourceError, match="there are A, B"):
        open_source(str(file), trust=True)
    assert type(open_source(f"{file}:A", trust=True).root).__name__ == "A"
