"""Each shape rule is torch's own: shape, strides and dtype; and none where torch refuses."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from torch import nn

from core.analysis.descriptions import rebuild
from core.analysis.rules import RULES, by_rule
from core.analysis.shortcuts import _ELEMENTWISE, _IN_PLACE, _JOINS, _SUMS, shortcut

SIZES = st.integers(1, 9)
SMALL = st.integers(1, 4)
DTYPES = st.sampled_from([torch.float32, torch.float32, torch.float16, torch.float64])


def tensor(draw, shape):
    """Draw a meta tensor of this shape, at times channels last, strided, or of another type."""
    x = torch.empty(shape, dtype=draw(DTYPES), device="meta")
    how = draw(st.sampled_from(["plain", "plain", "plain", "plain", "last", "swapped"]))
    if how == "last" and x.dim() == 4:
        return x.to(memory_format=torch.channels_last)
    return x.transpose(0, 1) if how == "swapped" and x.dim() > 1 else x


@st.composite
def layers(draw):
    """Draw a layer of a class that has a rule, and an input that often fits."""
    kind = draw(st.sampled_from(sorted({*RULES, nn.Identity}, key=lambda each: each.__name__)))
    name = kind.__name__
    if kind is nn.Linear:
        layer, shape = kind(4, draw(SMALL), draw(st.booleans())), (*draw_sizes(draw, 0, 3), 4)
    elif kind is nn.LayerNorm:
        layer, shape = (
            kind((4,), elementwise_affine=draw(st.booleans())),
            (*draw_sizes(draw, 0, 3), 4),
        )
    elif name.startswith("Conv"):
        rank, groups = int(name[-2]), draw(st.sampled_from([1, 1, 2, 4]))
        layer = kind(
            4, 4 * draw(SMALL), draw(SMALL), draw(SMALL),
            padding=draw(st.one_of(st.integers(0, 3), st.just("valid"))),
            dilation=draw(st.integers(1, 2)), groups=groups, bias=draw(st.booleans()),
            padding_mode=draw(st.sampled_from(["zeros", "zeros", "circular"])),
        )  # fmt: skip
        shape = (draw(SMALL), 4, *draw_sizes(draw, rank, rank))
    elif name.startswith("BatchNorm"):
        layer = kind(4, affine=draw(st.booleans()), track_running_stats=draw(st.booleans()))
        rank = draw(st.integers(0, 1)) if name.endswith("1d") else int(name[-2])
        shape = (draw(SMALL), 4, *draw_sizes(draw, rank, rank))
    elif "Pool" in name:
        shape = (draw(SMALL), draw(SMALL), *draw_sizes(draw, 2, 2))
        layer = adaptive(draw) if "Adaptive" in name else pool(draw, kind)
    else:
        layer = (
            kind(inplace=draw(st.booleans()))
            if "inplace" in kind.__init__.__code__.co_varnames
            else kind()
        )
        shape = tuple(draw_sizes(draw, 0, 5))
    wrong = draw(st.integers(0, 9))
    if wrong == 0:
        shape = tuple(draw_sizes(draw, 0, 5))
    elif wrong == 1 and shape:
        shape = (0, *shape[1:])
    return layer.eval().to("meta"), tensor(draw, shape)


def draw_sizes(draw, least, most):
    return draw(st.lists(SIZES, min_size=least, max_size=most))


def pool(draw, kind):
    return kind(
        draw(st.one_of(SMALL, st.tuples(SMALL, SMALL))), draw(st.one_of(st.none(), SMALL)),
        padding=draw(st.integers(0, 2)), ceil_mode=draw(st.booleans()),
        **({"dilation": draw(st.integers(1, 2))} if kind is nn.MaxPool2d else {}),
    )  # fmt: skip


def adaptive(draw):
    return nn.AdaptiveAvgPool2d(
        draw(st.one_of(SMALL, st.tuples(SMALL, SMALL), st.tuples(st.none(), SMALL)))
    )


def facts(x):
    return (x.shape, x.stride(), x.dtype)


@settings(max_examples=600, deadline=None)
@given(layers())
def test_a_layers_rule_agrees_with_torch(case):
    layer, x = case
    before = facts(x)
    answer = by_rule(layer, before)
    if answer is None:
        return
    with torch.no_grad():
        expected = layer(x)
    given_back = rebuild(answer[0], [x])
    assert facts(given_back) == facts(expected), (layer, before)
    assert (given_back is x) == (expected is x)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_an_operators_shortcut_agrees_with_torch(data):
    function = data.draw(
        st.sampled_from(sorted([*_ELEMENTWISE, *_SUMS, *_IN_PLACE, *_JOINS], key=str))
    )
    shape = tuple(data.draw(st.lists(SMALL, max_size=4)))
    x = tensor(data.draw, shape)
    y = tensor(data.draw, data.draw(st.sampled_from([shape, tuple(reversed(shape))])))
    if function in _ELEMENTWISE:
        args = (x,)
    elif function in _JOINS:
        args = ([x, y], data.draw(st.integers(-1, 3)))
    else:
        args = (x, y)
    quick = shortcut(function, args)
    if quick is None:
        return
    expected = function(*args)
    assert facts(quick) == facts(expected)
    assert (quick is x) == (expected is x)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Conv2d(3, 8, 3, 2, 1), (1, 3, 9, 9), (1, 8, 5, 5)),
        (nn.MaxPool2d(3, 2, ceil_mode=True), (1, 3, 8, 8), (1, 3, 4, 4)),
        (nn.Linear(4, 5), (2, 3, 4), (2, 3, 5)),
        (nn.AdaptiveAvgPool2d(1), (2, 3, 4, 4), (2, 3, 1, 1)),
    ],
)
def test_the_rules_do_answer_what_is_common(layer, shape, expected):
    answer = by_rule(layer, facts(torch.empty(shape)))
    assert answer is not None
    assert tuple(answer[0][0]) == expected


def test_a_rules_operator_is_the_one_that_running_the_layer_meets():
    from core.analysis.rules import operator_of

    layer = nn.Conv2d(4, 8, 3, groups=2).eval()
    x = torch.empty(1, 4, 9, 9)
    operator = operator_of(by_rule(layer, facts(x))[1])
    assert operator.function is F.conv2d
    assert operator.macs == 8 * 7 * 7 * 2 * 9
