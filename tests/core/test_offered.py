"""What a file offers is told without running it, and is what running it would find."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from core.errors import SourceError
from core.offered import Asked, Offer, likeliest, offers_in
from core.user_code import Code, imported

FILE = '''
import enum
import torch
import torch.nn as tnn
from torch import nn
from torch.nn import Module as Base

raise_if_run()

class Block(Base):
    """One convolution.

    And more to say.
    """
    def __init__(self, width: int, act=nn.ReLU, *, name: str = "a"):
        super().__init__()

class Deeper(Block): pass
class Row(tnn.Sequential): pass
class Plain: pass
class Colour(enum.Enum): RED = 1
class Weight(nn.Parameter): pass
class Round(torch.autograd.Function):
    def forward(ctx, x): return x
class _Hidden(nn.Module): pass

try:
    from there import Mine
except ImportError:
    class Mine(nn.Module): pass

if __name__ == "__main__":
    class Tried(nn.Module): pass

def small() -> "Block": return Block(3)
def large(): return Deeper(width=9)
def build_net(depth, /, width=3): ...
def get_model_name() -> str: ...
def train_model(model): ...
def forward(x): return nn.functional.relu(x)
def count(x) -> torch.Tensor: return x
'''


def offers(text: str, name: str = "net.py") -> dict[str, Offer]:
    return {each.name: each for each in offers_in(Code(Path(name), text.encode()))}


def test_modules_and_builders_are_offered_and_nothing_else() -> None:
    found = offers(FILE)
    assert list(found) == ["Block", "Deeper", "Row", "Mine", "small", "large", "build_net"]
    assert [each.kind for each in found.values()] == ["class"] * 4 + ["function"] * 3


def test_a_row_has_signature_docstring_and_line() -> None:
    block = offers(FILE)["Block"]
    assert block.signature == "Block(width, act=nn.ReLU, *, name='a')"
    assert block.about == "One convolution."
    assert FILE.splitlines()[block.line - 1].startswith("class Block")
    assert block.needed == ("width",)


def test_arguments_are_those_of_the_constructor_above_or_unknown() -> None:
    found = offers(FILE)
    assert found["Deeper"].asked == found["Block"].asked
    assert found["Row"].asked is None
    assert found["Mine"].asked == ()


def test_a_class_of_another_file_is_one_if_it_has_a_forward() -> None:
    text = (
        "from there import Part, Lit, LightningModule\nclass A(Part):\n    def forward(s, x): ..."
    )
    assert list(offers(text + "\nclass B(Part): pass\nclass C(LightningModule): pass")) == [
        "A",
        "C",
    ]


def test_a_class_above_itself_ends() -> None:
    assert offers("class A(B): pass\nclass B(A): pass") == {}


def test_hidden_ones_are_offered_where_there_is_nothing_else() -> None:
    text = "from torch import nn\nclass _Net(nn.Module): pass\n"
    assert list(offers(text)) == ["_Net"]
    assert list(offers(text + "class Net(nn.Module): pass")) == ["Net"]


def test_what_is_read_is_what_python_finds(tmp_path: Path) -> None:
    text = FILE.replace("raise_if_run()", "").replace("there", "nothing_there")
    file = tmp_path / "net.py"
    file.write_text(text)
    module = imported(Code.read(file))
    found = offers(text)
    real = {
        name
        for name, each in vars(module).items()
        if inspect.isclass(each) and issubclass(each, nn.Module)
        and each.__module__ == module.__name__ and not name.startswith("_")
    }  # fmt: skip
    assert {n for n, each in found.items() if each.kind == "class"} == real
    for name, offer in found.items():
        if offer.asked is not None:
            signature = inspect.signature(getattr(module, name))
            told = [n for n, p in signature.parameters.items() if p.kind < 4 and p.kind != 2]
            assert [each.name for each in offer.asked] == told
            needed = [n for n in told if signature.parameters[n].default is inspect.Parameter.empty]
            assert list(offer.needed) == needed


def test_the_last_class_is_the_likeliest() -> None:
    assert likeliest(tuple(offers(FILE).values())).name == "Mine"


NET = Offer("Net", "class", 1, (
    Asked("width"), Asked("mode", "'a'"), Asked("sizes", "(1, 2)"), Asked("note", None, "str"),
))  # fmt: skip


def test_what_was_typed_becomes_the_call() -> None:
    typed = {"width": " 8 ", "mode": "wide", "sizes": "3, 4", "note": "7"}
    assert NET.written(typed) == "Net(width=8, mode='wide', sizes=(3, 4), note='7')"
    assert NET.written({"width": "8", "note": "'x'"}) == "Net(width=8, note='x')"


def test_arguments_by_place_go_by_place() -> None:
    assert offers(FILE)["build_net"].written({"depth": "2", "width": "5"}) == (
        "build_net(2, width=5)"
    )


def test_unknown_arguments_are_taken_as_they_are_typed() -> None:
    assert offers(FILE)["Row"].written({"": "3, x=4"}) == "Row(3, x=4)"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"width": "8"}, "Net needs note."),
        ({}, "Net needs width and note."),
        ({"width": "open('x')", "note": "n"}, r"width is a number.*open\('x'\) came"),
    ],
)
def test_what_cannot_be_a_call_is_said(typed: dict[str, str], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        NET.written(typed)


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (Asked("in_ch"), "3"), (Asked("num_classes"), "10"), (Asked("x", None, "float"), "0.1"),
        (Asked("x", None, "list[int]"), "[16, 32]"), (Asked("x", None, "str"), "'...'"),
        (Asked("x", None, "typing.Sequence[int]"), "[16, 32]"), (Asked("depth"), "8"),
    ],
)  # fmt: skip
def test_examples_are_of_the_type_that_is_said(asked: Asked, value: Any) -> None:
    assert asked.example == value


@pytest.mark.parametrize("data", [b"class Net(:\n", b"\0\xff", b"(" * 5000, b"# coding: no\n"])
def test_what_is_no_python_is_said(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"net\.py"):
        offers_in(Code(Path("net.py"), data))
