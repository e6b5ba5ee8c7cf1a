"""A spec and its text are the same thing; whatever is no spec is refused with a sentence."""

import keyword
import math
import string

import pytest
import torch
from hypothesis import example, given, strategies as st

from core.catalog import LayerRef, LayerSpec, layers, parse_spec
from core.errors import SpecError

names = st.text(string.ascii_letters + string.digits + "_ é-", min_size=1, max_size=6)
identifiers = names.filter(lambda name: name.isidentifier() and not keyword.iskeyword(name))
numbers = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)
plain = (
    st.none()
    | st.booleans()
    | numbers
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from([torch.float16, torch.bfloat16, torch.int64])
    | st.sampled_from([LayerRef("LayerNorm"), LayerRef("F.gelu"), LayerRef("torch.relu")])
)
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(names, inner, max_size=2)
    ),
    max_leaves=6,
)
LEAVES = sorted(set(layers()) - {"Sequential", "ModuleList", "ModuleDict"})
leaf = st.builds(
    LayerSpec,
    st.sampled_from(LEAVES),
    st.lists(values, max_size=3).map(tuple),
    st.dictionaries(identifiers, values, max_size=2),
)


def containers(inner):
    several = st.lists(inner, max_size=3)
    named = st.dictionaries(names, inner, max_size=3)
    return (
        several.map(lambda each: LayerSpec("Sequential", tuple(each)))
        | named.map(lambda each: LayerSpec("Sequential", (), each))
        | several.map(lambda each: LayerSpec("ModuleList", (each,)))
        | named.map(lambda each: LayerSpec("ModuleDict", (each,)))
    )


specs = st.recursive(leaf, containers, max_leaves=5)


@given(specs)
def test_text_reads_back_as_the_same_spec(spec):
    again = parse_spec(str(spec))
    assert again == spec
    assert str(again) == str(spec)
    assert repr(again) == repr(spec)  # 1, 1.0 and True are equal, and not the same


ALPHABET = st.sampled_from([*"()[]{},.:;=*+-/'\"\\\n #@!0x1e", "Linear", "nn.", "lambda "])


@given(st.text(max_size=30) | st.lists(ALPHABET, max_size=25).map("".join))
@example("\ud800")
@example("é = Linear(1, 2)\x0c")
def test_junk_is_refused_and_never_anything_else(text):
    try:
        spec = parse_spec(text)
    except SpecError:
        return
    assert parse_spec(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Linear(2048, 10)", "Linear(2048, 10)"),
        ("nn.Linear(2048, 10)", "Linear(2048, 10)"),
        ("torch.nn.Linear(2048, out_features=10)", "Linear(2048, out_features=10)"),
        ("  Linear(1, 2),  # the head", "Linear(1, 2)"),
        ("Linear(1, 2);", "Linear(1, 2)"),
        (">>> Linear(1, 2)", "Linear(1, 2)"),
        ("Linear(512 * 4, 1 + 20 // 2 - 1)", "Linear(2048, 10)"),
        ("Linear(-(-3), +4)", "Linear(3, 4)"),
        ("Dropout(1 / 4)", "Dropout(0.25)"),
        ("LayerNorm(8, eps=1e-5)", "LayerNorm(8, eps=1e-05)"),
        ("LayerNorm([4, 5])", "LayerNorm([4, 5])"),
        ("LayerNorm(torch.Size([4, 5]))", "LayerNorm((4, 5))"),
        ("Hardtanh(-math.inf, float('inf'))", 'Hardtanh(float("-inf"), float("inf"))'),
        ("Linear(1, 2, device=torch.device('cpu'))", 'Linear(1, 2, device="cpu")'),
        ("Linear(1, 2, dtype=torch.half)", "Linear(1, 2, dtype=torch.float16)"),
        ("MLP(3, [4], norm_layer=nn.LayerNorm)", "MLP(3, [4], norm_layer=LayerNorm)"),
        (
            "nn.TransformerEncoderLayer(8, 2, activation=nn.functional.gelu)",
            "TransformerEncoderLayer(8, 2, activation=F.gelu)",
        ),
        ("Sequential(*[ReLU(), Tanh()])", "Sequential(ReLU(), Tanh())"),
        ("Sequential(OrderedDict(a=ReLU()))", "Sequential(a=ReLU())"),
        ("Sequential(collections.OrderedDict([['a', ReLU()]]))", "Sequential(a=ReLU())"),
        (
            'Sequential(OrderedDict([("0a", Linear(1, 2)), ("class", ReLU())]))',
            'Sequential(OrderedDict([("0a", Linear(1, 2)), ("class", ReLU())]))',
        ),
        ("ModuleDict([('a', ReLU())])", 'ModuleDict({"a": ReLU()})'),
        ("ModuleDict()", "ModuleDict({})"),
        ("ModuleList((ReLU(),))", "ModuleList([ReLU()])"),
        (
            "BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))",
            "BCEWithLogitsLoss(pos_weight=[2.0])",
        ),
    ],
)
def test_what_people_write_is_understood(text, written):
    assert str(parse_spec(text)) == written


def test_the_order_of_children_counts_and_that_of_arguments_does_not():
    assert parse_spec("Sequential(a=ReLU(), b=Tanh())") != parse_spec(
        "Sequential(b=Tanh(), a=ReLU())"
    )
    assert parse_spec("Linear(in_features=1, out_features=2)") == parse_spec(
        "Linear(out_features=2, in_features=1)"
    )
    assert len({parse_spec("ReLU()"), parse_spec("nn.ReLU()")}) == 1


def test_nan_is_written_so_that_it_can_be_read():
    spec = parse_spec('ConstantPad1d(1, float("nan"))')
    assert math.isnan(spec.args[1])
    assert str(spec) == 'ConstantPad1d(1, float("nan"))'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "There is no text"),
        ("  \n ", "There is no text"),
        ("# only a comment", "There is no layer in the text"),
        ("__import__('os').system('x')", "Only layers can be called by name"),
        ("__import__('os')", "There is no layer called '__import__'"),
        ("eval('1')", "There is no layer called 'eval'"),
        ("open('file')", "There is no layer called 'open'"),
        ("torch.load('model.pth')", "There is no layer called 'torch.load'"),
        ("Linear(torch.load('a'), 1)", "There is no layer called 'torch.load'"),
        ("TransformerEncoderLayer(8, 2, activation=torch.load)", "no layer called 'torch.load'"),
        ("lambda: Linear(1, 2)", "`lambda: Linear(1, 2)` is not something"),
        ("[Linear(1, 2) for _ in range(3)]", "is not something a layer is given"),
        ("Sequential(*[ReLU() for _ in range(3)])", "cannot be unpacked here"),
        ("Sequential(**layers)", "cannot be unpacked here"),
        ("Linear(1, 2).weight", "reads an attribute"),
        ("net.fc", "There is no layer called 'net.fc'"),
        ("Linear(f'{1}', 2)", "is not something a layer is given"),
        ("Linear(n, 2)", "There is no layer called 'n'"),
        ("Linear(net.size, 2)", "There is no layer called 'net.size'"),
        ("Linear(9 ** 9 ** 9, 2)", "is not a calculation"),
        ("Linear(1 // 0, 2)", "has no result"),
        ("Linear(2 ** 3, 2)", "is not a calculation of numbers"),
        ("Linear(1 << 3, 2)", "is not a calculation of numbers"),
        ("Linear('a' * 3, 2)", "is not a calculation of numbers"),
        (f"Linear({'9' * 30}, 2)", "too large"),
        ("Linear(4000000000 * 4000000000, 2)", "too large"),
        ("Linear(1j, 2)", "not a number, text"),
        ("Linear(b'a', 2)", "not a number, text"),
        ("Linear(..., 2)", "not a number, text"),
        ("Linear({1, 2}, 2)", "is not something a layer is given"),
        ("Linear(1 if 1 else 2, 2)", "is not something a layer is given"),
        ("Linear(1 < 2, 2)", "is not something a layer is given"),
        ("Linear(not 1, 2)", "is not something a layer is given"),
        ("Linear(x := 1, 2)", "is not something a layer is given"),
        ("3 + 4", "was expected; `3 + 4` came"),
        ("'Linear'", "was expected"),
        ("Linear", "Linear comes without its arguments; write Linear(in_features, out_features)."),
        ("nn.functional.relu", "is a function, not a layer"),
        ("Lineer(1, 2)", "Did you mean Linear"),
        ("linear(1, 2)", "Did you mean Linear?"),
        ("Linear(1, 2", "line 1, column 7: '(' was never closed"),
        ("Linear(1, 2))", "unmatched ')'"),
        ("Linear(1 2)", "cannot be read in line 1"),
        ("Linear(a=1, a=2)", "a comes twice"),
        ("Sequential(OrderedDict([('a', ReLU()), ('a', Tanh())]))", 'The name "a" comes twice'),
        ("Sequential(OrderedDict(ReLU()))", "list of (name, layer) pairs"),
        ("Sequential(OrderedDict([(1, ReLU())]))", "Children are named with text"),
        ("Linear(1, 2)\nReLU()", "2 layers that do not belong together"),
        ("def f(): pass", "was expected"),
        ("for i in x: pass", "was expected"),
        ("del x", "was expected"),
        ("Linear(1\0, 2)", "null bytes"),
        ("(" * 500, "cannot be read"),
        ("Sequential(" * 150 + ")" * 150, "nested more than 100 levels"),
        ("-" * 20_000 + "1", "nested"),
        ("Linear(" + "1+" * 20_000 + "1, 2)", ""),
        ("a." * 20_000 + "a()", ""),
        ("x" * 300_000, "longer than"),
        ("float('x')", "is not a number"),
        ("torch.device(1)", "does not take 1"),
    ],
)
def test_everything_else_is_refused_with_the_reason(text, reason):
    with pytest.raises(SpecError) as refusal:
        parse_spec(text)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300
