"""Which model a file is of; the fingerprints are those of the torchvision that is installed."""

import re

import pytest
import torch
import torchvision
from torch import nn
from torchvision import models

from core.files.which import _known, which
from core.source import open_source

Shapes = dict[str, tuple[int, ...]]


def shapes(model: nn.Module, prefix: str = "") -> Shapes:
    return {prefix + name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize(
    "name", ["resnet50", "vgg16_bn", "vit_b_16", "swin_v2_t", "densenet121", "mobilenet_v3_small"]
)
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.backbone."])
def test_a_model_is_known_by_its_names(name: str, prefix: str) -> None:
    with torch.device("meta"):
        model = models.get_model(name)
    best = which(shapes(model, prefix))[0]
    assert best.source == f"torchvision:{name}"
    assert best.matched == best.of == len(model.state_dict())
    assert not best.differs + best.missing + best.unexpected


def test_another_head() -> None:
    with torch.device("meta"):
        best = which(shapes(models.resnet50(num_classes=10)))[0]
    assert str(best) == "torchvision resnet50, 318 of 320 tensors, fc changed to 10 classes"
    assert best.source == "torchvision:resnet50(num_classes=10)"
    assert best.differs[0] == ("fc.weight", (10, 2048), (1000, 2048))
    assert open_source(best.source, structure=True).state_dict()["fc.weight"].shape == (10, 2048)


def test_four_channels_and_a_body_without_its_head() -> None:
    with torch.device("meta"):
        model = models.resnet18()
        model.conv1 = nn.Conv2d(4, 64, 7, bias=False)
    best = which(shapes(model))[0]
    assert "conv1.weight is 64×4×7×7 instead of 64×3×7×7" in best.evidence
    body = {name: shape for name, shape in shapes(model, "encoder.").items() if ".fc." not in name}
    best = which(body)[0]
    assert best.source == "torchvision:resnet18"
    assert best.missing == ("fc.weight", "fc.bias")


def test_counters_that_are_missing_and_old_densenets() -> None:
    with torch.device("meta"):
        model = models.resnet18()
        dense = models.densenet121()
    old = {n: s for n, s in shapes(model).items() if not n.endswith("num_batches_tracked")}
    assert which(old)[0].source == "torchvision:resnet18"
    assert "without num_batches_tracked" in which(old)[0].evidence
    spelled = {
        re.sub(r"(denselayer\d+\.)(norm|conv)([12])\.", r"\1\2.\3.", n): s
        for n, s in shapes(dense).items()
    }
    best = which(spelled)[0]
    assert best.source == "torchvision:densenet121"
    assert best.matched == best.of


def test_twins_are_told_together() -> None:
    with torch.device("meta"):
        best = which(shapes(models.resnet18()))[0]
    assert "torchvision:quantized_resnet18" in best.twins


def test_nothing_similar() -> None:
    assert which(shapes(nn.Transformer(8, 2, 1, 1))) == ()
    assert which({}) == ()


@pytest.mark.parametrize("name", ["resnet18", "fcn_resnet50", "raft_small", "regnet_y_400mf"])
def test_the_fingerprints_are_of_this_torchvision(name: str) -> None:
    version = torchvision.__version__.partition("+")[0]
    there = _known().model(f"torchvision:{name}")
    document = open_source(f"torchvision:{name}", structure=True)
    here = {n: tuple(t.shape) for n, t in document.state_dict().items()}
    assert there == here, f"torchvision is {version}: run resources/fingerprints.py"


def test_every_builder_has_one() -> None:
    known = {source.partition("(")[0] for source in _known().sets}
    missing = {f"torchvision:{name}" for name in models.list_models()} - known
    assert not missing, "run resources/fingerprints.py"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bilinear", ["", ", bilinear=True"])
@pytest.mark.parametrize("classes", [2, 7])
def test_a_unet_is_known_with_its_classes(channels: int, bilinear: str, classes: int) -> None:
    source = f"UNet({channels}, n_classes={classes}{bilinear})"
    document = open_source(source, structure=True)
    best = which(shapes(document.root, "module."))[0]
    assert best.source == source
    assert str(best).startswith("UNet, ")
    assert open_source(best.source, structure=True).root.n_classes == classes
