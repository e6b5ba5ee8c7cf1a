"""Shapes, cost and problems of a document: what the user is told while editing."""

from core.analysis.analysing import analyse, clear_caches
from core.analysis.problems import Problem
from core.analysis.report import CallShapes, ModuleReport, Report
from core.analysis.values import Value

__all__ = [
    "CallShapes",
    "ModuleReport",
    "Problem",
    "Report",
    "Value",
    "analyse",
    "clear_caches",
]
