"""Where to: the questions for a file to open and for one to write."""

import datetime
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

import core
from app import mime, numbers

if TYPE_CHECKING:
    from app.settings import Settings
    from core.checkpoint import Amount
    from core.document import Document

_WEIGHTS = "Weights (*.pth *.pt *.bin *.pkl)"
_CELL = "padding: 2px 14px 2px 0"
#: A message box breaks lines as early as it can; what is to be compared stands on one if it fits.
_UNBROKEN = f"white-space: nowrap; {_CELL}"
#: What a message box needs beside its text, in letters: its icon and margins.
_BESIDE = 16
_KINDS = f"*{mime.PROJECT} *.py *.json {mime.CHECKPOINTS[13:-1]}"
_ANY = f"Models, projects, weights ({_KINDS});;All files (*)"


def ask_file_to_open(parent: QWidget, settings: "Settings") -> Path | None:
    """Ask for a file; ``None`` where the user thought better of it."""
    title = _tr("Open a file")
    found, _ = QFileDialog.getOpenFileName(parent, title, str(settings.folder), _ANY)
    return _noted(settings, found)


def ask_checkpoint(parent: QWidget, settings: "Settings") -> Path | None:
    """Ask for a file of weights; ``None`` where the user thought better of it."""
    found, _ = QFileDialog.getOpenFileName(
        parent, _tr("Load a checkpoint"), str(settings.folder), f"{mime.CHECKPOINTS};;All files (*)"
    )
    return _noted(settings, found)


def ask_weights_target(
    parent: QWidget,
    settings: "Settings",
    name: str,
    problems: int,
    document: "Document | None" = None,
) -> Path | None:
    """Ask where to write the weights, and whether, if the model has problems."""
    if problems and not _insists(parent, problems):
        return None

    def fresh() -> str:
        return _weighed(core.amount_of(document)) if document is not None else ""

    title, code = _tr("Save weights"), None
    if document is not None and needs_code(document):
        title = _tr("Save weights, and beside them the Python that builds the model")
        code = core.code_beside
    return _target(parent, settings, title, f"{stem(name)}.pth", _WEIGHTS, fresh, code)


def needs_code(document: "Document") -> bool:
    """Whether weights without their code are worth nothing: what was re-wired, own blocks."""
    return core.needs_code(document)


def ask_project_target(
    parent: QWidget, settings: "Settings", project: Path | None, name: str, steps: int = 0
) -> Path | None:
    """Ask where to keep the work; beside the ``project`` of now, if there is one."""
    kinds = _tr("Modelwright projects (*{})").format(mime.PROJECT)
    usual = str(project) if project is not None else f"{stem(name)}{mime.PROJECT}"
    return _target(parent, settings, _tr("Save project"), usual, kinds, lambda: _steps(steps))


def ask_recipe_target(
    parent: QWidget, settings: "Settings", name: str, steps: int = 0
) -> Path | None:
    """Ask where to write the recipe."""
    title, kinds = _tr("Save recipe"), "Recipes (*.json)"
    usual = f"{stem(name)}.recipe.json"
    return _target(parent, settings, title, usual, kinds, lambda: _steps(steps))


def _steps(steps: int) -> str:
    return _tr("one step") if steps == 1 else _tr("{} steps").format(steps)


def standing(path: Path) -> str:
    """Say what stands at ``path`` and would be lost."""
    try:
        known = path.stat()
    except OSError:  # it went away, or is not to be looked at: writing will say so
        return ""
    changed = datetime.datetime.fromtimestamp(known.st_mtime).strftime("%Y-%m-%d %H:%M")
    weights = core.amount_in(path) if path.suffix.lower() in mime.WEIGHTS else None
    tensors = f"{_tensors(weights.tensors)}, " if weights is not None else ""
    return f"{tensors}{numbers.size(known.st_size)}, {_tr('written {}').format(changed)}"


def _weighed(weights: "Amount") -> str:
    return f"{_tensors(weights.tensors)}, {numbers.size(weights.bytes)}"


def _tensors(count: int) -> str:
    return _tr("one tensor") if count == 1 else _tr("{} tensors").format(numbers.exact(count))


def _target(
    parent: QWidget,
    settings: "Settings",
    title: str,
    name: str,
    kinds: str,
    fresh: Callable[[], str],
    beside: Callable[[Path], Path] | None = None,
) -> Path | None:
    found, _ = QFileDialog.getSaveFileName(
        parent,
        title,
        str(settings.folder / name),
        kinds,
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    path = _noted(settings, found)
    if path is None:
        return None
    suffix = Path(name).suffix
    if not path.suffix or (suffix == mime.PROJECT != path.suffix.lower()):
        path = path.with_name(path.name + suffix)
    files = [path] if beside is None else [path, beside(path)]
    there = [each for each in files if each.exists()]
    if there and not _may_overwrite(parent, there, fresh()):
        return None
    return path


def _may_overwrite(parent: QWidget, there: list[Path], fresh: str) -> bool:
    """Ask, with what is there above what would be: the two are there to be compared."""
    buttons = QMessageBox.StandardButton
    question = _tr("Write over {}?").format(escape(_tr(" and ").join(p.name for p in there)))
    now = _tr("There now:")
    rows = (
        *((now if len(there) == 1 else f"{path.name}:", standing(path)) for path in there),
        (_tr("Would be written:"), fresh),
    )
    cell = _UNBROKEN if _fits(parent, rows) else _CELL
    table = "".join(
        f"<tr><td style='{_UNBROKEN}'>{name}</td><td style='{cell}'>{escape(facts)}</td></tr>"
        for name, facts in rows
        if facts
    )
    text = (
        f"<p style='margin-bottom: 6px'><b>{question}</b></p><table cellspacing='0'>{table}</table>"
    )
    return (
        QMessageBox.question(
            parent, _tr("The file exists"), text, buttons.Yes | buttons.Cancel, buttons.Cancel
        )
        == buttons.Yes
    )


def _fits(parent: QWidget, rows: tuple[tuple[str, str], ...]) -> bool:
    """Whether names and facts fit side by side on the parent's screen, in a message box."""
    metrics = parent.fontMetrics()
    widest = sum(max(map(metrics.horizontalAdvance, column)) for column in zip(*rows, strict=True))
    beside = _BESIDE * metrics.averageCharWidth()
    return widest + beside <= parent.screen().availableGeometry().width()


def _insists(parent: QWidget, problems: int) -> bool:
    buttons = QMessageBox.StandardButton
    count = _tr("one problem") if problems == 1 else _tr("{} problems").format(problems)
    text = _tr("The model has {} and does not run as it is. Save its weights all the same?")
    asked = QMessageBox.question(
        parent, _tr("Problems"), text.format(count), buttons.Save | buttons.Cancel, buttons.Cancel
    )
    return asked == buttons.Save


def ask_place(parent: QWidget, settings: "Settings", path: Path) -> Path | None:
    """Ask where to write a checkpoint; what is there already is told by who asks."""
    kinds = "Checkpoints (*.pth *.pt *.pkl *.bin *.safetensors)"
    found, _ = QFileDialog.getSaveFileName(
        parent,
        _tr("Save a checkpoint"),
        str(path),
        kinds,
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    return _noted(settings, found)


def ask_code_target(parent: QWidget, path: Path) -> Path | None:
    """Ask where to write Python, the system's dialog asks about what is there."""
    title, kinds = _tr("Write the Python that builds the model"), _tr("Python (*.py)")
    found, _ = QFileDialog.getSaveFileName(parent, title, str(path), kinds)
    return Path(found if found.endswith(".py") else f"{found}.py") if found else None


def _noted(settings: "Settings", found: str) -> Path | None:
    if not found:
        return None
    path = Path(found)
    settings.folder = path.parent
    return path


def stem(name: str) -> str:
    """Return the name of a file for something that is called so."""
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in name).strip("_")
    return stem or "model"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Files", text)
