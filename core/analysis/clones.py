"""Shallow clones to run forwards on, so that nothing is written to the document's own modules.

A forward that assigns ``self.x`` writes to a clone; a forward or a hook that appends to a list the
module holds writes to the document's list, which is put back afterwards. Either makes the module
*lively*: it has to run each time, and so do those above it.
"""

import types
from collections import OrderedDict, deque
from typing import Any

from torch import nn

_REGISTRIES = ("_parameters", "_buffers", "_modules")
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
_CONTAINERS = frozenset({list, dict, set, deque, OrderedDict})
_MACHINERY = frozenset(nn.Module().__dict__)


def clone(module: nn.Module) -> nn.Module:
    """Return a module of the same class that shares everything but can be assigned to."""
    twin: nn.Module = object.__new__(type(module))
    attributes = module.__dict__.copy()
    attributes["_parameters"] = attributes["_parameters"].copy()
    attributes["_buffers"] = attributes["_buffers"].copy()
    attributes["_modules"] = attributes["_modules"].copy()
    for name, value in attributes.items():
        if type(value) is types.MethodType and value.__self__ is module:
            attributes[name] = types.MethodType(value.__func__, twin)
    twin.__dict__.update(attributes)
    return twin


def written(twin: nn.Module, module: nn.Module) -> bool:
    """Say whether attributes, children or tensors of ``twin`` are no longer its original's."""
    mine, theirs = twin.__dict__, module.__dict__
    if len(mine) != len(theirs):
        return True
    if _equal(mine, theirs):
        return False
    for name, value in mine.items():
        if name not in theirs:
            return True
        other = theirs[name]
        if value is not other and not (name in _REGISTRIES and _equal(value, other)):
            method = type(value) is types.MethodType and type(other) is types.MethodType
            if not method or value.__self__ is not twin or value.__func__ is not other.__func__:
                return True
    return False


def containers_of(module: nn.Module) -> tuple[str, ...]:
    """Return the names of a module's own attributes that are lists, dictionaries or sets."""
    return tuple(
        [
            name
            for name, value in module.__dict__.items()
            if type(value) in _CONTAINERS and name not in _MACHINERY
        ]
    )


class Containers:
    """What can be written to without a clone noticing, as it was: to see changes, and undo them.

    These are lists and dictionaries that a module or its hooks hold, and the children's attributes:
    a forward may call ``self.child.forward(x)`` or assign ``self.child.x``.
    """

    def __init__(self) -> None:
        self._before: dict[int, tuple[Any, Any]] = {}

    def watch(self, module: nn.Module, names: tuple[str, ...]) -> list[Any]:
        """Remember what ``module`` could write to; return it for :meth:`changed`.

        ``names`` are its attributes that are containers.
        """
        attributes = module.__dict__
        held = [attributes[name] for name in names]
        for name in _HOOKS:
            if attributes[name]:
                for hook in attributes[name].values():
                    held += _captured(hook)
        if type(module) is not nn.Sequential:  # which only calls its children
            for child in attributes["_modules"].values():
                if child is not None:
                    held.append(child.__dict__)
                    if child._buffers:
                        held.append(child._buffers)
        before = self._before
        for value in held:
            if id(value) not in before:
                before[id(value)] = (value, value.copy())
        return held

    def changed(self, held: list[Any]) -> bool:
        """Say whether one of these holds something else than at first."""
        before = self._before
        return any(not _equal(value, before[id(value)][1]) for value in held)

    def put_back(self) -> None:
        """Give every changed container its first contents."""
        for value, before in self._before.values():
            if not _equal(value, before):
                value.clear()
                (value.extend if isinstance(value, (list, deque)) else value.update)(before)


def _equal(value: Any, before: Any) -> bool:
    """Compare two containers; what is the same object is equal without being asked."""
    try:
        return bool(value == before)
    except Exception:  # two tensors do not compare to a truth value: they are not the same one
        return False


def _captured(hook: Any) -> list[Any]:
    """Return the containers that a hook closes over."""
    cells = getattr(hook, "__closure__", None) or ()
    contents = []
    for cell in cells:
        try:
            contents.append(cell.cell_contents)
        except ValueError:  # an empty cell
            continue
    return [each for each in contents if type(each) in _CONTAINERS]
