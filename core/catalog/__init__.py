"""What can be placed in a model: every layer, as text, as a form, as a module."""

from core.catalog.building import build
from core.catalog.describing import arguments_of, describe, summary_text
from core.catalog.layers import Layer, find_layer, layers, register
from core.catalog.parameters import Parameter
from core.catalog.rebuilding import rebuild
from core.catalog.script import parse_assignment, parse_spec
from core.catalog.spec import LayerRef, LayerSpec

__all__ = [
    "Layer",
    "LayerRef",
    "LayerSpec",
    "Parameter",
    "arguments_of",
    "build",
    "describe",
    "find_layer",
    "layers",
    "parse_assignment",
    "parse_spec",
    "rebuild",
    "register",
    "summary_text",
]
