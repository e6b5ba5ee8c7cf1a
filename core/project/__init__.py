"""The project: one file that a model's work is kept in, and the weights it cannot do without."""

from core.project.form import SUFFIX, Project, Weights, is_project, read_project
from core.project.opening import open_project
from core.project.saving import SavedProject, needs_weights, save_project

__all__ = [
    "SUFFIX",
    "Project",
    "SavedProject",
    "Weights",
    "is_project",
    "needs_weights",
    "open_project",
    "read_project",
    "save_project",
]
