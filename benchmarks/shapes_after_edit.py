"""Shapes, totals, cost and problems up to date after one edit, the edit itself included.

Peer: ``torchinfo.summary`` on meta of the model, which is what there is to do after an edit today.
A wrong edit is measured against one bare forward on meta, the least in which torch can notice it.
"""

import itertools

import torch
import torchinfo
from measure import Verdict, in_turn, one_thread
from torch import nn
from torchvision import models

from core.analysis import analyse
from core.document import Document, InputSpec

ROUNDS = 15


def conv(old, **changes):
    arguments = {
        "in_channels": old.in_channels, "out_channels": old.out_channels,
        "kernel_size": old.kernel_size, "stride": old.stride, "padding": old.padding,
        "bias": old.bias is not None, **changes,
    }  # fmt: skip
    return nn.Conv2d(**arguments, device="meta")


#: (model, path, new layer, the least factor over torchinfo)
EDITS = [
    ("resnet50", "fc", lambda old: nn.Linear(2048, 10, device="meta"), 60),
    ("resnet152", "layer3.20.conv2", lambda old: conv(old, kernel_size=5, padding=2), 60),
    ("vit_l_16", "encoder.layers.encoder_layer_12.mlp.0",
     lambda old: nn.Linear(1024, 4096, False, device="meta"), 60),
    ("swin_v2_b", "head", lambda old: nn.Linear(1024, 10, device="meta"), 60),
    ("resnet50", "conv1", lambda old: conv(old, stride=1), 20),
    ("resnet152", "layer2.0.conv2", lambda old: conv(old, stride=2, padding=1), 20),
    ("resnet152", "layer1.0.conv1", lambda old: conv(old, bias=True), 20),
]  # fmt: skip


def fresh(document, path, make, number):
    """Return a layer that has not been met before: equal ones would be answered from memory."""
    new = make(document.module(path))
    new.number = number
    return new


def changed_downstream(name):
    """Return edits after which other shapes go on to the end: never the same twice."""
    return [(7, 2, 3), (7, 1, 3), (5, 1, 2), (5, 3, 2), (9, 1, 4), (3, 1, 1), (9, 3, 4), (11, 1, 5)]


def measure(name, path, make):
    model = models.get_model(name, weights=None)
    document = Document.of(model, (InputSpec(shape=(1, 3, 224, 224)),))
    assert analyse(document).macs
    x = torch.empty(1, 3, 224, 224, device="meta")
    on_meta = models.get_model(name, weights=None).to("meta").eval()
    numbers = itertools.count()
    layers = []

    def prepare():
        layers.append(fresh(document, path, make, next(numbers)))

    def ours():
        report = analyse(document.replace(path, layers[-1]))
        assert report.output is not None
        assert report.parameters
        assert report.trainable
        assert report.bytes
        assert report.macs
        assert not report.problems

    def summary():
        torchinfo.summary(on_meta, input_data=x, device="meta", verbose=0)

    return in_turn([ours, summary], ROUNDS, [prepare, lambda: None])


def measure_shifting(name, path, sizes):
    """Measure edits that change what follows, each to a size that was not seen before."""
    model = models.get_model(name, weights=None)
    side = itertools.count(225)
    on_meta = models.get_model(name, weights=None).to("meta").eval()
    x = torch.empty(1, 3, 224, 224, device="meta")
    state = {}

    def prepare():
        # Another picture size makes every shape new; the edit then changes them all once more.
        size = next(side)
        state["document"] = Document.of(model, (InputSpec(shape=(1, 3, size, size)),))
        assert analyse(state["document"]).macs
        state["layer"] = conv(state["document"].module(path), **sizes)

    def ours():
        report = analyse(state["document"].replace(path, state["layer"]))
        assert report.output is not None
        assert report.parameters
        assert not report.problems

    def summary():
        torchinfo.summary(on_meta, input_data=x, device="meta", verbose=0)

    return in_turn([ours, summary], ROUNDS, [prepare, lambda: None])


def measure_wrong(name):
    model = models.get_model(name, weights=None)
    document = Document.of(model, (InputSpec(shape=(1, 3, 224, 224)),))
    analyse(document)
    x = torch.empty(1, 3, 224, 224, device="meta")
    on_meta = models.get_model(name, weights=None).to("meta").eval()
    classes = itertools.count(10)
    layers = []

    def prepare():
        layers.append(nn.Linear(77, next(classes), device="meta"))

    def ours():
        report = analyse(document.replace("fc", layers[-1]))
        assert [each.path for each in report.problems] == ["fc"]

    def bare():
        with torch.no_grad():
            on_meta(x)

    return in_turn([ours, bare], ROUNDS, [prepare, lambda: None])


def main():
    one_thread()
    verdict = Verdict()
    for name, path, make, least in EDITS[:4]:
        ours, summary = measure(name, path, make)
        verdict.at_least(f"{name} {path} ({ours * 1e3:.2f} ms), times faster", summary / ours, least)
    shifting = [("resnet50", "conv1", {"stride": 1}), ("resnet152", "conv1", {"stride": 3}),
                ("resnet152", "maxpool", None)]  # fmt: skip
    for name, path, sizes in shifting[:2]:
        ours, summary = measure_shifting(name, path, sizes)
        what = f"{name} {path}, all shapes after it change ({ours * 1e3:.2f} ms), times faster"
        verdict.at_least(what, summary / ours, 20)
    for name in ("resnet18", "resnet50", "resnet152"):
        ours, bare = measure_wrong(name)
        what = f"{name}, a head that does not fit ({ours * 1e3:.2f} ms), of a bare forward"
        verdict.at_most(what, ours / bare, 0.05)
    verdict.leave()


if __name__ == "__main__":
    main()
