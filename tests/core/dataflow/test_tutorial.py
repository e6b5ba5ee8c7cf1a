"""Section 3 of the tutorial, by hand in plain PyTorch and by edits."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from core.analysis import analyse
from core.dataflow import is_rewired
from core.document import Document, ledger, parse_inputs
from core.edits import (
    AddInput,
    AddNode,
    AddOutput,
    Connect,
    History,
    InsertOnEdge,
    Replace,
    Wrap,
)
from tests.core.dataflow.flows import agree, outputs


def _net() -> nn.Module:
    from torchvision.models import resnet18

    return resnet18()


class WithInput(nn.Module):
    """Section 3.2 as it stands there."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.fc_add = nn.Linear(1001, 10, bias=True)
        self.output = nn.Softmax(dim=1)

    def forward(self, x: Tensor, add_variable: Tensor) -> Tensor:
        x = self.net(x)
        x = torch.cat((self.dropout(self.relu(x)), add_variable.unsqueeze(1)), 1)
        x = self.fc_add(x)
        return self.output(x)


class WithOutput(nn.Module):
    """Section 3.3 as it stands there, less the input that it does not use."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.fc1 = nn.Linear(1000, 10, bias=True)
        self.output = nn.Softmax(dim=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x1000 = self.net(x)
        x10 = self.dropout(self.relu(x1000))
        x10 = self.fc1(x10)
        x10 = self.output(x10)
        return x10, x1000


def _hand_made(kind: type[nn.Module], ours: Document) -> nn.Module:
    """Build the tutorial's class and copy our weights into it by name."""
    model = kind(_net()).eval()
    model.load_state_dict(ours.root.state_dict(), strict=True)
    return model


def test_another_head_is_the_tutorials_model() -> None:
    head = "Sequential(fc1=Linear(512, 128), relu1=ReLU(), dropout1=Dropout(0.5),"
    head += " fc2=Linear(128, 10), output=Softmax(dim=1))"
    before = Document.of(_net(), parse_inputs("3,3,64,64"))
    ours = Replace("fc", head).apply(before)
    by_hand = _net().eval()
    by_hand.fc = nn.Sequential(
        OrderedDict(
            fc1=nn.Linear(512, 128),
            relu1=nn.ReLU(),
            dropout1=nn.Dropout(0.5),
            fc2=nn.Linear(128, 10),
            output=nn.Softmax(dim=1),
        )
    )
    by_hand.load_state_dict(ours.root.state_dict(), strict=True)
    assert agree(ours.root, by_hand, ours)
    kept = [name for name in before.state_dict() if not name.startswith("fc.")]
    assert all(torch.equal(ours.state_dict()[name], before.state_dict()[name]) for name in kept)


def test_an_external_input_through_a_wrapper_is_the_tutorials_model() -> None:
    history = History(Document.of(_net(), parse_inputs("3,3,64,64")))
    first = history.document
    for edit in (
        Wrap("", "Model", "net"),
        AddNode("", "ReLU()", ("net",), "relu"),
        AddNode("", "Dropout(0.5)", ("relu",), "dropout"),
        AddNode("", "Linear(1000, 10)", ("dropout",), "fc_add"),
        AddNode("", "Softmax(dim=1)", ("fc_add",), "output"),
        Connect("", "output", "output"),
        AddInput("", "add_variable", (3,), before="fc_add", dim=1, unsqueeze=1),
    ):
        history.do(edit)
    ours = history.document
    assert type(ours.root).__name__ == "Model"
    assert ours.module("fc_add").in_features == 1001
    assert [str(each) for each in ours.inputs] == ["3,3,64,64", "3"]
    report = analyse(ours)
    assert not report.problems
    assert report.output is not None
    assert report.output.shape == (3, 10)
    assert agree(ours.root, _hand_made(WithInput, ours), ours)
    history.jump(0)
    assert history.document is first


def test_an_external_input_without_a_wrapper_widens_the_last_layer() -> None:
    """The trained columns stay, so an input of zeros changes nothing."""
    before = Document.of(_net(), parse_inputs("3,3,64,64"))
    after = AddInput("", "add_variable", (3,), before="fc", unsqueeze=1).apply(before)
    fc, old = after.module("fc"), before.module("fc")
    assert torch.equal(fc.weight[:, :512], old.weight)
    assert fc.weight.shape == (1000, 513)
    entry = next(e for e in ledger(before, after).entries if e.name == "fc.weight")
    assert (entry.status, entry.kept) == ("sliced", 512_000)
    x = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        zero = after.model()(x, torch.zeros(3))
        assert torch.allclose(zero, before.model()(x), atol=1e-5)
        more = after.model()(x, torch.ones(3))
        assert torch.allclose(more - zero, fc.weight[:, 512].expand(3, -1), atol=1e-5)


def test_an_extra_output_is_the_tutorials_model() -> None:
    history = History(Document.of(_net(), parse_inputs("3,3,64,64")))
    for edit in (
        Wrap("", "Model", "net"),
        InsertOnEdge("", "net", "output", "ReLU()", "relu"),
        InsertOnEdge("", "relu", "output", "Dropout(0.5)", "dropout"),
        InsertOnEdge("", "dropout", "output", "Linear(1000, 10)", "fc1"),
        InsertOnEdge("", "fc1", "output", "Softmax(dim=1)", "output"),
        AddOutput("", "net"),
    ):
        history.do(edit)
    ours = history.document
    assert not analyse(ours).problems
    assert agree(ours.root, _hand_made(WithOutput, ours), ours)
    out10, out1000 = outputs(ours.root, ours, training=False)
    assert out10.shape == (3, 10)
    assert out1000.shape == (3, 1000)


def test_an_output_can_also_be_taken_inside_the_model() -> None:
    fed = Document.of(_net(), parse_inputs("2,3,64,64"))
    after = AddOutput("", "avgpool", "features").apply(fed)
    seen: list[Tensor] = []
    model = fed.model()
    model.avgpool.register_forward_hook(lambda m, i, o: seen.append(o))  # type: ignore[union-attr]
    args, kwargs = fed.example_inputs()
    with torch.no_grad():
        plain = model(*args, **kwargs)
        main, extra = after.model()(*args, **kwargs)
    assert torch.equal(main, plain)
    assert torch.equal(extra, seen[0])
    assert is_rewired(after.root)
