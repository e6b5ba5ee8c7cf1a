"""What the commands of menus and keys do to the selection, as edits. No widgets here.

Each takes a :class:`~app.state.State` with something selected and raises
:class:`~core.errors.EditRefused` where it makes no sense.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import core
from app.spots import Spot, after, position
from app.state import State
from core.errors import EditRefused

if TYPE_CHECKING:
    from core.document import Document
    from core.edits import Edit


def remove(state: State) -> "Edit":
    """Remove what is selected."""
    return _each_from_the_end(state, lambda path: core.Remove(path), "Remove {} modules")


def duplicate(state: State) -> "Edit":
    """Put a copy behind each selected module."""
    return _each_from_the_end(state, lambda path: core.Duplicate(path), "Duplicate {} modules")


def freeze(state: State) -> "Edit":
    """Stop training what is selected."""
    return _each_from_the_end(state, lambda path: core.Freeze(path), "Freeze {} modules")


def unfreeze(state: State) -> "Edit":
    """Train what is selected again."""
    return _each_from_the_end(state, lambda path: core.Unfreeze(path), "Unfreeze {} modules")


def reinitialise(state: State) -> "Edit":
    """Give what is selected fresh random weights."""
    title = "Reinitialise {} modules"
    return _each_from_the_end(state, lambda path: core.Reinitialise(path), title)


def wrap(state: State, container: str = "Sequential") -> "Edit":
    """Put each selected module into a container of its own."""
    title = f"Wrap {{}} modules in {container}"
    return _each_from_the_end(state, lambda path: core.Wrap(path, container), title)


def unwrap(state: State) -> "Edit":
    """Put the children of the selected containers in their places."""
    return _each_from_the_end(state, lambda path: core.Unwrap(path), "Unwrap {} modules")


def move(state: State, offset: int) -> "Edit":
    """Move the current module up (-1) or down (+1) among its siblings."""
    document, path = _document(state), _current(state)
    parent, _, name = path.rpartition(".")
    at = position(document, path, name, parent) + offset
    count = sum(child is not None for child in document.module(parent)._modules.values())
    if not 0 <= at < count:
        end = "first" if offset < 0 else "last"
        raise EditRefused(f"{path} is the {end} of {parent or 'the model'} already.")
    return core.Move(path, parent, at)


def beside(state: State, offset: int) -> Spot:
    """Return the gap before (0) or after (1) the current module."""
    return after(_document(state), _current(state), offset)


def onto(state: State) -> Spot:
    """Return the current module as the place to replace."""
    return Spot(_current(state))


def pasted(state: State) -> Spot:
    """Return where pasting puts things: into a selected container, else behind the module."""
    document, path = _document(state), _current(state)
    if core.is_container(document.module(path)):
        return Spot(parent=path, index=None)
    return beside(state, 1)


def _document(state: State) -> "Document":
    if state.document is None:
        raise EditRefused("Open a model first; there is nothing to edit yet.")
    return state.document


def _current(state: State) -> str:
    if state.current is None:
        raise EditRefused("Select a module in the tree first.")
    return state.current


def _each_from_the_end(state: State, edit: "Callable[[str], Edit]", title: str) -> "Edit":
    """Do the same to every selected module, last first: that renumbers none of the others."""
    _current(state)
    chosen = set(state.selection)
    paths = [path for path, _ in _document(state).modules() if path in chosen]
    outer = [path for path in paths if not _has_above(path, chosen)]
    edits = [edit(path) for path in reversed(outer)]
    if len(edits) == 1:
        return edits[0]
    return core.Together(tuple(edits), title.format(len(edits)))  # type: ignore[arg-type]


def _has_above(path: str, chosen: set[str]) -> bool:
    if path and "" in chosen:
        return True
    while path:
        path = path.rpartition(".")[0]
        if path and path in chosen:
            return True
    return False
