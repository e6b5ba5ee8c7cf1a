"""What can be placed in a model: every layer, as text, as a form, as a module."""

from core.catalog.building import assembled, build
from core.catalog.describing import arguments_of, describe, summary_text
from core.catalog.layers import Layer, find_layer, layers, register
from core.catalog.parameters import Parameter
from core.catalog.presets import Preset, find_preset, presets
from core.catalog.rebuilding import rebuild
from core.catalog.script import parse_assignment, parse_spec
from core.catalog.searching import search
from core.catalog.spec import LayerRef, LayerSpec
from core.catalog.suggesting import Place, missing, suggest, suggest_spec

__all__ = [
    "Layer",
    "LayerRef",
    "LayerSpec",
    "Parameter",
    "Place",
    "Preset",
    "arguments_of",
    "assembled",
    "build",
    "describe",
    "find_layer",
    "find_preset",
    "layers",
    "missing",
    "parse_assignment",
    "parse_spec",
    "presets",
    "rebuild",
    "register",
    "search",
    "suggest",
    "suggest_spec",
    "summary_text",
]
