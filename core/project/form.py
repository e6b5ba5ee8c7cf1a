"""The project: one file that a model's work is kept in, and the weights it cannot do without.

    {
      "format": "modelwright project",
      "schema_version": 1,
      "recipe": {"source": "net.py:Net(3)", "inputs": ["1,3,64,64"], "edits": [...], ...},
      "weights": {"file": "net.6f1ed002ab55.pth", "bytes": 102540321, "sha256": "6f1ed002ab55..."}
    }

``NAME.modelwright`` is JSON under a suffix of its own: a double click, a drop and a list of files
can tell it from the recipes, configurations and indexes that ``.json`` is taken for. Nothing in it
is run; a source that is code asks before it is, as it does when opened by itself.

Weights go along where the source and the edits do not give them: where some were loaded from a
file. Fresh random values are made afresh. Their file is named after its own SHA-256, so that it
never takes the place of one the project of before still needs, nor of one of the user's: the
project is replaced last, by one rename, and until then all that it names is there.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
from torch import Tensor

from core.document import Document
from core.errors import Cancelled, ProjectError
from core.recipe import FORMAT as RECIPE, SCHEMA_VERSION as RECIPE_VERSION, Recipe, json_of

SUFFIX = ".modelwright"
FORMAT = "modelwright project"
SCHEMA_VERSION = 1
#: A source that is a file: a class in Python, or a whole model; what follows is its call.
SOURCE_FILE = re.compile(r"(?P<file>[^()]+?\.(?:py|pth|pt|pkl|bin|ckpt))(?P<call>:.*)?", re.S)
_PIECE = 1 << 22

Progress = Callable[[int, int, str], None]
Asked = Callable[[], bool]


class Weights(msgspec.Struct, frozen=True):
    """The file of weights beside a project, by name, and what it is known by."""

    file: str
    bytes: int
    sha256: str


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the file. Paths of ``recipe.source`` are relative to its folder."""

    format: str = FORMAT
    schema_version: int = SCHEMA_VERSION
    recipe: Recipe
    weights: Weights | None = None


def is_project(text: str) -> bool:
    """Say whether ``text`` names a project, by its suffix."""
    return text.strip().lower().endswith(SUFFIX) and "(" not in text


def read_project(path: str | Path) -> Project:
    """Read a project; raises :class:`~core.errors.ProjectError` and says what is wrong with it."""
    path = Path(path).expanduser()
    raw = json_of(path, FORMAT, SCHEMA_VERSION, ProjectError)
    recipe = raw.get("recipe")
    version = recipe.get("schema_version") if isinstance(recipe, dict) else None
    if isinstance(version, int) and version > RECIPE_VERSION:
        raise ProjectError(
            f"{path} was written by a newer Modelwright (its {RECIPE} is of schema {version}; this"
            f" one knows {RECIPE_VERSION}). Update Modelwright to open it."
        )
    try:
        return msgspec.convert(raw, Project)
    except msgspec.ValidationError as error:
        raise ProjectError(f"{path} is a damaged project: {error}.") from error


def tensors_of(document: Document) -> dict[str, Tensor]:
    """Return the tensors of a document themselves, by name."""
    state = document.root.state_dict(keep_vars=True)
    return {name: each for name, each in state.items() if isinstance(each, Tensor)}


def digest_of(file: Path, progress: Progress | None, cancelled: Asked | None) -> str:
    """Return the SHA-256 of a file; raises OSError and Cancelled."""
    total, done, digest = file.stat().st_size, 0, hashlib.sha256()
    with open(file, "rb", buffering=0) as data:
        while piece := data.read(_PIECE):
            if cancelled is not None and cancelled():
                raise Cancelled("It was stopped while the weights were checked.")
            digest.update(piece)
            done += len(piece)
            if progress is not None:
                progress(done, total, "Checking the weights")
    return digest.hexdigest()
