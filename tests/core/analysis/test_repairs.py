"""Each repair is applied, and afterwards the problem is gone."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from core.analysis import analyse
from core.document import Document, InputSpec

IMAGE = (InputSpec(shape=(1, 3, 64, 64)),)
ROW = (InputSpec(shape=(2, 8)),)


def of(*layers, shape=(1, 3, 16, 16), dtype="float32"):
    return Document.of(nn.Sequential(*layers), (InputSpec(shape=shape, dtype=dtype),))


def repaired(document):
    """Return label -> document, each repair of the first problem applied."""
    report = analyse(document)
    assert report.problems
    return {edit.label: edit.apply(document) for edit in report.problems[0].repairs}


def check(document, *labels):
    """All these are offered; each offer works, on real numbers too."""
    offers = repaired(document)
    for label in labels:
        assert label in offers, list(offers)
    for each in offers.values():
        assert analyse(each).problems == ()
        args, kwargs = each.example_inputs()
        with torch.no_grad():
            each.model()(*args, **kwargs)
    return offers


@pytest.fixture(scope="module")
def network():
    return Document.of(resnet18(), IMAGE)


def test_a_linear_layer_takes_what_comes(network):
    check(network.replace("fc", nn.Linear(2048, 10)), "Set in_features=512 of fc")


def test_a_linear_layer_or_the_one_before_it():
    document = of(nn.Linear(8, 16), nn.ReLU(), nn.Linear(32, 2), shape=(2, 8))
    check(document, "Set in_features=16 of 2", "Set out_features=32 of 0")


def test_a_convolution_takes_what_comes_or_gets_what_it_wants():
    document = of(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(16, 4, 3))
    offers = check(document, "Set in_channels=8 of 3")
    assert len(offers) == 2
    other = next(each for label, each in offers.items() if "in_channels" not in label)
    assert other.module("0").out_channels == other.module("1").num_features == 16


def test_groups_that_do_not_divide():
    document = of(nn.Conv2d(3, 9, 3), nn.Conv2d(8, 6, 3, groups=2))
    fixed = next(iter(check(document).values()))
    assert fixed.module("1").in_channels == 9
    assert 9 % fixed.module("1").groups == 0


def test_a_changed_width_is_followed_through_norm_and_next_convolution():
    document = of(nn.Conv2d(3, 24, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))
    offers = check(document)
    followed = next(each for each in offers.values() if each.module("1").num_features == 24)
    assert followed.module("3").in_channels == 24


def test_a_missing_flatten():
    document = of(nn.Conv2d(3, 8, 3), nn.Linear(8, 4))
    offers = check(document)
    assert any("Pool and flatten" in label for label in offers)
    assert any(label.startswith("Flatten") for label in offers)


def test_a_missing_flatten_where_the_sizes_fit():
    document = of(nn.Conv2d(3, 2, 3), nn.Linear(2 * 14 * 14, 4))
    assert next(iter(check(document))).startswith("Flatten")


def test_a_missing_flatten_in_a_forward_of_its_own():
    model = resnet18()
    model.avgpool = nn.Identity()

    class Bare(type(model)):
        def _forward_impl(self, x):
            return self.fc(self.layer4(self.layer3(self.layer2(self.layer1(self.conv1(x))))))

    model.__class__ = Bare
    assert check(Document.of(model, IMAGE))


def test_a_kernel_larger_than_its_input():
    document = of(nn.Conv2d(3, 4, 7), shape=(1, 3, 5, 5))
    check(document, "Set padding=1 of 0", "Set kernel_size=5 of 0")
    document = of(nn.MaxPool2d(7), shape=(1, 3, 5, 5))
    check(document, "Set kernel_size=5 of 0")


def test_a_layer_norm():
    document = of(nn.Linear(8, 6), nn.LayerNorm(8), shape=(2, 8))
    check(document, "Set normalized_shape=6 of 1", "Set out_features=8 of 0")


def test_a_group_norm():
    document = of(nn.Conv2d(3, 6, 3), nn.GroupNorm(4, 8))
    check(document)


def test_an_embedding_that_gets_floats():
    document = of(nn.Embedding(9, 4), shape=(2, 5))
    offers = check(document, "Set the input to 2,5:int64")
    assert next(iter(offers.values())).inputs[0].dtype == "int64"


def test_a_convolution_that_gets_whole_numbers():
    check(of(nn.Conv2d(3, 4, 3), shape=(1, 3, 8, 8), dtype="uint8"), "Set the input to 1,3,8,8")


def test_the_models_own_input_has_other_channels(network):
    gray = network.with_inputs((InputSpec(shape=(1, 1, 64, 64)),))
    check(gray, "Set in_channels=1 of conv1", "Set the input to 1,3,64,64")


def test_the_models_own_input_has_another_rank(network):
    flat = network.with_inputs((InputSpec(shape=(3, 64)),))
    offers = check(flat)
    assert any(label.startswith("Set the input to") for label in offers)


def test_an_image_without_its_batch(network):
    offers = check(network.with_inputs((InputSpec(shape=(3, 64, 64)),)))
    assert "Set the input to 1,3,64,64" in offers


def test_branches_that_are_added(network):
    block = nn.Sequential(nn.Conv2d(64, 96, 1, stride=2), nn.BatchNorm2d(96))
    offers = check(network.replace("layer2.0.downsample", block))
    fixed = next(iter(offers.values()))
    assert fixed.module("layer2.0.downsample.0").out_channels == 128 or (
        fixed.module("layer2.0.conv2").out_channels == 96
    )


def test_branches_of_other_strides(network):
    block = nn.Sequential(nn.Conv2d(64, 128, 1), nn.BatchNorm2d(128))
    offers = check(network.replace("layer2.0.downsample", block))
    assert any("stride" in label for label in offers)


def test_a_wider_stage_in_the_middle_of_a_trained_network(network):
    check(network.replace("conv1", nn.Conv2d(3, 80, 7, 2, 3, bias=False)))


def test_a_recurrent_layer_and_attention():
    class Reads(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.before = nn.Linear(8, 6)
            self.layer = layer

        def forward(self, x):
            return self.layer(self.before(x))[0]

    sequence = (InputSpec(shape=(2, 5, 8)),)
    document = Document.of(Reads(nn.LSTM(8, 4, batch_first=True)), sequence)
    check(document, "Set input_size=6 of layer", "Set out_features=8 of before")


def test_a_lazy_layer_becomes_what_it_would():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(10))
    document = Document(model.eval(), (InputSpec(shape=(2, 3, 4, 4)),))
    check(document, "Replace 2 with Linear(16, 10)")


def test_no_repair_is_no_error():
    class Asks(nn.Module):
        def forward(self, x):
            return x.no_such_thing

    assert analyse(Document.of(Asks(), ROW)).problems[0].repairs == ()
    assert analyse(Document.of(nn.Linear(3, 3))).problems[0].repairs == ()
