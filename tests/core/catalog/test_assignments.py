"""Lines and cells of training scripts: where the layer goes, and which layer it is."""

import pytest
from torch import nn

from core.catalog import parse_assignment
from core.errors import SpecError


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.fc = nn.Linear(8, 2)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Linear(2048, 10)", None),
        ("fc = Linear(2048, 10)", "fc"),
        ("net.fc = nn.Linear(2048, 10)", "fc"),
        ("self.fc = nn.Linear(2048, 10)", "fc"),
        ("my_model.fc = nn.Linear(2048, 10)", "fc"),
        ("resnet50.fc = nn.Linear(2048, 10)", "fc"),
        ("backbone.fc = nn.Linear(2048, 10)", "backbone.fc"),
        ("layer4[0].conv1 = Linear(1, 2)", "layer4.0.conv1"),
        ("net.classifier[1] = nn.Linear(1280, 10)", "classifier.1"),
        ('net.heads["head"] = nn.Linear(768, 10)', "heads.head"),
        ("net: nn.Module = Linear(1, 2)", None),
        ("net = Linear(1, 2)", None),
    ],
)
def test_the_target_is_a_path_in_the_model(text, path):
    assert parse_assignment(text)[0] == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("whatever.fc = Linear(8, 10)", "fc"),
        ("backbone[0] = ReLU()", "backbone.0"),
        ("net.backbone[-1] = ReLU()", "backbone.1"),
        ("fc = Linear(8, 10)", "fc"),
        ("new = Linear(8, 10)", "new"),
    ],
)
def test_the_model_itself_tells_variables_from_children(text, path):
    assert parse_assignment(text, Net())[0] == path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("net.classifier[-1] = Linear(1, 2)", "counts from the end"),
        ("net.classifier[0:2] = Linear(1, 2)", "does not name a place"),
        ("f().fc = Linear(1, 2)", "does not name a place"),
        ("a, b = Linear(1, 2)", "does not name a place"),
        ("a = b = Linear(1, 2)", "was expected"),
        ("fc = 3", "was expected; `3` came"),
        ("fc = ", "cannot be read"),
        ("fc += Linear(1, 2)", "was expected"),
        ("net.fc = head", "There is no layer called 'head'"),
        ("a = Linear(1, 2)\nb = Linear(2, 3)", "2 layers that do not belong together (a, b)"),
    ],
)
def test_what_is_no_place_is_refused(text, reason):
    with pytest.raises(SpecError) as refusal:
        parse_assignment(text)
    assert reason in str(refusal.value)


def test_layers_named_before_may_be_used():
    path, spec = parse_assignment("head = nn.Linear(8, 2)\nnet.fc = nn.Sequential(head, nn.ReLU())")
    assert (path, str(spec)) == ("fc", "Sequential(Linear(8, 2), ReLU())")


def test_children_can_be_added_line_by_line():
    _, spec = parse_assignment(
        "net = nn.Sequential(nn.Linear(1, 2))\nnet.add_module('act', nn.ReLU())\nprint(net)"
    )
    assert str(spec) == 'Sequential(OrderedDict([("0", Linear(1, 2)), ("act", ReLU())]))'
    with pytest.raises(SpecError, match="cannot be followed"):
        parse_assignment("net = nn.Sequential()\nnet.train(True)")
    with pytest.raises(SpecError, match="takes no children by name"):
        parse_assignment("net = nn.Linear(1, 2)\nnet.add_module('act', nn.ReLU())")
