"""Shapes, totals, cost and problems up to date after one edit, the edit itself included.

Peer: ``torchinfo.summary`` on meta of the model, which is what there is to do after an edit today.
A wrong edit is measured against one bare forward on meta, the least in which torch can notice it.
"""

import itertools

import torch
import torchinfo
from measure import finish, in_turn, judge
from torch import nn
from torchvision import models

from core.analysis import analyse
from core.document import Document, InputSpec

ROUNDS = 15
SIZE = 224

#: Edits that keep the output's shape: (model, path, the layer's arguments).
KEEPING = [
    ("resnet50", "fc", (nn.Linear, (2048, 1000, False))),
    ("resnet152", "layer3.20.conv2", (nn.Conv2d, (256, 256, 5, 1, 2))),
    ("vit_l_16", "encoder.layers.encoder_layer_12.mlp.0", (nn.Linear, (1024, 4096, False))),
    ("swin_v2_b", "head", (nn.Linear, (1024, 1000, False))),
]
#: Edits after which every later shape is another.
SHIFTING = [
    ("resnet50", "conv1", (nn.Conv2d, (3, 64, 7, 1, 3))),
    ("resnet152", "layer2.0.conv1", (nn.Conv2d, (256, 128, 1, 2))),
    ("resnet152", "conv1", (nn.Conv2d, (3, 64, 7, 3, 3))),
]
HEADS = ("resnet18", "resnet50", "resnet152")


def document_of(name, size=SIZE):
    return Document.of(models.get_model(name, weights=None), (InputSpec(shape=(1, 3, size, size)),))


def peers(name):
    """Return the bare forward and the summary of a second model, on meta."""
    model = models.get_model(name, weights=None).to("meta").eval()
    x = torch.empty(1, 3, SIZE, SIZE, device="meta")

    def bare():
        with torch.no_grad():
            model(x)

    def summary():
        torchinfo.summary(model, input_data=x, device="meta", verbose=0)

    return bare, summary


def read(report):
    """Read what is shown after each edit."""
    assert report.output is not None
    assert report.parameters
    assert report.trainable
    assert report.bytes
    assert report.macs
    return report.problems


def keeping(name, path, layer):
    """An equal layer has been met before: each gets an attribute that no other has."""
    document, numbers, state = document_of(name), itertools.count(), {}
    read(analyse(document))
    kind, arguments = layer

    def prepare():
        state["layer"] = kind(*arguments, device="meta")
        state["layer"].number = next(numbers)

    def ours():
        assert not read(analyse(document.replace(path, state["layer"])))

    return in_turn([ours, peers(name)[1]], ROUNDS, [prepare, lambda: None])


def shifting(name, path, layer):
    """Each round has a picture size of its own, so that no shape was met before the edit."""
    model = models.get_model(name, weights=None)
    kind, arguments = layer
    sizes, state = itertools.count(SIZE, 32), {}

    def prepare():
        size = next(sizes)
        state["document"] = Document.of(model, (InputSpec(shape=(1, 3, size, size)),))
        read(analyse(state["document"]))
        state["layer"] = kind(*arguments, device="meta")

    def ours():
        report = analyse(state["document"].replace(path, state["layer"]))
        state["problems"] = report.problems
        assert report.output is not None
        assert report.parameters

    times = in_turn([ours, peers(name)[1]], ROUNDS, [prepare, lambda: None])
    return times, len(state["problems"])


def wrong(name):
    document, classes, state = document_of(name), itertools.count(10), {}
    read(analyse(document))

    def prepare():
        state["layer"] = nn.Linear(77, next(classes), device="meta")

    def ours():
        report = analyse(document.replace("fc", state["layer"]))
        assert [each.path for each in report.problems] == ["fc"]

    return in_turn([ours, peers(name)[0]], ROUNDS, [prepare, lambda: None])


def main():
    for name, path, layer in KEEPING:
        ours, summary = keeping(name, path, layer)
        judge(f"{name} {path} ({ours:.2f} ms), times faster", summary / ours, 60, least=True)
    for name, path, layer in SHIFTING:
        (ours, summary), problems = shifting(name, path, layer)
        what = f"{name} {path}, later shapes change ({ours:.2f} ms, {problems} problems)"
        judge(f"{what}, times faster", summary / ours, 20, least=True)
    for name in HEADS:
        ours, bare = wrong(name)
        judge(f"{name} with a head that does not fit ({ours:.2f} ms)", ours / bare, 0.05)
    finish()


if __name__ == "__main__":
    main()
