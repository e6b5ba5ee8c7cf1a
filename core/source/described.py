"""A module out of the description of one, as an inert pickle gives it, without unpickling.

The old formats keep the source of each class beside its name, and torch's restricted unpickler
refuses that. What the pickle says is known (:mod:`core.files.inert`): here objects of the allowed
classes are made empty and given their state, as ``copy`` does it, and nothing else is called.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from core.checkpoint.values import Mapped
from core.errors import CheckpointError
from core.files import Inert, StoredTensor

_PLAIN = {"builtins.slice": slice, "builtins.range": range, "builtins.complex": complex}
_SCALARS = (str, int, float, bool, bytes, complex, type(None))


def built(tree: Any, allowed: Mapping[str, Any]) -> Any:
    """Return what ``tree`` describes, of the classes in ``allowed``, by their names in the file.

    What is one object in the file is one here: tied weights stay tied. Raises
    :class:`~core.errors.CheckpointError` at anything that is not allowed.
    """
    try:
        return _Builder(allowed).built(tree)
    except RecursionError as error:
        raise CheckpointError("It is nested deeper than any model.") from error


class _Builder:
    def __init__(self, allowed: Mapping[str, Any]) -> None:
        self._allowed, self._mapped = allowed, Mapped()
        self._made: dict[int, Any] = {}

    def built(self, value: Any) -> Any:
        if isinstance(value, _SCALARS):
            return value
        if id(value) not in self._made:
            self._made[id(value)] = self._new(value)
        return self._made[id(value)]

    def _new(self, value: Any) -> Any:
        if isinstance(value, StoredTensor):
            return self._tensor(value)
        if isinstance(value, Inert):
            return self._object(value)
        if isinstance(value, dict):
            made: dict[Any, Any] = {}
            self._made[id(value)] = made  # before what is in it, which may hold it again
            made.update({self.built(key): self.built(each) for key, each in value.items()})
            return made
        if isinstance(value, list):
            row: list[Any] = []
            self._made[id(value)] = row
            row.extend(map(self.built, value))
            return row
        if isinstance(value, tuple | set | frozenset):
            return type(value)(map(self.built, value))
        raise CheckpointError(f"It has a {type(value).__name__}, which no model has.")

    def _tensor(self, stored: StoredTensor) -> Any:
        tensor = self._mapped.tensor(stored)
        if stored.parameter:
            return nn.Parameter(tensor, stored.requires_grad)
        return tensor.requires_grad_() if stored.requires_grad else tensor

    def _object(self, value: Inert) -> Any:
        found = self._named(value.name)
        if not value.called:
            return found
        if not (isinstance(found, type) and issubclass(found, nn.Module)):
            return self._of_another_class(found, value)
        if value.args or value.kwargs or value.items or value.entries:
            raise CheckpointError(f"{value.name} is described in a way that modules are not.")
        module: nn.Module = found.__new__(found)
        self._made[id(value)] = module
        state = self.built(value.state)
        if not isinstance(state, dict):
            raise CheckpointError(f"{value.name} has a state that is no dictionary.")
        module.__setstate__({key: _registry(key, each) for key, each in state.items()})
        return module

    def _of_another_class(self, found: Any, value: Inert) -> Any:
        """Call what the user allowed by name, or what makes a plain value."""
        named = {str(key): self.built(each) for key, each in value.kwargs.items()}
        made = found(*map(self.built, value.args), **named)
        self._made[id(value)] = made
        state = self.built(value.state)
        if hasattr(made, "__setstate__") and state is not None:
            made.__setstate__(state)
        elif isinstance(state, dict):
            vars(made).update(state)
        return made

    def _named(self, name: str) -> Any:
        if name in self._allowed:
            return self._allowed[name]
        if name in _PLAIN:
            return _PLAIN[name]
        dtype = getattr(torch, name.removeprefix("torch."), None)
        if isinstance(dtype, torch.dtype):
            return dtype
        raise CheckpointError(f"It has an object of {name}, which was not made.")


def _registry(key: Any, value: Any) -> Any:
    """Return a module's registry as modules have it; the file's classes of them are not told."""
    if isinstance(key, str) and "_hooks" in key and isinstance(value, dict):
        return OrderedDict(value)
    if key == "_non_persistent_buffers_set":
        return set(value or ())
    return value
