"""Where to: the questions for a file to open and for one to write."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from app import numbers

if TYPE_CHECKING:
    from app.settings import Settings

_WEIGHTS = "Weights (*.pth *.pt *.bin *.pkl)"
_ANY = "Models, recipes, weights (*.py *.json *.pth *.pt *.bin *.pkl);;All files (*)"


def ask_file_to_open(parent: QWidget, settings: "Settings", weights: bool = False) -> Path | None:
    """Ask for a file; ``None`` where the user thought better of it."""
    title = _tr("Load weights") if weights else _tr("Open a file")
    kinds = f"{_WEIGHTS};;All files (*)" if weights else _ANY
    found, _ = QFileDialog.getOpenFileName(parent, title, str(settings.folder), kinds)
    return _noted(settings, found)


def ask_weights_target(
    parent: QWidget, settings: "Settings", name: str, problems: int
) -> Path | None:
    """Ask where to write the weights, and whether, if the model has problems."""
    if problems and not _insists(parent, problems):
        return None
    return _target(parent, settings, _tr("Save weights"), f"{_stem(name)}.pth", _WEIGHTS)


def ask_recipe_target(parent: QWidget, settings: "Settings", name: str) -> Path | None:
    """Ask where to write the recipe."""
    kinds = "Recipes (*.json)"
    return _target(parent, settings, _tr("Save recipe"), f"{_stem(name)}.recipe.json", kinds)


def overwriting(path: Path) -> str:
    """Say what stands at ``path`` and would be lost."""
    try:
        known = path.stat()
    except OSError:  # it went away, or is not to be looked at: writing will say so
        return path.name
    changed = datetime.datetime.fromtimestamp(known.st_mtime).strftime("%Y-%m-%d %H:%M")
    return f"{path.name}, {numbers.size(known.st_size)}, written {changed}"


def _target(
    parent: QWidget, settings: "Settings", title: str, name: str, kinds: str
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
    if not path.suffix:
        path = path.with_suffix(Path(name).suffix)
    if path.exists() and not _may_overwrite(parent, path):
        return None
    return path


def _may_overwrite(parent: QWidget, path: Path) -> bool:
    buttons = QMessageBox.StandardButton
    text = _tr("Write over {}?").format(overwriting(path))
    return (
        QMessageBox.question(
            parent, _tr("The file exists"), text, buttons.Yes | buttons.Cancel, buttons.Cancel
        )
        == buttons.Yes
    )


def _insists(parent: QWidget, problems: int) -> bool:
    buttons = QMessageBox.StandardButton
    count = _tr("one problem") if problems == 1 else _tr("{} problems").format(problems)
    text = _tr("The model has {} and does not run as it is. Save its weights all the same?")
    asked = QMessageBox.question(
        parent, _tr("Problems"), text.format(count), buttons.Save | buttons.Cancel, buttons.Cancel
    )
    return asked == buttons.Save


def _noted(settings: "Settings", found: str) -> Path | None:
    if not found:
        return None
    path = Path(found)
    settings.folder = path.parent
    return path


def _stem(name: str) -> str:
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in name).strip("_")
    return stem or "model"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Files", text)
