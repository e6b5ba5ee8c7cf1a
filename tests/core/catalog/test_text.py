"""Layer specs as text: read without evaluating, written so that they read back the same."""

import pytest
from hypothesis import given, strategies as st

from core.catalog import LayerSpec, parse_assignment, parse_spec
from core.errors import ModelwrightError, SpecError

values = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.sampled_from([0.5, 1e-5, "zeros"]),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=4,
)
names = st.sampled_from(["Linear", "ReLU", "Conv2d", "BatchNorm2d", "Softmax"])
leaves = st.builds(
    LayerSpec,
    names,
    st.lists(values, max_size=3).map(tuple),
    st.dictionaries(st.sampled_from(["bias", "eps", "dim"]), values, max_size=2),
)
children = st.sampled_from(["fc1", "relu_2", "0a", "class", "out-put"])
specs = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            LayerSpec, st.just("Sequential"), st.lists(inner, min_size=1, max_size=3).map(tuple)
        ),
        st.builds(
            LayerSpec, st.just("Sequential"), st.just(()),
            st.dictionaries(children, inner, min_size=1, max_size=3),
        ),
        st.builds(LayerSpec, st.just("ModuleList"), st.tuples(st.lists(inner, max_size=3))),
    ),
    max_leaves=5,
)  # fmt: skip


@given(specs)
def test_what_is_written_reads_back_the_same(spec: LayerSpec) -> None:
    assert parse_spec(str(spec)) == spec


@given(st.text(alphabet=st.sampled_from("Linear(),=3 .'\"[]{}\n:+-*/\0#nReLU@lambda"), max_size=60))
def test_any_junk_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        parse_spec(text)
    except SpecError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nn.Linear(2048, 10)", "Linear(2048, 10)"),
        ("torch.nn.Linear(512 * 4, 10)", "Linear(2048, 10)"),
        ("Linear(2048, 10),  # the head", "Linear(2048, 10)"),
        ("nn.LayerNorm(96, eps=1e-6)", "LayerNorm(96, eps=1e-06)"),
        (
            "nn.Sequential(OrderedDict([('fc1', nn.Linear(4, 3)), ('act', nn.ReLU())]))",
            "Sequential(fc1=Linear(4, 3), act=ReLU())",
        ),
    ],
)
def test_a_line_from_a_script_is_understood(text: str, expected: str) -> None:
    assert str(parse_spec(text)) == expected


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("fc = Linear(2048, 10)", "fc"),
        ("net.fc = nn.Linear(2048, 10)", "fc"),
        ("model.classifier[1] = nn.Linear(1280, 10)", "classifier.1"),
        ("layer4[0].conv1 = nn.Conv2d(3, 4, 1)", "layer4.0.conv1"),
        ("Linear(2048, 10)", None),
    ],
)
def test_an_assignment_names_its_target(text: str, target: str | None) -> None:
    assert parse_assignment(text)[0] == target


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch canary')", "eval('1')", "lambda: 3", "[x for x in y]",
        "Linear", "3 + 4", "Linear(2048, 10", "", "Linear(x, 10)", "Linear(2 ** 99, 10)",
        "Linear(f'{3}', 2)", "Linear(*[1, 2, open('x')], 3)", "(" * 5000, "Linear(2, 3)\0",
        "Linear(os.environ, 3)", "Sequential(" * 400 + "ReLU()" + ")" * 400,
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ModelwrightError):
        parse_spec(text)
