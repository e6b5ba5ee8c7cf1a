"""Building: what comes out is what PyTorch builds, and what is wrong is said in one sentence."""

import psutil
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core.catalog import LayerRef, LayerSpec, build
from core.document import record_of
from core.errors import SpecError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Conv2d(3, 64, 7, stride=2, padding=3)", lambda: nn.Conv2d(3, 64, 7, 2, 3)),
        ("Conv2d(3, 6, [3, 5], padding='same')", lambda: nn.Conv2d(3, 6, (3, 5), padding="same")),
        ("LSTM(8, 6, 2, proj_size=3)", lambda: nn.LSTM(8, 6, 2, proj_size=3)),
        ("RNN(8, 6, 1, 'relu')", lambda: nn.RNN(8, 6, 1, "relu")),
        ("GRU(8, 6, 2, False)", lambda: nn.GRU(8, 6, 2, False)),
        ("LayerNorm([4, 5])", lambda: nn.LayerNorm((4, 5))),
        ("AdaptiveAvgPool2d((None, 7))", lambda: nn.AdaptiveAvgPool2d((None, 7))),
        ("Identity(54, anything=0.1)", lambda: nn.Identity()),
        ("Sequential()", lambda: nn.Sequential()),
        ("ModuleList()", lambda: nn.ModuleList()),
        ("ModuleDict(a=ReLU())", lambda: nn.ModuleDict({"a": nn.ReLU()})),
        (
            "TransformerEncoder(TransformerEncoderLayer(8, 2), 2, norm=LayerNorm(8))",
            lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2, nn.LayerNorm(8)),
        ),
    ],
)
def test_the_module_is_the_one_pytorch_builds(text, expected):
    module, other = build(text), expected()
    assert repr(module) == repr(other)
    shapes = {name: tensor.shape for name, tensor in other.state_dict().items()}
    assert {name: tensor.shape for name, tensor in module.state_dict().items()} == shapes


def test_every_module_knows_how_it_was_constructed():
    net = build("Sequential(fc=Linear(8, 4), act=ReLU(inplace=True))")
    record = record_of(net.fc)
    assert record is not None
    assert record.bound() == {"in_features": 8, "out_features": 4}
    assert record_of(net) is not None


def test_functions_and_classes_are_handed_over():
    layer = build("TransformerEncoderLayer(8, 2, activation=F.gelu)")
    assert layer.activation is F.gelu
    mlp = build("MLP(3, [4, 5], norm_layer=LayerNorm)")
    assert isinstance(mlp[1], nn.LayerNorm)


def test_a_class_may_come_with_some_of_its_arguments():
    mlp = build("MLP(3, [4, 5], norm_layer=functools.partial(nn.LayerNorm, eps=1e-6))")
    assert mlp[1].eps == 1e-6


def test_weights_of_a_loss_are_a_tensor():
    loss = build("CrossEntropyLoss(weight=[1, 2])")
    assert torch.equal(loss.weight, torch.tensor([1.0, 2.0]))


def test_it_is_built_where_it_is_wanted():
    assert build("Linear(8, 4)", device="meta").weight.is_meta
    assert build("Linear(8, 4, dtype=torch.float16)").weight.dtype == torch.float16
    assert torch.zeros(1).device.type == "cpu"  # and only there
    with pytest.raises(SpecError, match="There is no device 'gpu'"):
        build("Linear(8, 4)", device="gpu")


def test_plain_pytorch_is_left_as_it_was():
    build("Linear(8, 4)")
    with pytest.raises(SpecError):
        build("Linear(-8, 4)")
    assert nn.Linear(8, out_features=4).out_features == 4


def test_what_does_not_fit_in_memory_is_refused_before_it_is_tried(monkeypatch):
    with pytest.raises(SpecError, match="Linear would need 3725290"):
        build("Linear(1000000000, 1000000)")
    free = psutil.virtual_memory()._replace(available=100)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.raises(SpecError, match=r"Sequential would need 0\.0 GB"):
        build("Sequential(Linear(8, 8))")
    assert build("Linear(8, 8)", device="meta").weight.is_meta


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Linear(2048)",
            "Linear needs in_features and out_features; only in_features=2048 was given.",
        ),
        ("Linear()", "Linear needs in_features and out_features; nothing was given."),
        ("MaxPool2d()", "MaxPool2d needs kernel_size, and it was not given."),
        (
            "Conv2d(3, 4)",
            "Conv2d needs in_channels, out_channels and kernel_size; "
            "only in_channels=3 and out_channels=4 were given.",
        ),
        ("Conv2d(3, 4, 3, paddin=1)", "Conv2d has no argument 'paddin'. Did you mean padding"),
        ("Linear(8, 4, zzz=1)", "It takes in_features, out_features and bias."),
        ("Sigmoid(dim=1)", "Sigmoid takes no arguments; 'dim' came."),
        (
            'Conv2d(3, 4, "three")',
            'Conv2d: kernel_size is an int or a tuple of 2 ints; "three" came.',
        ),
        ("Conv2d(3, 4, (1, 2, 3))", "a tuple of 2 ints; (1, 2, 3) came."),
        ("Conv2d(3, 4, 1.5)", "kernel_size is an int or a tuple of 2 ints; 1.5 came."),
        (
            'Conv2d(3, 4, 3, padding="sam")',
            'padding is an int, a tuple of 2 ints, "same" or "valid"; "sam" came.',
        ),
        ("Conv1d(3, 4, (1, 2))", "an int or a tuple of 1 int; (1, 2) came."),
        ("Linear(True, 2)", "Linear: in_features is an int; True came."),
        ("Linear(8, 4, bias=0)", "Linear: bias is True or False; 0 came."),
        ('Dropout("a")', 'Dropout: p is a number; "a" came.'),
        ("Dropout(None)", "Dropout: p is a number; None came."),
        ('MSELoss(reduction="avg")', 'one of "none" or "mean" or "sum"; "avg" came.'),
        ("Softmax(dim=1.0)", "Softmax: dim is an int or None; 1.0 came."),
        ("Linear(8, 4, dtype='half')", "dtype is a dtype such as torch.float16 or None"),
        ("DataParallel(3)", "module is a layer such as Linear(8, 8); 3 came."),
        ("DataParallel(Linear)", "module is a layer such as Linear(8, 8); Linear came."),
        ("MLP(3, [4], norm_layer=LayerNorm(3))", "a layer class such as LayerNorm, without paren"),
        ("MLP(3, [4], norm_layer=F.relu)", "a layer class such as LayerNorm"),
        ("MLP(3, [4], norm_layer=partial(LayerNorm(3)))", "partial takes a layer class first"),
        ("partial(Linear, 8)", "was expected"),
        ("Sequential(partial(Linear, 8))", "Sequential takes layers"),
        ("DataParallel(partial(Linear, 8))", "module is a layer such as"),
        ("MLP(3, 4)", "hidden_channels is a tuple of ints; 4 came."),
        ("MultiScaleRoIAlign(3, 4, 5)", "featmap_names is a list of texts; 3 came."),
        ("CrossEntropyLoss(weight='a')", "weight is a list of numbers or None"),
        ("ReLU(1, 2)", "ReLU takes at most 1 argument (inplace); 2 came."),
        ("Sigmoid(1)", "Sigmoid takes no arguments; 1 came."),
        ("Linear(8, 4, in_features=3)", "in_features came twice, by position and by name."),
        ("Linear(-8, 4)", "Linear: Trying to create tensor with negative dimension"),
        ("Dropout(2)", "Dropout: dropout probability has to be between 0 and 1, but got 2."),
        ("MultiheadAttention(10, 3)", "embed_dim must be divisible by num_heads."),
        ("Conv2d(3, 4, 3, groups=2)", "Conv2d: in_channels must be divisible by groups."),
        ("Sequential(ReLU)", "Sequential takes layers; ReLU came. Write ReLU()."),
        ("Sequential(3)", "Sequential takes layers; 3 came."),
        ("Sequential(ReLU(), act=ReLU())", "name all of its layers or none"),
        ("Sequential(forward=ReLU())", "attribute 'forward' already exists."),
        ('Sequential(OrderedDict([("a.b", ReLU())]))', "can't contain"),
        ('Sequential(OrderedDict([("", ReLU())]))', "can't be empty"),
        ("ModuleList(ReLU())", "ModuleList takes its layers like this: ModuleList([ReLU()])"),
        ("ModuleDict([ReLU()])", 'ModuleDict({"act": ReLU()})'),
        ("Sequential(fc=Linear(8))", "Linear needs in_features and out_features"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text, sentence):
    with pytest.raises(SpecError) as refusal:
        build(text)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_spec_made_by_hand_is_checked_as_well():
    with pytest.raises(SpecError, match="There is no layer called 'Foo'"):
        build(LayerSpec("Foo"))
    with pytest.raises(SpecError, match="There is no layer called 'Foo'"):
        build(LayerSpec("MLP", (3, [4]), {"norm_layer": LayerRef("Foo")}))
