"""What can be placed in a model: every layer, as text, as a form, as a module."""

from core.catalog.about import About, about
from core.catalog.building import assembled, build, check_memory
from core.catalog.describing import arguments_of, describe, summary_text
from core.catalog.form import Argument, common_form, form_of, read_argument, write_argument
from core.catalog.layers import Layer, find_layer, layer_of, layers, register
from core.catalog.own_blocks import (
    BlockFile,
    allow_block,
    block_files,
    export_block,
    find_block,
    import_block,
    keep_block,
    remove_block,
    rename_block,
)
from core.catalog.parameters import Parameter
from core.catalog.presets import Preset, find_preset, presets
from core.catalog.rebuilding import rebuild
from core.catalog.script import parse_assignment, parse_spec
from core.catalog.searching import search
from core.catalog.shelf import blocks_folder
from core.catalog.spec import LayerRef, LayerSpec
from core.catalog.suggesting import Place, missing, suggest, suggest_spec

__all__ = [
    "About",
    "Argument",
    "BlockFile",
    "Layer",
    "LayerRef",
    "LayerSpec",
    "Parameter",
    "Place",
    "Preset",
    "about",
    "allow_block",
    "arguments_of",
    "assembled",
    "block_files",
    "blocks_folder",
    "build",
    "check_memory",
    "common_form",
    "describe",
    "export_block",
    "find_block",
    "find_layer",
    "find_preset",
    "form_of",
    "import_block",
    "keep_block",
    "layer_of",
    "layers",
    "missing",
    "parse_assignment",
    "parse_spec",
    "presets",
    "read_argument",
    "rebuild",
    "register",
    "remove_block",
    "rename_block",
    "search",
    "suggest",
    "suggest_spec",
    "summary_text",
    "write_argument",
]
