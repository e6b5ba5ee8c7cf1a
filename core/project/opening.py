"""Opening a project: its source, the steps, and the weights that it was saved with."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from core.checkpoint import load, match
from core.document import Document, hand_on, key_map, weight_id
from core.document.surgery import retensored
from core.edits import History
from core.errors import Cancelled, CheckpointError, ModelwrightError, ProjectError
from core.files import read_contents
from core.files.beside import beside
from core.project.form import (
    SOURCE_FILE,
    SUFFIX,
    Asked,
    Progress,
    Project,
    Weights,
    digest_of,
    is_project,
    read_project,
    tensors_of,
)
from core.recipe import open_origin, replay
from core.source import Request, opener


def open_project(path: str | Path, **options: Any) -> History:
    """Open a project with its steps, each of which can be undone.

    It begins with what of its weights was there before the edits, so that undoing one loses none
    of them; weights of layers that an edit made come last, as a step. Options are those of
    :func:`core.source.open_source`. Raises :class:`~core.errors.ProjectError`, and what opening
    its source does.
    """
    path = Path(str(path).strip()).expanduser()
    project = read_project(path)
    progress, cancelled = options.get("progress"), options.get("cancelled")
    file = _checked(project.weights, path, progress, cancelled)
    origin = open_origin(project.recipe, _found(project, path), **options)
    history = replay(project.recipe, origin)
    if file is not None:
        filled = _filled(history.document, file, path)
        history = replay(project.recipe, _begun_with(origin, history.document, filled))
        if filled.training is not None or not _holds(history.document, filled):
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
        same = size == weights.bytes and digest_of(file, progress, cancelled) == weights.sha256
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
    form = SOURCE_FILE.fullmatch(source)
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
    try:
        pairs = {name: name for name in tensors_of(document)}
        plan = match(document, read_contents(file), pairs=pairs)
        return load(plan).document
    except ModelwrightError as error:
        if isinstance(error, Cancelled):
            raise
        raise ProjectError(
            f"The weights of {path} do not fit what its source and its edits give now: the source"
            f" has changed since. {error}"
        ) from error


def _begun_with(origin: Document, edited: Document, filled: Document) -> Document:
    """Return the origin with the values that tensors of it, which the edits kept, have now.

    ``filled`` is ``edited`` with the weights of the file.
    """
    old, new = tensors_of(origin), tensors_of(filled)
    swaps: dict[int, Tensor] = {}
    for now, before in key_map(origin, edited).items():
        was, value = old[before], new[now]
        if isinstance(was, nn.Parameter):  # it may have been frozen by an edit since
            value = nn.Parameter(value.detach(), was.requires_grad)
            hand_on(new[now], value)
        swaps[id(was)] = value
    begun = origin.with_root(retensored(origin.root, swaps))
    whole = not any(each.is_meta for each in tensors_of(begun).values())
    if origin.source.structure_only and whole:
        return replace(begun, source=replace(origin.source, structure_only=False))
    return begun


def _holds(document: Document, filled: Document) -> bool:
    """Say whether a document has the very weights of another, name by name."""
    own, wanted = tensors_of(document), tensors_of(filled)
    return own.keys() == wanted.keys() and all(
        weight_id(own[name]) == weight_id(each) for name, each in wanted.items()
    )
