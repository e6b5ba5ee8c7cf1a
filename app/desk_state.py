"""From a session to what the window shows of it: names, marks, and what is looked at next."""

import itertools
from typing import TYPE_CHECKING, Any

import core
from app.jobs import Job
from core.errors import ModelwrightError

if TYPE_CHECKING:
    from core.checkpoint import Loaded
    from core.document import Document
    from core.session import Changed, Session


def analysed(
    origin: "Document", document: "Document", loads: "tuple[Loaded, ...]", job: Job
) -> tuple[Any, dict[str, str], bool]:
    """Work out shapes and what differs from the origin: report, path -> kind of change, edited."""
    report = core.analyse(document, progress=job.progress, cancelled=job.cancelled).settle()
    changes = core.difference(origin, document)
    marks: dict[str, str] = {c.path: c.kind for c in changes if c.kind != "removed"}
    for name in core.not_loaded(loads, document) if loads else ():
        path = name.rpartition(".")[0]
        if marks.get(path) in (None, "weights"):
            marks[path] = "not loaded"
    return report, marks, any(c.kind != "weights" for c in changes)


def made_by(change: "Changed") -> tuple[str, ...]:
    """Return the paths of what an edit put somewhere: those are what the user looks at next."""
    kinds = ("added", "replaced", "moved", "changed")
    changes = core.difference(change.before, change.after)
    for kind in kinds:
        # Renumbered siblings have moved too; what was moved on purpose is the edit's own doing.
        found = tuple(c.path for c in changes if c.kind == kind)
        if found and kind == "added" and len({path.rpartition(".")[0] for path in found}) > 1:
            return (_above_all(found),)  # another encoder, say: parts of it came all over it
        if found and (kind != "moved" or len(found) == 1):
            return found[:50]
    return ()


def _above_all(paths: tuple[str, ...]) -> str:
    """Return the module that all of these stand in."""
    names = [path.split(".")[:-1] for path in paths]
    shared = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*names, strict=False))
    return ".".join(level[0] for level in shared)


def still_there(selection: tuple[str, ...], document: "Document") -> tuple[str, ...]:
    """Return what of a selection there still is; else the nearest module above."""
    kept = tuple(path for path in selection if _exists(document, path))
    if kept or not selection:
        return kept
    above = selection[0]
    while above and not _exists(document, above):
        above = above.rpartition(".")[0]
    return (above,)


def _exists(document: "Document", path: str) -> bool:
    try:
        document.module(path)
    except ModelwrightError:
        return False
    return True


def address(session: "Session") -> str:
    """Return what opens this again, from wherever the program is started then."""
    if session.project is not None:
        return str(session.project.absolute())
    return session.history.origin.source.text


def name_of(document: "Document") -> str:
    """Return what title and root row call a document: ``resnet50`` of ``torchvision:resnet50``."""
    text = document.source.text
    if document.source.kind == "expression":
        return type(document.root).__name__
    return text.removeprefix("torchvision:").partition("(")[0].rpartition("/")[2] or text
