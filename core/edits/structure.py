"""Edits of the tree: replace, insert, remove, move, rename, wrap, unwrap, duplicate."""

import copy
from typing import Any

import msgspec
from torch import nn

from core.catalog import LayerSpec
from core.dataflow import is_rewired
from core.dataflow.lists import runs_children
from core.document import Document, derive, inherit, split
from core.document.surgery import with_children
from core.edits.base import Edit
from core.edits.composites import composite, renamed_child
from core.edits.containers import (
    CONTAINERS,
    called,
    checked_name,
    children_of,
    container_at,
    forward_may_use,
    free_name,
    is_container,
    is_positional,
    position,
    put,
)
from core.edits.fresh import built
from core.errors import EditRefused


class Replace(Edit, frozen=True):
    """Put another layer in the place of the one at ``path``.

    ``layer`` is a layer spec, as text or as a :class:`~core.catalog.LayerSpec`. The module may be
    used at several places: all of them change, unless ``every_use`` is false.
    """

    path: str
    layer: str
    every_use: bool = True

    def __post_init__(self) -> None:
        _as_text(self)

    @property
    def label(self) -> str:
        """Name the place and what comes there."""
        return f"Replace {self.path or 'the model'} with {self.layer}"

    def apply(self, document: Document) -> Document:
        """Build the layer and put it there; raises SpecError or EditRefused."""
        document.module(self.path)
        new = built(self.layer, document, self.path)
        return document.replace(self.path, new, every_use=self.every_use)


class Insert(Edit, frozen=True):
    """Put a new layer into the container at ``parent``, before the child number ``index``.

    ``index=None`` appends. In a named container the child is called ``name``, or after its class.
    """

    parent: str
    index: int | None
    layer: str
    name: str | None = None

    def __post_init__(self) -> None:
        _as_text(self)

    @property
    def label(self) -> str:
        """Name the layer and the container."""
        return f"Insert {self.layer} into {self.parent or 'the model'}"

    def apply(self, document: Document) -> Document:
        """Build the layer and insert it; raises SpecError or EditRefused."""
        parent = container_at(document, self.parent, "an inserted layer")
        new = built(self.layer, document, self.parent)
        return _inserted(document, self.parent, parent, self.index, new, self.name)


class Remove(Edit, frozen=True):
    """Take the module at ``path`` away.

    A container closes the gap. A module with a ``forward`` of its own goes on calling the name, so
    there an ``Identity`` stays in its place, and the document says so.
    """

    path: str

    @property
    def label(self) -> str:
        """Name the module."""
        return f"Remove {self.path}"

    def apply(self, document: Document) -> Document:
        """Take it out; raises EditRefused for the root and for unknown paths."""
        document.module(self.path)
        if not self.path:
            raise EditRefused("The root of the model cannot be removed; replace it, or a child.")
        parent_path, name = split(self.path)
        parent = document.module(parent_path)
        if is_container(parent):
            return put(document, parent_path, [c for c in children_of(parent) if c[0] != name])
        if type(document.module(self.path)) is nn.Identity:
            raise EditRefused(
                f"{self.path} is an Identity already; {called(parent_path, parent)} goes on"
                " calling it, so it cannot be taken away altogether."
            )
        return document.replace(self.path, nn.Identity().eval(), every_use=False).saying(
            f"{self.path} is now an Identity: the forward of {type(parent).__name__}"
            " goes on calling it."
        )


class Move(Edit, frozen=True):
    """Take the module at ``path`` and put it into the container ``parent``.

    ``index`` is the position it has afterwards; ``None`` is the end.
    """

    path: str
    parent: str
    index: int | None = None

    @property
    def label(self) -> str:
        """Name the module and where it goes."""
        place = "the end" if self.index is None else f"position {self.index}"
        return f"Move {self.path} to {place} of {self.parent or 'the model'}"

    def apply(self, document: Document) -> Document:
        """Move it; raises EditRefused where it cannot stand."""
        module = document.module(self.path)
        if not self.path:
            raise EditRefused("The root of the model cannot be moved.")
        if self.parent == self.path or self.parent.startswith(self.path + "."):
            raise EditRefused(f"{self.path} cannot be moved into itself.")
        target = container_at(document, self.parent, "a module moved there")
        home, name = split(self.path)
        if document.module(home) is target:
            return self._within(document, target, name)
        take = Remove(self.path)
        inside = not self.parent or home.startswith(self.parent + ".")
        if inside:  # taking it out first leaves the path of the target as it is
            taken = take.apply(document)
            there = taken.module(self.parent)
            moved = _inserted(taken, self.parent, there, self.index, module, _kept(there, name))
            return moved.saying(*taken.notes)
        placed = _inserted(document, self.parent, target, self.index, module, _kept(target, name))
        return take.apply(placed)

    def _within(self, document: Document, target: nn.Module, name: str) -> Document:
        children = children_of(target)
        old = next(number for number, (each, _) in enumerate(children) if each == name)
        child = children.pop(old)
        children.insert(position(self.index, len(children), self.parent), child)
        return put(document, self.parent, children)


class Rename(Edit, frozen=True):
    """Give the module at ``path`` another name; its place in the order stays."""

    path: str
    name: str

    @property
    def label(self) -> str:
        """Name both names."""
        return f"Rename {self.path} to {self.name}"

    def apply(self, document: Document) -> Document:
        """Rename it; raises EditRefused where the name is taken, wrong, or used by forward."""
        document.module(self.path)
        if not self.path:
            raise EditRefused("The root of the model has no name to change.")
        home, old = split(self.path)
        parent = document.module(home)
        if self.name == old:
            return document
        if is_positional(parent):
            raise EditRefused(
                f"The children of {called(home, parent)} are numbered by their position;"
                f" move {self.path} instead of renaming it."
            )
        if is_rewired(parent) and not runs_children(parent):
            return renamed_child(document, home, old, self.name)
        if forward_may_use(parent, old):
            raise EditRefused(
                f"The forward of {called(home, parent)} calls '{old}' by name;"
                " renaming it would break the model."
            )
        checked_name(parent, home, self.name)
        renamed = [(self.name if n == old else n, child) for n, child in children_of(parent)]
        return put(document, home, renamed)


class Wrap(Edit, frozen=True):
    """Put the module at ``path`` into a new container that stands in its place.

    ``container`` is Sequential, ModuleList or ModuleDict; with ``name`` the module is called so in
    it (a ModuleDict needs a name and takes the old one). Any other name, such as ``Model``, makes a
    new class with a forward of its own, which further steps can be added to.
    """

    path: str
    container: str = "Sequential"
    name: str | None = None

    @property
    def label(self) -> str:
        """Name the module and the container."""
        return f"Wrap {self.path or 'the model'} in {self.container}"

    def apply(self, document: Document) -> Document:
        """Wrap it; raises EditRefused for a container that there is not."""
        module = document.module(self.path)
        if self.container not in CONTAINERS:
            return document.replace(self.path, composite(document, self))
        wrapper = CONTAINERS[self.container]().eval()
        name = self.name
        if self.container == "ModuleDict":
            name = name or split(self.path)[1] or "model"
        if name is not None and self.container != "ModuleList":
            checked_name(wrapper, self.container, name)
        wrapper._modules[name or "0"] = module
        return document.replace(self.path, wrapper)


class Unwrap(Edit, frozen=True):
    """Put the children of the container at ``path`` in its place."""

    path: str

    @property
    def label(self) -> str:
        """Name the container."""
        return f"Unwrap {self.path or 'the model'}"

    def apply(self, document: Document) -> Document:
        """Unwrap it; raises EditRefused where several children would need one place."""
        module = document.module(self.path)
        if not is_container(module):
            raise EditRefused(
                f"{called(self.path, module)} is no container, so there is nothing to unwrap."
            )
        children = children_of(module)
        home, name = split(self.path)
        parent = document.module(home) if self.path else None
        if parent is None or not is_container(parent):
            if len(children) != 1:
                raise EditRefused(
                    f"{called(self.path, module)} has {len(children)} children and there is one"
                    " place for them; only a container with one child can be unwrapped here."
                )
            return document.replace(self.path, children[0][1])
        siblings = children_of(parent)
        at = next(number for number, (each, _) in enumerate(siblings) if each == name)
        rest = siblings[:at] + siblings[at + 1 :]
        taken = {each for each, _ in rest}
        freed = []
        for each, child in children:
            unique = free_name(parent, child, taken) if each in taken or each.isdigit() else each
            taken.add(unique)
            freed.append((unique, child))
        return put(document, home, rest[:at] + freed + rest[at:])


class Duplicate(Edit, frozen=True):
    """Put a copy of the module at ``path``, with weights of its own, behind it.

    With ``parent`` it goes there instead, at ``index`` (``None``: the end).
    """

    path: str
    parent: str | None = None
    index: int | None = None

    @property
    def label(self) -> str:
        """Name the module."""
        return f"Duplicate {self.path}" + (f" into {self.parent}" if self.parent else "")

    def apply(self, document: Document) -> Document:
        """Copy it; raises EditRefused where the copy cannot stand."""
        module = document.module(self.path)
        if not self.path and self.parent is None:
            raise EditRefused("The root of the model cannot stand beside itself; duplicate a part.")
        home, name = split(self.path)
        goal = home if self.parent is None else self.parent
        target = container_at(document, goal, "a copy")
        index = self.index
        if self.parent is None and index is None:
            index = list(target._modules).index(name) + 1
        return _inserted(document, goal, target, index, duplicate(module), _kept(target, name))


def duplicate(module: nn.Module) -> nn.Module:
    """Return a deep copy that knows its constructor calls and where its weights came from."""
    try:
        twin = copy.deepcopy(module)
    except (RuntimeError, TypeError) as error:
        raise EditRefused(f"{type(module).__name__} cannot be copied: {error}") from error
    for old, new in zip(module.modules(), twin.modules(), strict=True):
        inherit(new, old)
        for mine, theirs in ((new._parameters, old._parameters), (new._buffers, old._buffers)):
            for name, tensor in mine.items():
                source = theirs[name]
                if tensor is not None and source is not None:
                    derive(tensor, source, "copied", source.numel())
    return twin


def _inserted(
    document: Document,
    path: str,
    parent: nn.Module,
    index: int | None,
    child: nn.Module,
    name: str | None,
) -> Document:
    children = children_of(parent)
    numbered = is_positional(parent) and (children or isinstance(parent, nn.ModuleList))
    if numbered and name is not None:
        raise EditRefused(
            f"The children of {called(path, parent)} are numbered by their position and have no"
            f" names; leave '{name}' away."
        )
    if name is not None:
        checked_name(parent, path, name)
    children.insert(position(index, len(children), path), (name or free_name(parent, child), child))
    if name is not None and not parent._modules:  # an empty Sequential becomes a named one
        return document.replace(path, with_children(parent, dict(children)))
    return put(document, path, children)


def _kept(target: nn.Module, name: str) -> str | None:
    """Return the name a moved or copied child keeps in ``target``, or ``None`` for a new one."""
    if is_positional(target) or name.isdigit() or name in target._modules:
        return None
    return None if hasattr(target, name) else name


def _as_text(edit: Any) -> None:
    if isinstance(edit.layer, LayerSpec):
        msgspec.structs.force_setattr(edit, "layer", str(edit.layer))
