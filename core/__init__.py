"""Modelwright without a screen: no Qt, usable on a server and from a notebook.

The rooms, in the order data travels:

    source/      where a model comes from: torchvision and timm by name, a .py file, an expression
    catalog/     what can be placed: every torch.nn layer, heads; layer specs as text, both ways
    document/    Document, the immutable model; path copying; ledger, key map, difference
    dataflow/    one module's forward as a graph: read, changed, written as Python again
    edits/       what a user can do, one small class each; History
    analysis/    shapes (incremental), cost, problems with their repairs
    files/       what stands in a file of weights, read without torch and without running it;
                 which model it is of; writing and converting, streamed
    checkpoint/  matching a file to a document, loading it proven, saving, comparing
    placement/   devices, whether a model fits, trying it, code that saves and loads for them
    export/      what leaves the house: code that builds the model, tried in a fresh process
    statistics.py the numbers of one tensor, a histogram
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
    from core.analysis import (
        Flow,
        ModuleReport,
        Preview,
        Problem,
        Report,
        Value,
        analyse,
        flow,
        place_at,
        place_of,
        preview,
    )
    from core.catalog import (
        About,
        Argument,
        Layer,
        LayerRef,
        LayerSpec,
        Parameter,
        Place,
        Preset,
        about,
        arguments_of,
        common_form,
        describe,
        find_layer,
        form_of,
        layers,
        missing,
        parse_spec,
        presets,
        read_argument,
        search,
        suggest,
        suggest_spec,
        summary_text,
        write_argument,
    )
    from core.checkpoint import (
        SaveOptions,
        amount_in,
        amount_of,
        diff,
        doubts,
        load,
        load_state_dict,
        match,
        save,
        save_state_dict,
    )
    from core.dataflow import Edge, Graph, Node, graph_of, is_rewired
    from core.document import (
        Change,
        Document,
        InputSpec,
        Ledger,
        difference,
        key_map,
        ledger,
        parse_inputs,
    )
    from core.edits import (
        AddInput,
        AddNode,
        AddOutput,
        Bypass,
        Connect,
        Disconnect,
        Duplicate,
        Edit,
        Freeze,
        Group,
        History,
        Insert,
        InsertOnEdge,
        Move,
        Reinitialise,
        Remove,
        RemoveInput,
        RemoveNode,
        RemoveOutput,
        Rename,
        RenameNode,
        Replace,
        SetArguments,
        SetInputs,
        Step,
        Together,
        Unfreeze,
        Ungroup,
        Unwrap,
        Wrap,
        is_container,
        is_positional,
        parse_edit,
        parse_value,
    )
    from core.export import TakenHome, model_source, take_home
    from core.files import read_contents
    from core.placement import (
        Placement,
        devices,
        loading_script,
        need,
        saving_script,
        try_forward,
    )
    from core.session import Changed, Session
    from core.source import Code, ModelEntry, models, open_source
    from core.statistics import (
        Statistics,
        Weight,
        known_statistics,
        statistics_of,
        weights_of,
    )

_HOMES = {
    "core.analysis": (
        "Flow",
        "ModuleReport",
        "Preview",
        "Problem",
        "Report",
        "Value",
        "analyse",
        "flow",
        "place_at",
        "place_of",
        "preview",
    ),
    "core.catalog": (
        "About",
        "Argument",
        "Layer",
        "LayerRef",
        "LayerSpec",
        "Parameter",
        "Place",
        "Preset",
        "about",
        "arguments_of",
        "common_form",
        "describe",
        "find_layer",
        "find_preset",
        "form_of",
        "layers",
        "missing",
        "parse_spec",
        "presets",
        "read_argument",
        "search",
        "suggest",
        "suggest_spec",
        "summary_text",
        "write_argument",
    ),
    "core.checkpoint": (
        "SaveOptions",
        "amount_in",
        "amount_of",
        "diff",
        "doubts",
        "load",
        "load_state_dict",
        "match",
        "save",
        "save_state_dict",
    ),
    "core.document": (
        "Change",
        "Document",
        "InputSpec",
        "Ledger",
        "difference",
        "key_map",
        "ledger",
        "parse_inputs",
    ),
    "core.edits": (
        "AddInput",
        "AddNode",
        "AddOutput",
        "Bypass",
        "Connect",
        "Disconnect",
        "InsertOnEdge",
        "RemoveInput",
        "RemoveNode",
        "RemoveOutput",
        "RenameNode",
        "Duplicate",
        "Edit",
        "Freeze",
        "Group",
        "History",
        "Insert",
        "Move",
        "Reinitialise",
        "Remove",
        "Rename",
        "Replace",
        "SetArguments",
        "SetInputs",
        "Step",
        "Together",
        "Unfreeze",
        "Ungroup",
        "Unwrap",
        "Wrap",
        "is_container",
        "is_positional",
        "parse_edit",
        "parse_value",
    ),
    "core.dataflow": ("Edge", "Graph", "Node", "graph_of", "is_rewired"),
    "core.export": ("TakenHome", "model_source", "take_home"),
    "core.files": ("read_contents",),
    "core.placement": (
        "Placement",
        "devices",
        "loading_script",
        "need",
        "saving_script",
        "try_forward",
    ),
    "core.session": (
        "Changed",
        "Session",
    ),
    "core.source": (
        "Code",
        "ModelEntry",
        "models",
        "open_source",
    ),
    "core.statistics": (
        "Statistics",
        "Weight",
        "known_statistics",
        "statistics_of",
        "weights_of",
    ),
}
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
    "About",
    "AddInput",
    "AddNode",
    "AddOutput",
    "Argument",
    "Bypass",
    "Change",
    "Changed",
    "Code",
    "Connect",
    "Disconnect",
    "Document",
    "Duplicate",
    "Edge",
    "Edit",
    "Flow",
    "Freeze",
    "Graph",
    "Group",
    "History",
    "InputSpec",
    "Insert",
    "InsertOnEdge",
    "Layer",
    "LayerRef",
    "LayerSpec",
    "Ledger",
    "ModelEntry",
    "ModuleReport",
    "Move",
    "Node",
    "Parameter",
    "Place",
    "Placement",
    "Preset",
    "Preview",
    "Problem",
    "Reinitialise",
    "Remove",
    "RemoveInput",
    "RemoveNode",
    "RemoveOutput",
    "Rename",
    "RenameNode",
    "Replace",
    "Report",
    "SaveOptions",
    "Session",
    "SetArguments",
    "SetInputs",
    "Statistics",
    "Step",
    "TakenHome",
    "Together",
    "Unfreeze",
    "Ungroup",
    "Unwrap",
    "Value",
    "Weight",
    "Wrap",
    "about",
    "amount_in",
    "amount_of",
    "analyse",
    "arguments_of",
    "common_form",
    "describe",
    "devices",
    "diff",
    "difference",
    "doubts",
    "find_layer",
    "find_preset",
    "flow",
    "form_of",
    "graph_of",
    "is_container",
    "is_positional",
    "is_rewired",
    "key_map",
    "known_statistics",
    "layers",
    "ledger",
    "load",
    "load_state_dict",
    "loading_script",
    "match",
    "missing",
    "model_source",
    "models",
    "need",
    "open",
    "open_source",
    "parse_edit",
    "parse_inputs",
    "parse_spec",
    "parse_value",
    "place_at",
    "place_of",
    "presets",
    "preview",
    "read_argument",
    "read_contents",
    "save",
    "save_state_dict",
    "saving_script",
    "search",
    "statistics_of",
    "suggest",
    "suggest_spec",
    "summary_text",
    "take_home",
    "try_forward",
    "weights_of",
    "write_argument",
]
