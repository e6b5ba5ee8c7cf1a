"""What can be placed in a model: every layer, as text, as a form, as a module."""

from core.catalog.about import About, about
from core.catalog.building import assembled, build, check_memory
from core.catalog.describing import arguments_of, describe, summary_text
from core.catalog.form import Argument, common_form, form_of, read_argument, write_argument
from core.catalog.layers import Layer, find_layer, layer_of, layers, register
from core.catalog.parameters import Parameter
from core.catalog.presets import Preset, find_preset, presets
from core.catalog.rebuilding import rebuild
from core.catalog.script import parse_assignment, parse_spec
from core.catalog.searching import search
from core.catalog.spec import LayerRef, LayerSpec
from core.catalog.suggesting import Place, missing, suggest, suggest_spec

__all__ = [
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
    "assembled",
    "build",
    "check_memory",
    "common_form",
    "describe",
    "find_layer",
    "find_preset",
    "form_of",
    "layer_of",
    "layers",
    "missing",
    "parse_assignment",
    "parse_spec",
    "presets",
    "read_argument",
    "rebuild",
    "register",
    "search",
    "suggest",
    "suggest_spec",
    "summary_text",
    "write_argument",
]
