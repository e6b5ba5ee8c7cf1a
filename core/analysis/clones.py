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
    for name, value in mine.items():
        if value is not theirs.get(name):
            if name in _REGISTRIES:
                if not _same(value, theirs[name]):
                    return True
            elif type(value) is not types.MethodType or value.__self__ is not twin:
                return True
    return False


def _same(mine: dict[str, Any], theirs: dict[str, Any]) -> bool:
    if len(mine) != len(theirs):
        return False
    return all(value is theirs.get(name) for name, value in mine.items())


class Containers:
    """The lists and dictionaries that modules hold, as they were: to notice changes, and undo them."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[Any, Any]] = {}

    def watch(self, module: nn.Module) -> list[int]:
        """Remember what ``module`` and its hooks hold; return their numbers for :meth:`changed`."""
        held = [
            value
            for name, value in module.__dict__.items()
            if type(value) in _CONTAINERS and name not in _MACHINERY
        ]
        for name in _HOOKS:
            for hook in module.__dict__[name].values():
                held += _captured(hook)
        for value in held:
            self._before.setdefault(id(value), (value, value.copy()))
        return [id(value) for value in held]

    def watch_writing(self, module: nn.Module) -> None:
        """Remember everything ``module`` is, since it is about to be assigned to."""
        attributes = module.__dict__
        for value in (attributes, *[attributes[name] for name in _REGISTRIES]):
            self._before.setdefault(id(value), (value, value.copy()))

    def changed(self, numbers: list[int]) -> bool:
        """Say whether one of these holds something else than at first."""
        return any(not _unchanged(*self._before[number]) for number in numbers)

    def put_back(self) -> None:
        """Give every changed container its first contents."""
        for value, before in self._before.values():
            if not _unchanged(value, before):
                value.clear()
                (value.extend if isinstance(value, (list, deque)) else value.update)(before)


def _unchanged(value: Any, before: Any) -> bool:
    if len(value) != len(before):
        return False
    if isinstance(value, dict):
        return all(each is before.get(key, before) for key, each in value.items())
    if isinstance(value, set):
        return bool(value == before)
    return all(a is b for a, b in zip(value, before, strict=True))


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
