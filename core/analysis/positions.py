"""Numbers that say where a block stands: ``layer_idx`` and its like.

The 126 layers of a language model differ in nothing but such a number, which is there for the cache
of keys and values and mostly never read. For the time of a pass it is a property of the class, and
reading it, by whatever way, is noted: a call during which none was read is the same for every
layer.
"""

import re
from collections.abc import Callable
from typing import Any

from torch import nn

_ENDINGS = ("idx", "index", "_id", "_number")
_NAMES = re.compile(r"(?:^|_)(?:idx|index|layer_id|layer_number|block_id)$")


def is_position(name: str, value: Any, module: nn.Module) -> bool:
    """Say whether an attribute is such a number, and can be watched."""
    if type(value) is not int or not name.endswith(_ENDINGS):
        return False
    return bool(_NAMES.search(name)) and not _inherited(type(module), name)


def _inherited(kind: type, name: str) -> bool:
    """Say whether the class has the name already; a watch of our own does not count."""
    return any(
        name in each.__dict__ and type(each.__dict__[name]) is not Watch for each in kind.__mro__
    )


class Watch:
    """A property that hands on to the instance and tells when it is read."""

    def __init__(self, name: str, told: Callable[[], None]) -> None:
        self._name = name
        self._told = told

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            raise AttributeError(self._name)
        self._told()
        try:
            return instance.__dict__[self._name]
        except KeyError:
            raise AttributeError(self._name) from None

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self._name] = value

    def __delete__(self, instance: Any) -> None:
        self._told()
        try:
            del instance.__dict__[self._name]
        except KeyError:
            raise AttributeError(self._name) from None


class Watches:
    """The watches of one pass: put on classes, and taken off again."""

    def __init__(self, told: Callable[[], None]) -> None:
        self._told = told
        self._on: list[tuple[type, str]] = []

    def put_on(self, places: frozenset[tuple[type, str]]) -> None:
        """Watch each name of each class."""
        for kind, name in places:
            setattr(kind, name, Watch(name, self._told))
            self._on.append((kind, name))

    def take_off(self) -> None:
        """Leave the classes as they were."""
        for kind, name in self._on:
            delattr(kind, name)
        self._on.clear()
