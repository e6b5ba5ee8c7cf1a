"""Multiply-accumulates of single layers, worked out by hand."""

import pytest
from torch import nn

from core.analysis import analyse
from core.document import Document, InputSpec

CASES = {
    # one product per weight and position
    "linear": (nn.Linear(8, 5), (3, 8), 3 * 8 * 5),
    "linear_on_sequences": (nn.Linear(8, 5), (2, 7, 8), 2 * 7 * 8 * 5),
    "conv1d": (nn.Conv1d(4, 6, 3), (2, 4, 10), 2 * 8 * 6 * 4 * 3),
    "conv2d": (nn.Conv2d(3, 8, 3, padding=1), (1, 3, 10, 10), 100 * 8 * 3 * 9),
    "conv2d_grouped": (nn.Conv2d(4, 8, 3, groups=4), (1, 4, 10, 10), 64 * 8 * 1 * 9),
    "conv2d_dilated": (nn.Conv2d(4, 8, 3, dilation=2), (1, 4, 10, 10), 36 * 8 * 4 * 9),
    "conv3d": (nn.Conv3d(2, 3, 2), (1, 2, 4, 4, 4), 27 * 3 * 2 * 8),
    # transposed: one product per weight and *input* position
    "conv_transpose2d": (nn.ConvTranspose2d(4, 6, 2, 2), (1, 4, 5, 5), 25 * 4 * 6 * 4),
    "embedding": (nn.Embedding(10, 4), ((2, 3), "int64"), 0),
    "batch_norm": (nn.BatchNorm2d(4), (1, 4, 5, 5), 0),
    "bilinear": (nn.Bilinear(4, 5, 6), [(3, 4), (3, 5)], 3 * 4 * 5 * 6),
    # four gates; input and hidden weights, at each of 7 steps
    "lstm": (nn.LSTM(8, 5, batch_first=True), (2, 7, 8), 2 * 7 * 4 * 5 * (8 + 5)),
    "gru": (nn.GRU(8, 5, batch_first=True), (2, 7, 8), 2 * 7 * 3 * 5 * (8 + 5)),
    # three input projections, the output projection, scores, and their product with the values
    "attention": (
        nn.MultiheadAttention(8, 2, batch_first=True),
        [(2, 7, 8), (2, 7, 8), (2, 7, 8)],
        2 * 7 * 4 * 8 * 8 + 2 * 2 * 7 * 7 * 8,
    ),
    "encoder_layer": (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        (2, 7, 8),
        2 * 7 * 4 * 8 * 8 + 2 * 2 * 7 * 7 * 8 + 2 * 7 * 2 * 8 * 16,
    ),
}


def inputs_of(shape):
    if isinstance(shape, list):
        return tuple(InputSpec(shape=each) for each in shape)
    if isinstance(shape[0], tuple):
        return (InputSpec(shape=shape[0], dtype=shape[1]),)
    return (InputSpec(shape=shape),)


@pytest.mark.parametrize("name", CASES)
def test_macs_of_a_layer(name):
    layer, shape, expected = CASES[name]
    report = analyse(Document.of(nn.Sequential(layer)[0], inputs_of(shape)))
    assert report.problems == ()
    assert report.macs == expected


@pytest.mark.parametrize("name", CASES)
def test_macs_are_the_same_where_the_forward_decides_by_numbers(name):
    class Decides(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, *inputs):
            found = self.layer(*inputs)
            first = found[0] if isinstance(found, tuple) else found
            return first / 2 if first.abs().max().item() > 1e30 else first

    layer, shape, expected = CASES[name]
    report = analyse(Document.of(Decides(layer), inputs_of(shape)))
    assert report.problems == ()
    assert report.mode == "real"
    assert report.macs == report.module("layer").macs == expected


def test_a_module_costs_the_sum_of_its_calls():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x):
            return self.fc(self.fc(x))

    report = analyse(Document.of(Twice(), (InputSpec(shape=(3, 8)),)))
    assert report.module("fc").macs == 2 * 3 * 64
    assert report.macs == 2 * 3 * 64


def test_cost_follows_an_edit():
    document = Document.of(
        nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 2)), (InputSpec(shape=(1, 8)),)
    )
    assert analyse(document).macs == 64 + 16
    assert analyse(document.replace("0", nn.Linear(8, 8))).macs == 64 + 16
    wider = document.replace("0", nn.Linear(8, 20)).replace("1", nn.Linear(20, 2))
    assert analyse(wider).macs == 160 + 40
