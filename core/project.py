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
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec
from torch import Tensor

from core.checkpoint import SaveOptions, atomic_write, load, match, save
from core.document import Document, Source, is_loaded
from core.edits import History
from core.errors import Cancelled, CheckpointError, ModelwrightError, ProjectError, SaveRefused
from core.files import read_contents
from core.files.beside import beside
from core.files.writing.atomic import check_place
from core.files.writing.threads import sync_folder
from core.recipe import (
    FORMAT as RECIPE,
    SCHEMA_VERSION as RECIPE_VERSION,
    Recipe,
    json_of,
    open_origin,
    replay,
)
from core.source import Request, opener

SUFFIX = ".modelwright"
FORMAT = "modelwright project"
SCHEMA_VERSION = 1
_DIGITS = 12  # of the SHA-256, in the name of the weights
_PIECE = 1 << 22
#: A source that is a file: a class in Python, or a whole model; what follows is its call.
_FILE = re.compile(r"(?P<file>[^()]+?\.(?:py|pth|pt|pkl|bin|ckpt))(?P<call>:.*)?", re.S)

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


@dataclass(frozen=True)
class SavedProject:
    """The files that were written, the project last."""

    path: Path
    weights: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.path,) if self.weights is None else (self.weights, self.path)


def is_project(text: str) -> bool:
    """Say whether ``text`` names a project, by its suffix."""
    return text.strip().lower().endswith(SUFFIX) and "(" not in text


def needs_weights(document: Document) -> bool:
    """Say whether a document has weights that its source and its edits do not give."""
    state = document.root.state_dict(keep_vars=True).values()
    loaded = any(isinstance(each, Tensor) and is_loaded(each) for each in state)
    return loaded or document.training is not None


# Saving


def save_project(
    document: Document,
    recipe: Recipe,
    path: str | Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: Asked | None = None,
) -> SavedProject:
    """Write what ``recipe`` made, ``document``, as a project; also its weights if it needs them.

    ``progress`` counts bytes. Raises :class:`~core.errors.SaveRefused` and
    :class:`~core.errors.Cancelled`; the project that was there before is then whole.
    """
    path = Path(path)
    if document.source.kind == "object":
        raise SaveRefused(
            f"This {document.source.text} was handed over as an object, which no project can build"
            " again. Save it as a whole model, open that file, and make a project of it."
        )
    check_place(path)
    if path.exists() and not overwrite:
        raise SaveRefused(f"{path} exists already; say yes to overwriting it, or choose another.")
    before = _weights_named(path)
    weights = _write_weights(document, path, progress, cancelled)
    recipe = msgspec.structs.replace(recipe, source=_portable(document.source, path.parent))
    project = Project(recipe=recipe, weights=weights)
    with atomic_write(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(project), indent=2) + b"\n")
    if before is not None and (weights is None or before != weights.file):
        _forget(path, before)
    return SavedProject(path, None if weights is None else path.with_name(weights.file))


def _write_weights(
    document: Document, path: Path, progress: Progress | None, cancelled: Asked | None
) -> Weights | None:
    """Write the weights beside ``path`` under the name that tells what is in them."""
    if not needs_weights(document):
        return None
    hidden = path.with_name(f".{path.stem}.weights.pth")
    what = SaveOptions(what="state dict" if document.training is None else "training")
    try:
        save(
            document, hidden, replace(what, overwrite=True), progress=progress, cancelled=cancelled
        )
        size = hidden.stat().st_size
        digest = _digest(hidden, progress, cancelled)
        weights = Weights(f"{path.stem}.{digest[:_DIGITS]}.pth", size, digest)
        os.replace(hidden, path.with_name(weights.file))
        sync_folder(path.parent)
    except OSError as error:
        raise SaveRefused(
            f"The weights of {path} could not be written: {error.strerror or error}."
        ) from error
    finally:
        with suppress(OSError):
            hidden.unlink()
    return weights


def _digest(file: Path, progress: Progress | None, cancelled: Asked | None) -> str:
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


def _weights_named(path: Path) -> str | None:
    """Return the weights that the project at ``path`` names, where one is there."""
    try:
        project = read_project(path)
    except ProjectError:
        return None
    return project.weights.file if project.weights is not None else None


def _forget(path: Path, name: str) -> None:
    """Remove weights that a project had before, unless another one beside it has them too."""
    if not re.fullmatch(rf".+\.[0-9a-f]{{{_DIGITS}}}\.pth", name):
        return  # not a name that was given here
    with suppress(OSError, CheckpointError):
        file = beside(path, name)
        others = (each for each in path.parent.glob(f"*{SUFFIX}") if each != path)
        if not any(_weights_named(each) == name for each in others):
            file.unlink()


def _portable(source: Source, folder: Path) -> str:
    """Write a source's file relative to the project where it is beside or below it."""
    form = _FILE.fullmatch(source.text)
    if form is None or source.kind not in ("file", "whole model"):
        return source.text
    file = Path(form["file"]).expanduser().resolve()
    home = folder.resolve()
    told = file.relative_to(home).as_posix() if file.is_relative_to(home) else str(file)
    return f"{told}{form['call'] or ''}"


# Opening


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


def open_project(path: str | Path, **options: Any) -> History:
    """Open a project with its steps; what it was saved with comes last, as a step.

    Options are those of :func:`core.source.open_source`. Raises
    :class:`~core.errors.ProjectError`, and what opening its source does.
    """
    path = Path(str(path).strip()).expanduser()
    project = read_project(path)
    progress, cancelled = options.get("progress"), options.get("cancelled")
    file = _checked(project.weights, path, progress, cancelled)
    history = replay(project.recipe, open_origin(project.recipe, _found(project, path), **options))
    if file is not None:
        history.adopt(_filled(history.document, file, path), f"Weights of {path.name}")
    history.mark_clean()
    return history


@opener("project", matches=is_project, form=f"project{SUFFIX}", before="recipe")
def _open(request: Request) -> Document:
    options = {f.name: getattr(request, f.name) for f in fields(request) if f.name != "text"}
    return open_project(request.text, **options).document


def _checked(
    weights: Weights | None, path: Path, progress: Progress | None, cancelled: Asked | None
) -> Path | None:
    """Return the file of the weights, which is the very one that the project was saved with."""
    if weights is None:
        return None
    try:
        file = beside(path, weights.file)
        size = file.stat().st_size
        same = size == weights.bytes and _digest(file, progress, cancelled) == weights.sha256
    except CheckpointError as error:
        raise ProjectError(str(error)) from error
    except FileNotFoundError:
        raise ProjectError(
            f"{path} needs its weights, {weights.file}, beside it, and they are not there. Bring"
            " them back from where the project was copied or moved from, and open it again."
        ) from None
    except OSError as error:
        raise ProjectError(f"{file} could not be read: {error.strerror}.") from error
    if not same:
        raise ProjectError(
            f"{file} is not the file of weights that {path.name} was saved with: its contents"
            " differ. Nothing was opened; bring the right file back, or load this one by itself."
        )
    return file


def _found(project: Project, path: Path) -> str:
    """Return the source with its file where it is now: as it was, or moved beside the project."""
    source = project.recipe.source
    form = _FILE.fullmatch(source)
    if form is None:
        return source
    named = Path(form["file"])
    for file in (path.parent / named, path.parent / named.name):
        if file.is_file():
            return f"{file}{form['call'] or ''}"
    raise ProjectError(
        f"{path} begins with {named}, and there is no such file any more, neither there nor beside"
        f" the project. Put {named.name} beside {path.name} and open it again."
    )


def _filled(document: Document, file: Path, path: Path) -> Document:
    """Return the document with the weights of the project, all of them and each by its name."""
    names = [
        name
        for name, each in document.root.state_dict(keep_vars=True).items()
        if isinstance(each, Tensor)
    ]
    try:
        plan = match(document, read_contents(file), pairs={name: name for name in names})
        return load(plan).document
    except ModelwrightError as error:
        if isinstance(error, Cancelled):
            raise
        raise ProjectError(
            f"The weights of {path} do not fit what its source and its edits give now: the source"
            f" has changed since. {error}"
        ) from error
