"""Modelwright without a screen: no Qt, usable on a server and from a notebook.

The rooms, in the order data travels:

    source/      where a model comes from: torchvision and timm by name, a .py file, an expression
    catalog/     what can be placed: every torch.nn layer, blocks, heads; specs as text, both ways
    blocks/      our building blocks, U-Nets on any encoder, and their source to go along
    document/    Document, the immutable model; path copying; ledger, key map, difference
    edits/       what a user can do, one small class each; History
    analysis/    shapes (incremental), cost, problems with their repairs
    files/       what stands in a file of weights, read without torch and without running it;
                 which model it is of; writing and converting, streamed
    checkpoint/  matching a file to a document, loading it proven, saving, comparing
    placement/   devices, whether a model fits, trying it, code that saves and loads for them
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
        ModuleReport,
        Preview,
        Problem,
        Report,
        Value,
        analyse,
        place_at,
        place_of,
        preview,
    )
    from core.blocks import Assembly, source_of
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
        by_module,
        diff,
        doubts,
        expected,
        load,
        load_state_dict,
        match,
        not_loaded,
        save,
        save_state_dict,
        tensor_of,
    )
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
        SetInputs,
        Step,
        SwapEncoder,
        Together,
        Unfreeze,
        Unwrap,
        Wrap,
        is_container,
        is_positional,
        parse_edit,
        parse_value,
    )
    from core.files import in_a_sentence, read_contents
    from core.files.which import which
    from core.placement import (
        Placement,
        devices,
        distributed_script,
        loading_script,
        need,
        outlooks,
        saving_script,
        try_forward,
    )
    from core.session import Changed, Session
    from core.source import Code, ModelEntry, models, open_source
    from core.statistics import (
        HeatMap,
        Statistics,
        Weight,
        heat_map,
        known_statistics,
        statistics_of,
        weights_of,
    )

_HOMES = {
    "core.analysis": (
        "ModuleReport",
        "Preview",
        "Problem",
        "Report",
        "Value",
        "analyse",
        "place_at",
        "place_of",
        "preview",
    ),
    "core.blocks": ("Assembly", "source_of"),
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
        "by_module",
        "diff",
        "doubts",
        "expected",
        "load",
        "load_state_dict",
        "match",
        "not_loaded",
        "save",
        "save_state_dict",
        "tensor_of",
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
        "Duplicate",
        "Edit",
        "Freeze",
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
        "SwapEncoder",
        "Together",
        "Unfreeze",
        "Unwrap",
        "Wrap",
        "is_container",
        "is_positional",
        "parse_edit",
        "parse_value",
    ),
    "core.files": ("in_a_sentence", "read_contents"),
    "core.files.which": ("which",),
    "core.placement": (
        "Placement",
        "devices",
        "distributed_script",
        "loading_script",
        "need",
        "outlooks",
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
        "HeatMap",
        "Statistics",
        "Weight",
        "heat_map",
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
    "Argument",
    "Assembly",
    "Change",
    "Changed",
    "Code",
    "Document",
    "Duplicate",
    "Edit",
    "Freeze",
    "HeatMap",
    "History",
    "InputSpec",
    "Insert",
    "Layer",
    "LayerRef",
    "LayerSpec",
    "Ledger",
    "ModelEntry",
    "ModuleReport",
    "Move",
    "Parameter",
    "Place",
    "Placement",
    "Preset",
    "Preview",
    "Problem",
    "Reinitialise",
    "Remove",
    "Rename",
    "Replace",
    "Report",
    "SaveOptions",
    "Session",
    "SetArguments",
    "SetInputs",
    "Statistics",
    "Step",
    "SwapEncoder",
    "Together",
    "Unfreeze",
    "Unwrap",
    "Value",
    "Weight",
    "Wrap",
    "about",
    "amount_in",
    "amount_of",
    "analyse",
    "arguments_of",
    "by_module",
    "common_form",
    "describe",
    "devices",
    "diff",
    "difference",
    "distributed_script",
    "doubts",
    "expected",
    "find_layer",
    "find_preset",
    "form_of",
    "heat_map",
    "in_a_sentence",
    "is_container",
    "is_positional",
    "key_map",
    "known_statistics",
    "layers",
    "ledger",
    "load",
    "load_state_dict",
    "loading_script",
    "match",
    "missing",
    "models",
    "need",
    "not_loaded",
    "open",
    "open_source",
    "outlooks",
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
    "source_of",
    "statistics_of",
    "suggest",
    "suggest_spec",
    "summary_text",
    "tensor_of",
    "try_forward",
    "weights_of",
    "which",
    "write_argument",
]
