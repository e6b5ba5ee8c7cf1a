"""What the tests of the dataflow share: a document of a module, and whether two modules agree."""

import copy
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from core.document import Document, parse_inputs, recording


def document(build: Any, inputs: str) -> Document:
    """Build a module under the recorder and adopt it."""
    with recording():
        root = build()
    return Document.of(root, parse_inputs(inputs))


def outputs(model: nn.Module, document: Document, *, training: bool) -> list[Any]:
    """Run a copy of ``model`` with one seed and return every leaf of what comes out."""
    args, kwargs = document.example_inputs()
    twin = copy.deepcopy(model).train(training)
    torch.manual_seed(7)
    with torch.no_grad():
        return tree_leaves(twin(*args, **kwargs))


def agree(one: nn.Module, other: nn.Module, fed: Document) -> bool:
    """Say whether two modules give exactly the same, in eval and in train mode."""
    return all(
        _equal(outputs(one, fed, training=mode), outputs(other, fed, training=mode))
        for mode in (False, True)
    )


def _equal(ours: list[Any], theirs: list[Any]) -> bool:
    return len(ours) == len(theirs) and all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
        for a, b in zip(ours, theirs, strict=True)
    )
