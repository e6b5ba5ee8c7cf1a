"""Where something may be put in the tree, and the edit that puts it there. No widgets here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import core
from app import numbers
from app.consequence import Consequence
from core.errors import EditRefused, ModelwrightError

if TYPE_CHECKING:
    from core.analysis import Preview, Report
    from core.catalog import LayerSpec, Place
    from core.document import Document
    from core.edits import Edit

PRESET = "preset:"


@dataclass(frozen=True)
class Spot:
    """Onto the module at ``path``; or, with ``parent``, between the children of a container.

    ``index`` is the position before which to insert, ``None`` the end.
    """

    path: str | None = None
    parent: str = ""
    index: int | None = None

    @property
    def onto(self) -> bool:
        """Whether a module is pointed at rather than a gap."""
        return self.path is not None


def after(document: "Document", path: str, offset: int = 1) -> Spot:
    """Return the gap behind the module at ``path``, or before it with ``offset=0``."""
    parent, _, name = path.rpartition(".")
    return Spot(parent=parent, index=position(document, path, name, parent) + offset)


def position(document: "Document", path: str, name: str, parent: str) -> int:
    """Return the number of a child among its siblings; raises EditRefused for the root."""
    if not path:
        raise EditRefused("Nothing can stand beside the model itself; choose a module in it.")
    children = document.module(parent)._modules
    return [each for each, child in children.items() if child is not None].index(name)


def spec_for(name: str, report: "Report", spot: Spot) -> "LayerSpec":
    """Return a layer of the palette with the arguments that follow from where it is put.

    Raises :class:`~core.errors.SpecError` where a preset does not fit the place.
    """
    if spot.path is not None:
        return spec_at(name, core.place_of(report, spot.path))
    return spec_at(name, core.place_at(report, spot.parent, spot.index))


def spec_at(name: str, place: "Place") -> "LayerSpec":
    """Return a layer of the palette with the arguments that follow from a place."""
    if not name.startswith(PRESET):
        return core.suggest_spec(name, place)
    preset = core.find_preset(name.removeprefix(PRESET))
    spec: LayerSpec = preset.make(place, place.out_features() or 10)
    return spec


def edit_for_layer(text: str, spot: Spot) -> "Edit":
    """Return the edit that puts the layer there; raises SpecError for what is no layer spec."""
    spec = str(core.parse_spec(text))
    if spot.path is not None:
        return core.Replace(spot.path, spec)
    return core.Insert(spot.parent, spot.index, spec)


def edit_for_modules(document: "Document", paths: list[str], spot: Spot, copy: bool) -> "Edit":
    """Return the edit that moves (or copies) modules there, in their order.

    Raises :class:`~core.errors.EditRefused` where they cannot stand.
    """
    parent, index = spot.parent, spot.index
    if spot.path is not None:
        if not core.is_container(document.module(spot.path)):
            raise EditRefused(
                f"{spot.path or 'The model'} is no container, so nothing can be put into it;"
                " drop between the children of a Sequential, ModuleList or ModuleDict."
            )
        parent, index = spot.path, None
    if copy:
        return _one(
            [core.Duplicate(path, parent, _later(index, n)) for n, path in enumerate(paths)]
        )
    return _one(_moves(document, paths, parent, index))


def _moves(document: "Document", paths: list[str], parent: str, index: int | None) -> "list[Edit]":
    """Move one module behind the other. Each move may renumber the rest, so each is tried first."""
    edits: list[Edit] = []
    at = index
    for module in [document.module(path) for path in paths]:
        path = document.paths_of(module)[0]
        edit = core.Move(path, parent, _afterwards(document, path, parent, at))
        document = edit.apply(document)
        edits.append(edit)
        if index is not None:
            children = document.module(parent)._modules.values()
            at = [each for each in children if each is not None].index(module) + 1
    return edits


def _one(edits: "list[Edit]") -> "Edit":
    return edits[0] if len(edits) == 1 else core.Together(tuple(edits))  # type: ignore[arg-type]


def _later(index: int | None, number: int) -> int | None:
    return None if index is None else index + number


def _afterwards(document: "Document", path: str, parent: str, index: int | None) -> int | None:
    """Return the position the module has afterwards: its own leaving moves up what follows."""
    home, _, name = path.rpartition(".")
    if index is None or home != parent or not path:
        return index
    return index - 1 if position(document, path, name, home) < index else index


def consequence(report: "Report", edit: "Edit") -> Consequence:
    """Say in words what an edit would lead to, or why it is refused."""
    try:
        found = core.preview(report, edit)
    except ModelwrightError as error:
        return Consequence(str(error), refused=True)
    return Consequence(told(report, edit, found))


def told(report: "Report", edit: "Edit", found: "Preview") -> str:
    """Say in words what an edit that was tried would lead to."""
    facts = [*_outputs(report, found), *_weights(found)]
    head = edit.label
    if isinstance(edit, core.Replace):
        head = f"{edit.path or 'model'} → {edit.layer}"
    text = f"{head}: {', '.join(facts)}" if facts else head
    if found.problems:
        text += f"\nThen {found.problems[0].message}"
        if len(found.problems) > 1:
            text += f" (and {len(found.problems) - 1} more)"
    return text


def _outputs(before: "Report", found: "Preview") -> list[str]:
    facts = []
    places = [c.path for c in found.changes if c.kind in ("added", "replaced", "changed")]
    if len(places) == 1:
        output = found.report.module(places[0]).output
        facts += [f"output {output}"] if output is not None else []
    if str(found.report.output) != str(before.output) and found.report.output is not None:
        facts.append(f"the model gives {found.report.output}")
    return facts


def _weights(found: "Preview") -> list[str]:
    facts = [f"{numbers.exact(found.new)} new weights"] if found.new else []
    return facts + ([f"{numbers.exact(found.dropped)} dropped"] if found.dropped else [])
