"""The catalog against PyTorch itself: nothing missing, nothing that cannot be built."""

import sys

import pytest
import torch
from torch import nn

from core.catalog import Layer, build, describe, find_layer, layers, register
from core.catalog.curated import BASES
from core.catalog.layers import VISION_OPS, _known_classes, _of_torchvision, _registered
from core.errors import SpecError

from .samples import samples

EVERY = sorted(layers())

# What has no form of its own: objects of one layer, and parameters given as tensors.
WITHOUT_A_FORM = {
    ("LinearCrossEntropyLoss", "options"),
    ("ParameterDict", "parameters"),
    ("ParameterList", "values"),
    ("SyncBatchNorm", "process_group"),
}


@pytest.fixture
def registry():
    """Registered layers, put back as they were."""
    before = dict(_registered)
    yield
    _registered.clear()
    _registered.update(before)
    layers.cache_clear()
    _known_classes.clear()


def test_every_public_layer_of_torch_is_there_but_the_bases():
    public = {
        name
        for name, each in vars(nn).items()
        if isinstance(each, type) and issubclass(each, nn.Module)
    }
    ours = {name for name, layer in layers().items() if layer.cls is getattr(nn, name, None)}
    assert ours == public - BASES
    assert set(nn.modules.__all__) - ours - BASES <= {"LinearCrossEntropyOptions"}
    assert len(ours) > 150


@pytest.mark.parametrize("name", EVERY)
def test_every_layer_can_be_built_from_its_required_arguments(name):
    module = build(samples()[name])
    assert type(module) is layers()[name].cls


@pytest.mark.parametrize("name", EVERY)
def test_every_layer_is_described_as_it_was_built(name):
    module = build(samples()[name])
    again = build(describe(module))
    assert repr(again) == repr(module)


@pytest.mark.parametrize("name", EVERY)
def test_every_layer_has_a_page_and_a_group(name):
    layer = layers()[name]
    assert layer.group
    if layer.group == "Blocks":
        assert layer.summary  # ours have no page, and say what they are
        return
    assert layer.url.startswith("https://docs.pytorch.org/")
    assert layer.url.endswith(f".{name}.html")


def test_every_parameter_has_a_kind():
    unknown = {
        (layer.name, each.name)
        for layer in layers().values()
        for each in layer.parameters
        if each.kind == "any"
    }
    assert unknown <= WITHOUT_A_FORM


def test_summaries_are_plain_sentences():
    for layer in layers().values():
        assert "`" not in layer.summary, layer
        assert ":math:" not in layer.summary, layer
        assert "\n" not in layer.summary, layer
        assert not layer.summary.startswith("__init__"), layer
    silent = [layer.name for layer in layers().values() if not layer.summary]
    assert len(silent) < 5, silent


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Conv2d", "Convolution"),
        ("MaxPool2d", "Pooling"),
        ("ZeroPad2d", "Padding"),
        ("ReLU", "Activation"),
        ("BatchNorm2d", "Normalization"),
        ("InstanceNorm2d", "Normalization"),
        ("LSTM", "Recurrent"),
        ("MultiheadAttention", "Transformer"),
        ("Linear", "Linear"),
        ("Dropout", "Dropout"),
        ("Embedding", "Embedding"),
        ("MSELoss", "Loss"),
        ("PixelShuffle", "Vision"),
        ("ChannelShuffle", "Shuffle"),
        ("Sequential", "Container"),
        ("LazyConv2d", "Lazy"),
        ("MLP", VISION_OPS),
    ],
)
def test_layers_stand_in_the_groups_of_pytorchs_documentation(name, group):
    assert layers()[name].group == group


def parameter(layer, name):
    found = find_layer(layer).parameter(name)
    assert found is not None
    return found


def test_a_kernel_size_takes_one_number_or_one_for_each_dimension():
    size = parameter("Conv2d", "kernel_size")
    assert (size.kind, size.dims, size.required) == ("int_or_tuple", 2, True)
    assert parameter("MaxPool3d", "kernel_size").dims == 3
    assert parameter("ZeroPad2d", "padding").dims == 4


def test_words_are_offered_where_pytorch_knows_only_some():
    assert parameter("Conv2d", "padding").choices == ("same", "valid")
    assert parameter("Conv2d", "padding_mode").choices[0] == "zeros"
    assert parameter("ConvTranspose2d", "padding_mode").choices == ("zeros",)
    assert parameter("MSELoss", "reduction").choices == ("none", "mean", "sum")
    assert "bilinear" in parameter("Upsample", "mode").choices
    assert parameter("RNN", "nonlinearity").kind == "choice"


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_recurrent_layers_show_the_parameters_their_signature_hides(name):
    assert [each.name for each in find_layer(name).required] == ["input_size", "hidden_size"]
    assert parameter(name, "bidirectional").kind == "bool"
    assert (parameter(name, "proj_size") is not None) if name == "LSTM" else True


def test_every_choice_that_is_offered_is_taken():
    for layer in layers().values():
        for each in layer.parameters:
            for choice in each.choices:
                if layer.required and each.required:
                    continue
                text = samples()[layer.name][:-1]
                comma = "" if text.endswith("(") else ", "
                build(f'{text}{comma}{each.name}="{choice}")')


def test_defaults_can_be_written_out():
    for layer in layers().values():
        if layer.name in ("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"):
            continue
        named = {e.name: e.default for e in layer.parameters if not e.required and not e.hidden}
        if layer.name.startswith("FractionalMaxPool"):
            del named["output_size"]
        spec = describe(build(samples()[layer.name]))
        again = type(spec)(spec.name, spec.args, {**named, **spec.kwargs})
        assert repr(build(again)) == repr(build(spec)), layer


@pytest.mark.parametrize("name", ["Linear", "nn.Linear", "torch.nn.Linear"])
def test_a_layer_is_found_with_or_without_its_package(name):
    assert find_layer(name).cls is nn.Linear


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("linear", "Did you mean Linear?"),
        ("Lineer", "Linear"),
        ("Conv2D", "Did you mean Conv2d?"),
        ("RNNBase", "base for other layers"),
        ("Module", "base for other layers"),
        ("Foo", "There is no layer called 'Foo'."),
        ("os.Linear", "There is no layer called 'os.Linear'."),
        ("", "There is no layer"),
    ],
)
def test_what_is_no_layer_is_refused_with_the_nearest_name(name, hint):
    with pytest.raises(SpecError) as refusal:
        find_layer(name)
    assert hint in str(refusal.value)


def test_a_torchvision_that_cannot_be_imported_costs_only_its_own_layers(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.ops", None)
    _of_torchvision.cache_clear()
    layers.cache_clear()
    try:
        assert "Linear" in layers()
        assert "MLP" not in layers()
    finally:
        monkeypatch.undo()
        _of_torchvision.cache_clear()
        layers.cache_clear()
    assert "MLP" in layers()


def test_a_block_can_be_registered_and_placed(registry):
    @register("Blocks")
    class Doubling(nn.Module):
        """Twice the input. Not more."""

        def __init__(self, times: int = 2):
            super().__init__()
            self.times = times

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.times

    layer = layers()["Doubling"]
    assert isinstance(layer, Layer)
    assert (layer.group, layer.summary) == ("Blocks", "Twice the input.")
    assert build("Sequential(Doubling(times=3))")(torch.ones(1)).item() == 3


def test_a_name_that_is_taken_is_refused_and_named(registry):
    with pytest.raises(SpecError, match="already a layer called Linear, in the group Linear"):

        @register("Blocks")
        class Linear(nn.Module):
            pass

    assert find_layer("Linear").cls is nn.Linear
