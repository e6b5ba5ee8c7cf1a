"""Writing a project: its weights first, then the file that names them, then the old ones go."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from core.checkpoint import SaveOptions, atomic_write, save
from core.document import Document, Source, is_loaded
from core.errors import CheckpointError, ProjectError, SaveRefused
from core.files.beside import beside
from core.files.writing.atomic import check_place, sentence, sync_folder
from core.project.form import (
    SOURCE_FILE,
    SUFFIX,
    Asked,
    Progress,
    Project,
    Weights,
    digest_of,
    read_project,
    tensors_of,
)
from core.recipe import Recipe

_DIGITS = 12  # of the SHA-256, in the name of the weights


@dataclass(frozen=True)
class SavedProject:
    """The files that were written, the project last."""

    path: Path
    weights: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.path,) if self.weights is None else (self.weights, self.path)


def needs_weights(document: Document) -> bool:
    """Say whether a document has weights that its source and its edits do not give."""
    return document.training is not None or any(map(is_loaded, tensors_of(document).values()))


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
    try:
        with atomic_write(path) as file:
            file.write(msgspec.json.format(msgspec.json.encode(project), indent=2) + b"\n")
    except SaveRefused:
        if weights is not None and weights.file != before:
            _forget(path, weights.file)
        raise
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
        digest = digest_of(hidden, progress, cancelled)
        weights = Weights(f"{path.stem}.{digest[:_DIGITS]}.pth", size, digest)
        os.replace(hidden, path.with_name(weights.file))
        sync_folder(path.parent)
    except OSError as error:
        raise SaveRefused(sentence(path, error)) from error
    finally:
        with suppress(OSError):
            hidden.unlink()
    return weights


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
    form = SOURCE_FILE.fullmatch(source.text)
    if form is None or source.kind not in ("file", "whole model"):
        return source.text
    file = Path(form["file"]).expanduser().resolve()
    home = folder.resolve()
    told = file.relative_to(home).as_posix() if file.is_relative_to(home) else str(file)
    return f"{told}{form['call'] or ''}"
