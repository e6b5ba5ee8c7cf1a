"""A module's arguments as a form: plain values, as text both ways, and what is refused."""

from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models.resnet import Bottleneck

from core.catalog import about, build, find_layer
from core.catalog.form import common_form, form_of, read_argument, write_argument
from core.catalog.parameters import Parameter
from core.document import Document, recording
from core.edits import Replace, SetArguments
from core.errors import EditRefused, SpecError
from tests.core.catalog.samples import samples
from tests.zoo import Tied


def values(module: nn.Module) -> dict[str, Any]:
    return {each.parameter.name: each.value for each in form_of(module)}


def parameter(layer: str, name: str) -> Parameter:
    found = find_layer(layer).parameter(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", samples())
@pytest.mark.filterwarnings("ignore")
def test_every_argument_of_every_layer_is_read_back_from_its_text(name: str) -> None:
    for each in form_of(build(samples()[name])):
        assert each.editable
        assert read_argument(each.parameter, write_argument(each.parameter, each.value)) == (
            each.value
        )


def test_only_what_is_not_the_default_differs() -> None:
    form = form_of(nn.Conv2d(3, 8, 3, stride=2, bias=False))
    assert [each.parameter.name for each in form if each.differs] == ["stride", "bias"]
    assert {e.parameter.name: e.default for e in form if e.differs} == {"stride": 1, "bias": True}


def test_what_is_rarely_given_comes_last_whether_it_was_given_or_not() -> None:
    with recording():
        layer = nn.Linear(2, 2, dtype=torch.float64)
    given = form_of(layer)
    for form in (form_of(nn.Linear(2, 2)), given):
        assert [e.parameter.name for e in form if e.parameter.hidden] == ["device", "dtype"]
        assert [each.parameter.name for each in form[-2:]] == ["device", "dtype"]
    assert [(each.value, each.differs) for each in given[-2:]] == [(None, False), ("float64", True)]


def test_a_recorded_composite_shows_classes_and_layers_by_their_text() -> None:
    with recording():
        block = Bottleneck(64, 16, norm_layer=nn.BatchNorm2d)
    found = values(block)
    assert found["norm_layer"] == "BatchNorm2d"
    assert found["downsample"] is None
    assert found["planes"] == 16


def test_containers_and_unknown_origins_have_no_form() -> None:
    assert form_of(nn.Sequential(nn.ReLU())) == ()
    assert form_of(Bottleneck(64, 16)) == ()


class Odd(nn.Module):
    def __init__(self, thing: Any, *rest: int, **more: int) -> None:
        super().__init__()


def test_what_has_no_text_is_shown_and_not_editable() -> None:
    with recording():
        odd = Odd(object(), 1, 2, width=3)
    form = form_of(odd)
    assert [(e.parameter.name, e.value, e.editable) for e in form] == [
        ("thing", "<object>", False),
        ("rest", "(1, 2)", False),
        ("width", 3, True),
    ]


@pytest.mark.parametrize(
    ("layer", "name", "text", "value"),
    [
        ("Linear", "in_features", " 12 ", 12),
        ("Dropout", "p", "0.25", 0.25),
        ("Dropout", "p", "1", 1),
        ("Threshold", "value", "-inf", float("-inf")),
        ("Linear", "bias", "False", False),
        ("Conv2d", "stride", "2", 2),
        ("Conv2d", "stride", "2, 3", (2, 3)),
        ("Conv2d", "stride", "(2, 3)", (2, 3)),
        ("Conv2d", "padding", "same", "same"),
        ("Conv2d", "padding", "'same'", "same"),
        ("Conv2d", "padding_mode", "reflect", "reflect"),
        ("AdaptiveAvgPool2d", "output_size", "None, 7", (None, 7)),
        ("AdaptiveAvgPool2d", "output_size", "none", None),
        ("GELU", "approximate", "none", "none"),
        ("BatchNorm2d", "momentum", "None", None),
        ("LayerNorm", "normalized_shape", "8, 16", (8, 16)),
        ("Permute", "dims", "0, 2, 1", (0, 2, 1)),
        ("MultiScaleRoIAlign", "featmap_names", "a, b", ("a", "b")),
        ("MultiScaleRoIAlign", "featmap_names", "'a'", ("a",)),
        ("TransformerEncoderLayer", "activation", "gelu", "gelu"),
        ("TransformerEncoderLayer", "activation", "F.silu", "F.silu"),
        ("SqueezeExcitation", "activation", "SiLU", "SiLU"),
        ("TransformerEncoder", "norm", "LayerNorm(8)", "LayerNorm(8)"),
        ("Linear", "dtype", "torch.float16", "float16"),
        ("Linear", "device", "cpu", "cpu"),
        ("CrossEntropyLoss", "weight", "1, 2.5", (1, 2.5)),
    ],
)
def test_a_text_is_read_by_the_kind_of_its_argument(
    layer: str, name: str, text: str, value: Any
) -> None:
    found = read_argument(parameter(layer, name), text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text", ["", "abc", "1,", "2.5", "[", "(" * 300, "True", "__import__('os')"]
)
@pytest.mark.parametrize(
    ("layer", "name"),
    [("Linear", "in_features"), ("BatchNorm2d", "affine"), ("Conv2d", "padding_mode"),
     ("Conv2d", "stride"), ("SqueezeExcitation", "activation"), ("TransformerEncoder", "norm"),
     ("Linear", "dtype"), ("Linear", "device"), ("Dropout", "p")],
)  # fmt: skip
def test_nonsense_is_refused_with_what_was_expected(layer: str, name: str, text: str) -> None:
    if (name, text) in {("p", "2.5"), ("affine", "True")}:
        return
    with pytest.raises(SpecError):
        read_argument(parameter(layer, name), text)


def test_a_refusal_says_what_was_expected_and_what_came() -> None:
    with pytest.raises(SpecError) as refused:
        read_argument(parameter("Conv2d", "stride"), "2, x")
    assert str(refused.value) == 'stride is an int or a tuple of 2 ints; "2, x" came.'


def test_several_share_the_arguments_of_equal_name_and_kind() -> None:
    forms = [form_of(nn.Conv2d(3, 4, 3)), form_of(nn.Conv2d(4, 4, 5)), form_of(nn.Linear(2, 2))]
    assert [row[0].parameter.name for row in common_form(forms)] == ["bias", "device", "dtype"]
    both = {row[0].parameter.name: {e.value for e in row} for row in common_form(forms[:2])}
    assert both["kernel_size"] == {3, 5}
    assert both["out_channels"] == {4}
    assert common_form([]) == ()
    assert common_form([form_of(nn.ReLU()), ()]) == ()


def test_an_edit_is_checked_without_its_memory() -> None:
    document = Document.of(nn.Sequential(nn.Conv2d(4, 8, 3)))
    SetArguments("0", {"groups": 2}).check(document)
    with pytest.raises(SpecError, match="divisible"):
        SetArguments("0", {"groups": 3}).check(document)


def test_what_would_not_fit_in_memory_is_refused() -> None:
    document = Document.of(nn.Sequential(nn.Linear(4, 8)))
    with pytest.raises(SpecError, match="GB"):
        SetArguments("0", {"out_features": 10**11}).apply(document)


def test_the_check_knows_composites_that_were_changed_inside() -> None:
    with recording():
        document = Document.of(nn.Sequential(Bottleneck(64, 16)))
    SetArguments("0", {"stride": 2}).check(document)
    edited = Replace("0.relu", "GELU()").apply(document)
    with pytest.raises(EditRefused, match="by hand"):
        SetArguments("0", {"stride": 2}).check(edited)


def test_a_class_of_the_model_keeps_its_device() -> None:
    document = Document.of(nn.Sequential(nn.Linear(4, 8)))
    SetArguments("0", {"out_features": 6}).check(document)
    assert document.module("0").weight.device == torch.device("cpu")


def test_about_a_layer_and_about_a_class_of_ones_own() -> None:
    layer = about(nn.Conv2d(1, 1, 1))
    assert layer.text.startswith("Applies a 2D convolution")
    assert layer.url.endswith("torch.nn.Conv2d.html")
    assert layer.file == ""
    own = about(Tied())
    assert (own.text, own.url) == ("One weight under two names, as language models have it.", "")
    assert own.file.endswith("zoo.py")
    assert about(Bottleneck(64, 16)).file == ""


def test_a_class_is_read_for_a_composite_that_had_none_before() -> None:
    with recording():
        document = Document.of(nn.Sequential(Bottleneck(64, 16)))
    after = SetArguments("0", {"norm_layer": "InstanceNorm2d"}).apply(document)
    assert isinstance(after.module("0.bn1"), nn.InstanceNorm2d)
