"""torchvision's models: an Identity on every edge changes nothing, every step can be an output.

A few in the ordinary suite, every classification, segmentation and video model in the zoo.
"""

import inspect
from contextlib import nullcontext
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from core.analysis import analyse, flow
from core.dataflow import graph_of, is_rewired
from core.document import Document, parse_inputs, recording
from core.edits import AddOutput, InsertOnEdge
from core.source import models
from core.source.memory import ParametersOnMeta
from tests.core.dataflow.flows import agree

LARGE = 100_000_000
TASKS = {entry.name: entry for entry in models()}
READABLE = sorted(
    name
    for name, entry in TASKS.items()
    if name in torchvision.models.list_models()
    and entry.task in ("classification", "segmentation", "video")
)
SAMPLE = ("resnet18", "googlenet", "densenet121", "swin_t", "lraspp_mobilenet_v3_large")


def _opened(name: str) -> Document:
    """Build a model; a large one without memory for its weights, of which shapes are compared."""
    builder: Any = torchvision.models.get_model_builder(name)
    bare = {"weights": None}
    if "weights_backbone" in inspect.signature(builder).parameters:
        bare["weights_backbone"] = None
    large = (TASKS[name].parameters or 0) > LARGE
    with recording(), ParametersOnMeta() if large else nullcontext():
        root = builder(**bare)
    task = TASKS[name].task
    side = getattr(root, "image_size", 224 if "swin" in name or "vit" in name else 64)
    if "maxvit" in name:
        side = 224
    side = 224 if name in ("s3d", "mvit_v1_b", "mvit_v2_s") else 112 if task == "video" else side
    shape = (2, 3, 16, side, side) if task == "video" else (2, 3, side, side)
    if "inception" in name:
        shape = (2, 3, 299, 299)  # for its second head, in train mode
    return Document.of(root, parse_inputs(",".join(map(str, shape))))


def _check(name: str) -> None:
    fed = _opened(name)
    graph = graph_of(fed, "")
    assert not [p for p in flow(analyse(fed)).problems if "another way" in p.message]
    after = fed
    for number, edge in enumerate(graph.edges):
        after = InsertOnEdge(
            "", edge.source, edge.target, "Identity()", f"same_{number}", port=edge.port
        ).apply(after)
    assert is_rewired(after.root)
    assert sum(type(m) is nn.Identity for m in after.root.children()) >= len(graph.edges)
    assert str(analyse(after).output) == str(analyse(fed).output)
    assert not analyse(after).problems
    if any(p.is_meta for p in fed.root.parameters()):
        return
    assert agree(after.root, fed.root, fed)
    _check_outputs(fed)


def _check_outputs(fed: Document) -> None:
    """Return the result of every child too, and compare with what forward hooks see."""
    graph = graph_of(fed, "")
    steps = [node for node in graph.nodes if node.kind == "call" and not node.when]
    calls = [node for node in steps if len(graph.calls_of(node.target)) == 1]
    after = fed
    for node in calls:
        after = AddOutput("", node.name, f"out_{node.name}").apply(after)
    model, seen = fed.model(), {}
    for node in calls:
        model.get_submodule(node.target).register_forward_hook(
            lambda m, i, o, key=node.name: seen.__setitem__(key, o)
        )
    args, kwargs = fed.example_inputs()
    with torch.no_grad():
        plain = tree_leaves(model(*args, **kwargs))
        given = tree_leaves(after.model()(*args, **kwargs))
    expected = plain + [leaf for node in calls for leaf in tree_leaves(seen[node.name])]
    assert len(given) == len(expected)
    assert all(
        torch.equal(a, b) if isinstance(a, Tensor) else a == b
        for a, b in zip(given, expected, strict=True)
    )


@pytest.mark.parametrize("name", SAMPLE)
def test_re_wiring_keeps_what_a_sampled_model_does(name: str) -> None:
    _check(name)


@pytest.mark.long
@pytest.mark.parametrize("name", READABLE)
def test_re_wiring_keeps_what_every_model_does(name: str) -> None:
    _check(name)
