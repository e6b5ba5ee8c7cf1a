"""Whatever is edited: undoing all is the first document, and the first document is untouched."""

from collections.abc import Callable

import torch
from hypothesis import given, settings, strategies as st
from torch import nn

from core.analysis import analyse, clear_caches
from core.document import Document, parse_inputs, recording
from core.edits import (
    Duplicate,
    Edit,
    Freeze,
    History,
    Insert,
    Move,
    Reinitialise,
    Remove,
    Rename,
    Replace,
    SetArguments,
    Unfreeze,
    Unwrap,
    Wrap,
    is_container,
)
from core.errors import ModelwrightError
from tests.zoo import ZOO

LAYERS = [
    "Linear(4, 4)",
    "ReLU()",
    "Sequential(Linear(4, 4), Tanh())",
    "Dropout(0.1)",
    "Identity()",
]


def _resnet() -> nn.Module:
    from torchvision.models import resnet18

    return resnet18(num_classes=4)


BUILDERS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    **ZOO,
    "resnet18": (_resnet, "1,3,64,64"),
    "nested": (
        lambda: nn.Sequential(
            nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.ModuleDict({"a": nn.Linear(4, 4)})
        ),
        "2,4",
    ),
}


@st.composite
def edits(draw: st.DrawFn, document: Document) -> Edit:
    """Draw any edit at any place; many are refused, which is part of the test."""
    paths = [path for path, _ in document.modules()]
    containers = [path for path, module in document.modules() if is_container(module)]
    path = draw(st.sampled_from(paths))
    goal = draw(st.sampled_from(containers or [""]))
    index = draw(st.one_of(st.none(), st.integers(-1, 3)))
    layer = draw(st.sampled_from(LAYERS))
    size = draw(st.integers(1, 6))
    name = draw(st.sampled_from(["a", "b", "linear", "0", "fc"]))
    return draw(
        st.sampled_from(
            [
                Replace(path, layer),
                Replace(path, layer, every_use=False),
                Insert(goal, index, layer),
                Remove(path),
                Move(path, goal, index),
                Rename(path, name),
                Wrap(path, draw(st.sampled_from(["Sequential", "ModuleList", "ModuleDict"]))),
                Unwrap(path),
                Duplicate(path),
                Duplicate(path, goal, index),
                Freeze(path),
                Unfreeze(path),
                Reinitialise(path),
                SetArguments(path, {"out_features": size}),
                SetArguments(path, {"inplace": True}),
            ]
        )
    )


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(sorted(BUILDERS)))
def test_undoing_all_is_the_first_document_and_redoing_all_the_last(
    data: st.DataObject, name: str
) -> None:
    build, inputs = BUILDERS[name]
    with recording():
        root = build()
    first = Document.of(root, parse_inputs(inputs))
    weights = {key: tensor.clone() for key, tensor in first.root.state_dict().items()}
    attributes = [(id(m), sorted(m.__dict__), dict(m._modules)) for m in first.root.modules()]
    ticks = iter(range(0, 100_000, 100))
    history = History(first, clock=lambda: next(ticks))
    made = [first]
    for _ in range(data.draw(st.integers(1, 6))):
        edit = data.draw(edits(history.document))
        before = history.document
        try:
            after = history.do(edit)
        except ModelwrightError:
            assert history.document is before
            continue
        if after is not before:
            made.append(after)
        assert edit.label
    last = history.document
    while history.can_undo:
        assert history.document is made[history.cursor]
        history.undo()
    assert history.document is first
    while history.can_redo:
        history.redo()
    assert history.document is last
    now = first.root.state_dict()
    assert all(torch.equal(tensor, weights[key]) for key, tensor in now.items())
    assert attributes == [
        (id(m), sorted(m.__dict__), dict(m._modules)) for m in first.root.modules()
    ]


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(sorted(BUILDERS)))
def test_shapes_from_the_cache_are_those_computed_afresh(data: st.DataObject, name: str) -> None:
    build, inputs = BUILDERS[name]
    with recording():
        root = build()
    document = Document.of(root, parse_inputs(inputs))
    analyse(document)
    for _ in range(data.draw(st.integers(1, 4))):
        try:
            document = data.draw(edits(document)).apply(document)
        except ModelwrightError:
            continue
        cached = _facts(document)
        clear_caches()
        assert cached == _facts(document)


def _facts(document: Document) -> tuple[object, ...]:
    report = analyse(document)
    modules = {
        path: (found.output and found.output.to_json(), found.parameters, found.macs, found.calls)
        for path, found in report.modules.items()
    }
    problems = [(problem.path, problem.message) for problem in report.problems]
    return report.parameters, report.trainable, report.bytes, report.macs, modules, problems
