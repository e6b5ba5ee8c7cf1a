"""Shapes, parameters and cost of real models, against plain PyTorch and published figures."""

import copy

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from core.analysis import analyse, clear_caches
from core.document import Document, InputSpec
from tests.core.analysis.oracle import plain_calls, value_shapes

#: One of each family; the others are built of the same parts.
QUICK = (
    "alexnet", "vgg11_bn", "squeezenet1_1", "resnet18", "resnet50", "densenet121", "googlenet",
    "inception_v3", "mobilenet_v3_small", "efficientnet_b0", "shufflenet_v2_x1_0", "vit_b_32",
    "swin_t", "swin_v2_t", "convnext_tiny", "maxvit_t", "lraspp_mobilenet_v3_large",
    "deeplabv3_mobilenet_v3_large", "r3d_18", "mvit_v2_s", "mnasnet0_5", "regnet_y_400mf", "s3d",
    "swin3d_t",
)  # fmt: skip
SEGMENTATION = models.list_models(module=models.segmentation)
VIDEO = models.list_models(module=models.video)
ALL = sorted({*models.list_models(module=models), *SEGMENTATION, *VIDEO})


def build(name):
    options = {"weights": None}
    if name in SEGMENTATION:
        options["weights_backbone"] = None
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    if name.startswith("regnet"):
        return models.get_model(name, **options)  # its builder reads numbers: not on meta
    with torch.device("meta"):
        return models.get_model(name, **options)


def inputs_of(name):
    if name in VIDEO:
        return (InputSpec(shape=(1, 3, 16, 224, 224)),)
    size = {"inception_v3": 299, "vit_h_14": 224}.get(name, 224)
    return (InputSpec(shape=(1, 3, size, size)),)


def check(name):
    clear_caches()
    document = Document.of(build(name), inputs_of(name))
    report = analyse(document)
    assert report.mode == "meta"
    assert report.problems == ()
    got = [
        (path, type(document.module(path)).__name__, value_shapes(call.output))
        for path, call in report.calls()
    ]
    # Where a copy goes to meta only after it was copied, tied modules stay tied.
    plain = copy.deepcopy(document.root).to("meta")
    assert got == plain_calls(plain, document.inputs)
    assert report.parameters == sum(p.numel() for p in document.root.parameters())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        plain(*document.example_inputs("meta")[0])
    assert report.macs == counter.get_total_flops() // 2


@pytest.mark.parametrize("name", QUICK)
def test_shapes_parameters_and_macs_are_torchs_own(name):
    check(name)


@pytest.mark.zoo
@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in ALL if name not in QUICK])
def test_all_of_torchvision(name):
    check(name)


#: What torchvision publishes as GFLOPS counts multiply-accumulates (of fvcore).
PUBLISHED = (
    "alexnet", "vgg16", "vgg19_bn", "resnet18", "resnet50", "resnet152", "wide_resnet50_2",
    "resnext50_32x4d", "densenet121", "googlenet", "inception_v3", "mobilenet_v2",
    "mobilenet_v3_large", "efficientnet_b0", "shufflenet_v2_x1_0", "squeezenet1_1", "mnasnet1_0",
    "convnext_tiny", "vit_b_16", "regnet_y_400mf",
)  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_macs_are_those_torchvision_publishes(name):
    weights = models.get_model_weights(name).DEFAULT
    size = weights.transforms.keywords.get("crop_size", 224)
    size = size[0] if isinstance(size, (list, tuple)) else size
    document = Document.of(build(name), (InputSpec(shape=(1, 3, size, size)),))
    assert analyse(document).macs / 1e9 == pytest.approx(weights.meta["_ops"], rel=0.02)


def test_a_detector_needs_one_real_pass():
    model = torchvision.models.detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None
    )
    image = InputSpec(kind="list", items=(InputSpec(shape=(3, 320, 320)),))
    report = analyse(Document.of(model, (image,)))
    assert report.mode == "real"
    assert report.problems == ()
    assert report.module("backbone").reached
