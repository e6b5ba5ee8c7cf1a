"""What does not work is named at the deepest module, and the rest is still shown."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from core.analysis import analyse, clear_caches
from core.document import Document, InputSpec

IMAGE = (InputSpec(shape=(1, 3, 64, 64)),)


@pytest.fixture(scope="module")
def network():
    return Document.of(resnet18(), IMAGE)


def only(report):
    assert len(report.problems) == 1, report.problems
    return report.problems[0]


def test_a_wrong_head_is_named_with_where_its_input_comes_from(network):
    report = analyse(network.replace("fc", nn.Linear(77, 10)))
    problem = only(report)
    assert problem.path == "fc"
    assert problem.message == "fc expects 77 features, gets 512 from avgpool"
    assert "512" in problem.detail
    assert report.output.shape == (1, 10)
    assert report.module("fc").assumed
    assert not report.module("layer4").assumed


def test_everything_after_a_failure_is_still_shown(network):
    report = analyse(network.replace("layer2.0.conv2", nn.Conv2d(64, 128, 3, padding=1)))
    problem = only(report)
    assert problem.message == ("layer2.0.conv2 expects 64 channels, gets 128 from layer2.0.relu")
    assert report.module("layer4.1.bn2").output.shape == (1, 512, 2, 2)
    assert report.output.shape == (1, 1000)


def test_a_failing_sum_is_a_problem_of_the_block(network):
    block = nn.Sequential(nn.Conv2d(64, 96, 1, stride=2), nn.BatchNorm2d(96))
    report = analyse(network.replace("layer2.0.downsample", block))
    problem = only(report)
    assert problem.path == "layer2.0"
    assert problem.message == "layer2.0 cannot add 1×128×8×8 and 1×96×8×8"
    assert report.output.shape == (1, 1000)


def test_problems_are_remembered_like_anything_else(network):
    wrong = network.replace("fc", nn.Linear(77, 10))
    assert [p.message for p in analyse(wrong).problems] == [
        p.message for p in analyse(wrong).problems
    ]
    again = wrong.replace("layer1.0.bn1", nn.BatchNorm2d(64))
    assert only(analyse(again)).path == "fc"
    assert analyse(again.replace("fc", nn.Linear(512, 10))).problems == ()


def test_where_nothing_can_be_assumed_the_error_is_told_once():
    class Asks(nn.Module):
        def forward(self, x):
            return x.no_such_thing

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 4, 1)
            self.asks = Asks()
            self.last = nn.ReLU()

        def forward(self, x):
            try:
                x = self.asks(self.first(x))
            except AttributeError as error:
                raise ValueError("no luck") from error
            return self.last(x)

    report = analyse(Document.of(nn.Sequential(Outer()), IMAGE))
    problem = only(report)
    assert problem.path == "0.asks"
    assert "no_such_thing" in problem.detail
    assert report.module("0.first").output.shape == (1, 4, 64, 64)
    assert report.output is None
    assert report.macs is None
    assert not report.module("0.last").reached


def test_a_module_without_a_forward_is_a_problem():
    class Empty(nn.Module):
        pass

    problem = only(analyse(Document.of(nn.Sequential(Empty()), IMAGE)))
    assert problem.path == "0"
    assert "forward" in problem.message


MISFITS = {
    "conv_rank": (nn.Conv2d(3, 4, 3), (2, 8), "expects 4 dimensions (B, C, H, W), gets 2 (2×8)"),
    "conv_window": (nn.Conv2d(3, 4, 5), (1, 3, 4, 4), "expects at least 5×5"),
    "norm_channels": (nn.BatchNorm2d(4), (1, 3, 4, 4), "expects 4 channels, gets 3"),
    "norm_rank": (nn.BatchNorm2d(4), (1, 4), "expects 4 dimensions, gets 2 (1×4)"),
    "group_norm": (nn.GroupNorm(2, 4), (1, 6, 4, 4), "expects 4 channels, gets 6"),
    "layer_norm": (nn.LayerNorm(8), (1, 4), "expects 8 features, gets 4"),
    "pool_window": (nn.MaxPool2d(5), (1, 3, 4, 4), "expects at least 5×5"),
    "recurrent": (nn.LSTM(8, 4), (1, 5, 6), "expects 8 features, gets 6"),
    "embedding": (nn.Embedding(9, 4), (1, 5), "expects whole numbers (int64), gets float32"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_a_layer_expects_is_said(name):
    layer, shape, words = MISFITS[name]
    report = analyse(Document.of(nn.Sequential(layer), (InputSpec(shape=shape),)))
    problem = only(report)
    assert words in problem.message
    assert problem.message.endswith("from the input")
    assert report.output is not None


def test_torch_agrees_that_each_of_these_fails():
    for layer, shape, _ in MISFITS.values():
        with pytest.raises((RuntimeError, ValueError)):
            layer.eval()(torch.zeros(shape))


def test_a_lazy_layer_says_what_it_would_become():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(10, bias=False))
    report = analyse(Document(model.eval(), (InputSpec(shape=(2, 3, 4, 4)),)))
    problem = only(report)
    assert problem.path == "2"
    assert problem.message.endswith("for this input it is Linear(16, 10, bias=False)")
    assert report.output.shape == (2, 10)
    assert isinstance(model[2], nn.LazyLinear)
    assert model[2].has_uninitialized_params()


def test_many_edits_in_any_order_give_what_a_fresh_analysis_gives(network):
    generator = torch.Generator().manual_seed(3)

    def pick(items):
        return items[int(torch.randint(len(items), (1,), generator=generator))]

    document = network
    for _ in range(25):
        path = pick([p for p, m in document.modules() if isinstance(m, (nn.Conv2d, nn.Linear))])
        old = document.module(path)
        if isinstance(old, nn.Linear):
            new = nn.Linear(pick([512, 256]), 10)
        else:
            new = nn.Conv2d(
                pick([old.in_channels] * 4 + [16]), pick([old.out_channels] * 4 + [24]),
                old.kernel_size, pick([1, 2, old.stride]), old.padding, bias=False,
            )  # fmt: skip
        document = document.replace(path, new)
        quick = analyse(document)
        seen = facts(quick)
        clear_caches()
        assert facts(analyse(document)) == seen
        analyse(network)


def facts(report):
    modules = {path: (m.output, m.macs, m.assumed) for path, m in report.modules.items()}
    problems = [(p.path, p.message) for p in report.problems]
    return modules, problems, report.parameters, report.bytes, report.macs
