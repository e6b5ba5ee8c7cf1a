"""A model as bytes for another process of ours, with the classes that were written here.

A pickle names classes by the module they are imported from. A re-wired class is in none: it goes
along as its text and is made again there. The other process runs what this one has run already.
"""

import importlib
import pickle
import types
from typing import Any, BinaryIO

import torch

from core.dataflow.classes import parts_of, written_class


def send(model: torch.nn.Module, file: BinaryIO) -> None:
    """Write a model for :func:`receive`. Raises what pickle raises: lambdas cannot be sent."""
    torch.save(model, file, pickle_module=_SENDING)


def receive(file: BinaryIO) -> torch.nn.Module:
    """Read a model that this program itself has written a moment ago; this runs its pickle."""
    model: torch.nn.Module = torch.load(file, map_location="cpu", weights_only=False)
    return model


class _Pickler(pickle.Pickler):
    """Pickles what pickle cannot name: re-wired classes, and the modules that their text uses."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, types.ModuleType):
            return importlib.import_module, (value.__name__,)
        parts = parts_of(value) if isinstance(value, type) else None
        if parts is None:
            return NotImplemented
        name, base, graph, source, names = parts
        return written_class, (name, base, graph, source, names)


_SENDING: Any = types.SimpleNamespace(
    Pickler=_Pickler, HIGHEST_PROTOCOL=pickle.HIGHEST_PROTOCOL, __name__="pickle"
)
