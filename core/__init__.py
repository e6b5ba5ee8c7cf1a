"""Modelwright without a screen: no Qt, usable on a server and from a notebook.

The rooms, in the order data travels:

    source/      where a model comes from: torchvision and timm by name, a .py file, an expression
    catalog/     what can be placed: every torch.nn layer, blocks, heads; specs as text, both ways
    blocks/      our building blocks, U-Nets on any encoder, and their source to go along
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
    project/     a recipe and the weights it cannot do without: work that is saved and opened again
    session.py   one open document: history, selection, clean mark, one signal
    cli/         the same jobs from a terminal
    offered.py   the models a .py has to offer, by reading it
    user_code.py the user's own Python: read once, agreed to, run
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

from core.homes import HOMES

if TYPE_CHECKING:
    from core.analysis import (
        Flow as Flow,
        ModuleReport as ModuleReport,
        Preview as Preview,
        Problem as Problem,
        Report as Report,
        Value as Value,
        analyse as analyse,
        flow as flow,
        place_at as place_at,
        place_of as place_of,
        preview as preview,
        repeats as repeats,
        stages_in as stages_in,
    )
    from core.blocks import (
        Assembly as Assembly,
        check_image as check_image,
        encoders as encoders,
        source_of as source_of,
        stages_of as stages_of,
    )
    from core.catalog import (
        About as About,
        Argument as Argument,
        BlockFile as BlockFile,
        Layer as Layer,
        LayerRef as LayerRef,
        LayerSpec as LayerSpec,
        Parameter as Parameter,
        Place as Place,
        Preset as Preset,
        about as about,
        allow_block as allow_block,
        arguments_of as arguments_of,
        block_files as block_files,
        blocks_folder as blocks_folder,
        common_form as common_form,
        describe as describe,
        export_block as export_block,
        find_block as find_block,
        find_layer as find_layer,
        find_preset as find_preset,
        form_of as form_of,
        import_block as import_block,
        layers as layers,
        missing as missing,
        parse_spec as parse_spec,
        presets as presets,
        read_argument as read_argument,
        remove_block as remove_block,
        rename_block as rename_block,
        search as search,
        suggest as suggest,
        suggest_spec as suggest_spec,
        summary_text as summary_text,
        write_argument as write_argument,
    )
    from core.checkpoint import (
        SaveOptions as SaveOptions,
        amount_in as amount_in,
        amount_of as amount_of,
        by_module as by_module,
        diff as diff,
        doubts as doubts,
        expected as expected,
        load as load,
        load_state_dict as load_state_dict,
        match as match,
        not_loaded as not_loaded,
        save as save,
        save_state_dict as save_state_dict,
        tensor_of as tensor_of,
    )
    from core.dataflow import (
        Box as Box,
        Edge as Edge,
        Graph as Graph,
        Layout as Layout,
        Node as Node,
        graph_of as graph_of,
        is_rewired as is_rewired,
        lay_out as lay_out,
    )
    from core.document import (
        Change as Change,
        Document as Document,
        InputSpec as InputSpec,
        Ledger as Ledger,
        difference as difference,
        key_map as key_map,
        ledger as ledger,
        parse_inputs as parse_inputs,
    )
    from core.edits import (
        AddInput as AddInput,
        AddNode as AddNode,
        AddOutput as AddOutput,
        Bypass as Bypass,
        Connect as Connect,
        Disconnect as Disconnect,
        Duplicate as Duplicate,
        Edit as Edit,
        Freeze as Freeze,
        Group as Group,
        History as History,
        Insert as Insert,
        InsertOnEdge as InsertOnEdge,
        Move as Move,
        OutOfPlace as OutOfPlace,
        Reinitialise as Reinitialise,
        Remove as Remove,
        RemoveInput as RemoveInput,
        RemoveNode as RemoveNode,
        RemoveOutput as RemoveOutput,
        Rename as Rename,
        RenameNode as RenameNode,
        Replace as Replace,
        Reroute as Reroute,
        RouteByKey as RouteByKey,
        RunInOrder as RunInOrder,
        SetArguments as SetArguments,
        SetInputs as SetInputs,
        Step as Step,
        SwapEncoder as SwapEncoder,
        Together as Together,
        Unfreeze as Unfreeze,
        Ungroup as Ungroup,
        Unwrap as Unwrap,
        Wrap as Wrap,
        is_container as is_container,
        is_positional as is_positional,
        parse_edit as parse_edit,
        parse_value as parse_value,
    )
    from core.export import (
        BlockParameter as BlockParameter,
        TakenHome as TakenHome,
        block_source as block_source,
        code_beside as code_beside,
        model_source as model_source,
        needs_code as needs_code,
        numbers_in as numbers_in,
        save_block as save_block,
        suggest_parameters as suggest_parameters,
        take_home as take_home,
        write_code as write_code,
    )
    from core.files import (
        in_a_sentence as in_a_sentence,
        read_contents as read_contents,
    )
    from core.files.which import (
        which as which,
    )
    from core.placement import (
        Placement as Placement,
        devices as devices,
        distributed_script as distributed_script,
        loading_script as loading_script,
        need as need,
        outlooks as outlooks,
        saving_script as saving_script,
        try_forward as try_forward,
    )
    from core.project import (
        is_project as is_project,
        needs_weights as needs_weights,
        open_project as open_project,
        save_project as save_project,
    )
    from core.session import (
        Changed as Changed,
        Session as Session,
    )
    from core.source import (
        Code as Code,
        ModelEntry as ModelEntry,
        models as models,
        open_source as open_source,
    )
    from core.statistics import (
        HeatMap as HeatMap,
        Statistics as Statistics,
        Weight as Weight,
        heat_map as heat_map,
        known_statistics as known_statistics,
        statistics_of as statistics_of,
        weights_of as weights_of,
    )

_HOME_OF = {name: home for home, names in HOMES.items() for name in names}


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


__all__ = [*_HOME_OF, "open"]
