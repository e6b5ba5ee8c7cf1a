"""Where each name of ``core`` lives: it is imported when it is first asked for."""

HOMES: dict[str, tuple[str, ...]] = {
    "core.analysis": (
        "Flow", "ModuleReport", "Preview", "Problem", "Report", "Value", "analyse", "flow",
        "place_at", "place_of", "preview", "repeats", "stages_in",
    ),
    "core.blocks": (
        "Assembly", "check_image", "encoders", "source_of", "stages_of",
    ),
    "core.catalog": (
        "About", "Argument", "BlockFile", "Layer", "LayerRef", "LayerSpec", "Parameter", "Place",
        "Preset", "about", "allow_block", "arguments_of", "block_files", "blocks_folder",
        "common_form", "describe", "export_block", "find_block", "find_layer", "find_preset",
        "form_of", "import_block", "layers", "missing", "parse_spec", "presets", "read_argument",
        "remove_block", "rename_block", "search", "suggest", "suggest_spec", "summary_text",
        "write_argument",
    ),
    "core.checkpoint": (
        "SaveOptions", "amount_in", "amount_of", "by_module", "diff", "doubts", "expected",
        "load", "load_state_dict", "match", "not_loaded", "save", "save_state_dict",
        "tensor_of",
    ),
    "core.dataflow": (
        "Box", "Edge", "Graph", "Layout", "Node", "graph_of", "is_rewired", "lay_out",
    ),
    "core.document": (
        "Change", "Document", "InputSpec", "Ledger", "difference", "key_map", "ledger",
        "parse_inputs",
    ),
    "core.edits": (
        "AddInput", "AddNode", "AddOutput", "Bypass", "Connect", "Disconnect", "Duplicate",
        "Edit", "Freeze", "Group", "History", "Insert", "InsertOnEdge", "Move", "OutOfPlace",
        "Reinitialise", "Remove", "RemoveInput", "RemoveNode", "RemoveOutput", "Rename",
        "RenameNode", "Replace", "Reroute", "RouteByKey", "RunInOrder", "SetArguments",
        "SetInputs", "Step", "SwapEncoder", "Together", "Unfreeze", "Ungroup", "Unwrap", "Wrap",
        "is_container", "is_positional", "parse_edit", "parse_value",
    ),
    "core.export": (
        "BlockParameter", "TakenHome", "block_source", "code_beside", "model_source",
        "needs_code", "numbers_in", "save_block", "suggest_parameters", "take_home", "write_code",
    ),
    "core.files": (
        "in_a_sentence", "read_contents",
    ),
    "core.files.which": (
        "which",
    ),
    "core.placement": (
        "Placement", "devices", "distributed_script", "loading_script", "need", "outlooks",
        "saving_script", "try_forward",
    ),
    "core.project": (
        "is_project", "needs_weights", "open_project", "save_project",
    ),
    "core.session": (
        "Changed", "Session",
    ),
    "core.source": (
        "Code", "ModelEntry", "models", "open_source",
    ),
    "core.statistics": (
        "HeatMap", "Statistics", "Weight", "heat_map", "known_statistics", "statistics_of",
        "weights_of",
    ),
}  # fmt: skip
