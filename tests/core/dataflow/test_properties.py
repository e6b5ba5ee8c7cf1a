"""Whatever is re-wired: it runs or is a problem, and undoing all is the first document."""

import msgspec
import torch
from hypothesis import given, settings, strategies as st

from core.analysis import analyse
from core.dataflow import graph_of
from core.document import Document
from core.edits import (
    AddInput,
    AddNode,
    AddOutput,
    Bypass,
    Connect,
    Disconnect,
    Edit,
    Group,
    History,
    InsertOnEdge,
    OutOfPlace,
    RemoveInput,
    RemoveNode,
    RemoveOutput,
    RenameNode,
    Replace,
    Reroute,
    RouteByKey,
    RunInOrder,
    Ungroup,
)
from core.errors import ModelwrightError, Untraceable
from core.recipe import Recipe, recipe_of, recipe_text, replay
from tests.core.dataflow.flows import agree, document
from tests.core.dataflow.odd_forwards import READABLE
from tests.zoo import ZOO

MODELS = {**ZOO, **READABLE}
SPECS = ["Identity()", "ReLU()", "Linear(4, 4)", "flatten(1)", "add", "cat(1)", "unsqueeze(0)"]


@st.composite
def edits(draw: st.DrawFn, fed: Document) -> Edit:
    """Draw an edit of the dataflow anywhere in a model; many are refused."""
    path = draw(st.sampled_from([p for p, m in fed.modules() if m._modules] or [""]))
    try:
        graph = graph_of(fed, path)
    except Untraceable:
        return AddOutput(path, "x")
    steps = st.sampled_from([node.name for node in graph.nodes])
    one, other, spec = draw(steps), draw(steps), draw(st.sampled_from(SPECS))
    edge = draw(st.sampled_from(graph.edges or [None]))
    name = draw(st.sampled_from([None, "extra", "y"]))
    shape = draw(st.sampled_from([(2,), (2, 4), (2, 3, 8, 8)]))
    choices: list[Edit] = [
        AddNode(path, spec, (one,), name),
        RemoveNode(path, one),
        Bypass(path, one),
        Connect(path, one, other, draw(st.sampled_from([None, 0, 1]))),
        RenameNode(path, one, "renamed"),
        AddInput(path, "extra", shape, before=draw(st.sampled_from([None, one]))),
        AddInput(path, "spare", shape, default=1.0),
        AddOutput(path, one, name),
        RemoveOutput(path, draw(st.sampled_from([0, 1, "out"]))),
        RemoveInput(path, one),
        Replace(path, "ReLU()"),
        Group(path, (one, other), "grouped"),
        Ungroup(path),
        OutOfPlace(path, one),
        RunInOrder(path),
        RouteByKey(path),
        AddNode(path, "ModuleList([Identity(), ReLU()])", (one,), "listed"),
    ]
    if edge is not None:
        choices += [
            InsertOnEdge(path, edge.source, edge.target, spec, name),
            InsertOnEdge(path, edge.source, edge.target, "add", name, (one,)),
            Disconnect(path, edge.source, edge.target),
            Reroute(path, edge.source, edge.target, other),
        ]
    return draw(st.sampled_from(choices))


@settings(max_examples=120)
@given(data=st.data(), name=st.sampled_from(sorted(MODELS)))
def test_undoing_every_re_wiring_is_the_first_document(data: st.DataObject, name: str) -> None:
    first = document(*MODELS[name])
    weights = {k: v.clone() for k, v in first.root.state_dict().items()}
    held = [(id(m), dict(m._modules), type(m)) for m in first.root.modules()]
    ticks = iter(range(0, 100_000, 100))
    history = History(first, clock=lambda: next(ticks))
    for _ in range(data.draw(st.integers(1, 5))):
        before = history.document
        try:
            history.do(data.draw(edits(before)))
        except ModelwrightError:
            assert history.document is before
    last = history.document
    report = analyse(last)  # never raises: what does not run is a problem
    replayed = replay(recipe_of(first, history.edits), first).document
    assert replayed.inputs == last.inputs
    assert [p.message for p in analyse(replayed).problems] == [p.message for p in report.problems]
    written = Recipe(source="x", edits=history.edits)
    assert msgspec.json.decode(recipe_text(written), type=Recipe) == written
    while history.can_undo:
        history.undo()
    assert history.document is first
    assert held == [(id(m), dict(m._modules), type(m)) for m in first.root.modules()]
    now = first.root.state_dict()
    assert all(torch.equal(tensor, weights[key]) for key, tensor in now.items())


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(sorted(MODELS)))
def test_an_identity_on_any_edge_changes_nothing(data: st.DataObject, name: str) -> None:
    fed = document(*MODELS[name])
    try:
        graph = graph_of(fed, "")
    except Untraceable:
        return
    edge = data.draw(st.sampled_from(graph.edges))
    after = InsertOnEdge("", edge.source, edge.target, "Identity()", port=edge.port).apply(fed)
    assert agree(after.root, fed.root, fed)
