"""A shell of a module: a copy that a forward may write to, for looking at what the forward does.

The module, its children, and what stands in lists and dictionaries below it are copied shallowly;
tensors are shared, and so is everything deeper. Unlike in the original, no copied module stands at
two places, so that each place has a name of its own.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any

from torch import nn

from core.document.surgery import _swap_attributes, join, shallow_copy

_LISTS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_HELD = frozenset({list, dict, set, deque, OrderedDict})
_MACHINERY = frozenset(nn.Module().__dict__)


class Shell:
    """The copy (``root``), and the path of every module in it.

    ``whole`` copies everything below too, with buffers of its own, so that it can be run.
    """

    def __init__(self, module: nn.Module, *, training: bool, whole: bool = False) -> None:
        self._deep = whole
        self._twins: list[nn.Module] = []
        self._swaps: dict[int, Any] = {}
        self._paths: dict[int, str] = {}
        self._whole = False
        self.root = self._copied("", module, frozenset())
        for twin in self._twins:
            twin.__dict__["training"] = training
            _swap_attributes(twin, self._swaps)
            for name, value in twin.__dict__.items():
                if type(value) in _HELD and name not in _MACHINERY:
                    twin.__dict__[name] = value.copy()
        self._before = {name: _seen(value) for name, value in self.root.__dict__.items()}

    def path_of(self, module: nn.Module) -> str | None:
        """Return where a module stands, or ``None`` where it is not below the root."""
        path = self._paths.get(id(module))
        if path is None and not self._whole:
            self._whole = True
            for place, each in _places("", self.root, frozenset()):
                self._paths.setdefault(id(each), place)
            path = self._paths.get(id(module))
        return path

    def written(self) -> list[str]:
        """Return the names of the root's own attributes that were written to since."""
        return [
            name
            for name, value in self.root.__dict__.items()
            if name not in self._before or _seen(value) != self._before[name]
        ]

    def _copied(self, path: str, module: nn.Module, above: frozenset[int]) -> nn.Module:
        twin = shallow_copy(module)
        if self._deep:
            for name, buffer in twin._buffers.items():
                twin._buffers[name] = None if buffer is None else buffer.clone()
        self._twins.append(twin)
        self._paths[id(twin)] = path
        self._swaps.setdefault(id(module), twin)
        above = above | {id(module)}
        if self._deep or not path or isinstance(module, _LISTS):
            for name, child in module._modules.items():
                if child is not None and id(child) not in above:
                    twin._modules[name] = self._copied(join(path, name), child, above)
        return twin


def _seen(value: Any) -> Any:
    """Return what tells whether an attribute was written to: which object, and what it holds."""
    if type(value) in (dict, OrderedDict):
        return id(value), tuple(map(id, value.values()))
    if type(value) in _HELD:
        return id(value), tuple(map(id, value))
    return id(value) if not isinstance(value, (bool, int, float, str)) else value


def _places(path: str, module: nn.Module, above: frozenset[int]) -> Iterator[tuple[str, nn.Module]]:
    yield path, module
    if id(module) not in above:
        for name, child in module._modules.items():
            if child is not None:
                yield from _places(join(path, name), child, above | {id(module)})
