"""Modelwright without a screen: no Qt, usable on a server and from a notebook.

The rooms, in the order data travels:

    source/      where a model comes from: torchvision and timm by name, a .py file, an expression
    catalog/     what can be placed: every torch.nn layer, heads; layer specs as text, both ways
    document/    Document, the immutable model; path copying; ledger, key map, difference
    edits/       what a user can do, one small class each; History
    analysis/    shapes (incremental), cost, problems with their repairs
    checkpoint/  saving and loading weights
    recipe.py    source, inputs and edits as JSON, to be replayed elsewhere
    session.py   one open document: history, selection, clean mark, one signal
    cli/         the same jobs from a terminal
    errors.py    everything that can be refused, as one tree

In five lines:

    import core
    model = core.open("resnet50")
    model.apply("fc = Linear(2048, 10)")
    print(model.problems, model.ledger)
    net = model.model()  # an ordinary nn.Module, yours to train

torch is imported with the first name that needs it, not with ``import core``.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.analysis import Problem, Report, analyse
    from core.catalog import LayerSpec, parse_spec
    from core.document import Document, InputSpec, difference, key_map, ledger
    from core.edits import (
        Duplicate,
        Freeze,
        Insert,
        Move,
        Reinitialise,
        Remove,
        Rename,
        Replace,
        SetArguments,
        SetInputs,
        Together,
        Unfreeze,
        Unwrap,
        Wrap,
    )
    from core.session import Session

_HOMES = {
    "core.analysis": ("Problem", "Report", "analyse"),
    "core.catalog": ("LayerSpec", "parse_spec"),
    "core.document": ("Document", "InputSpec", "difference", "key_map", "ledger"),
    "core.edits": (
        "Duplicate", "Freeze", "Insert", "Move", "Reinitialise", "Remove", "Rename", "Replace",
        "SetArguments", "SetInputs", "Together", "Unfreeze", "Unwrap", "Wrap",
    ),
    "core.session": ("Session",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def open(text: str, **options: Any) -> "Session":
    """Open a model: ``resnet50``, ``net.py:Net(3)``, ``Sequential(Linear(784, 10))``, ...

    Options are those of :func:`core.source.open_source`: ``trust``, ``structure``, ``pretrained``,
    ``inputs``, ``progress``, ``cancelled``. Raises :class:`~core.errors.SourceError`.
    """
    from core.session import Session

    return Session.open(text, **options)


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'core' has no attribute '{name}'")
    return getattr(importlib.import_module(home), name)


__all__ = [
    "Document",
    "Duplicate",
    "Freeze",
    "InputSpec",
    "Insert",
    "LayerSpec",
    "Move",
    "Problem",
    "Reinitialise",
    "Remove",
    "Rename",
    "Replace",
    "Report",
    "Session",
    "SetArguments",
    "SetInputs",
    "Together",
    "Unfreeze",
    "Unwrap",
    "Wrap",
    "analyse",
    "difference",
    "key_map",
    "ledger",
    "open",
    "parse_spec",
]
