"""Shapes, cost and problems of a document: what the user is told while editing."""

from core.analysis.analysing import analyse, clear_caches
from core.analysis.flow import Flow, flow, shape_comments
from core.analysis.folding import repeats
from core.analysis.placing import place_at, place_of
from core.analysis.previewing import Preview, preview
from core.analysis.problems import Problem
from core.analysis.report import CallShapes, ModuleReport, Report
from core.analysis.stages import StageReport, stages_in
from core.analysis.values import Value

__all__ = [
    "CallShapes",
    "Flow",
    "ModuleReport",
    "Preview",
    "Problem",
    "Report",
    "StageReport",
    "Value",
    "analyse",
    "clear_caches",
    "flow",
    "place_at",
    "place_of",
    "preview",
    "repeats",
    "shape_comments",
    "stages_in",
]
