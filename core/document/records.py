"""With which arguments each module was constructed.

PyTorch forgets them: a ``Bottleneck`` keeps its children, not the ``planes=64`` it was built with.
While a model is being built under :func:`recording`, ``nn.Module.__new__`` sees the class and the
arguments of every module, and they are remembered here for as long as the module lives.
"""

import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from core.document.identity import IdentityCache


@dataclass(frozen=True)
class Record:
    """One constructor call, as it was made.

    ``edited`` says that children were changed by hand since, so that calling the constructor again
    would not give the module as it stands.
    """

    cls: type[nn.Module]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    edited: bool = False

    def __deepcopy__(self, memo: dict[int, Any]) -> "Record":
        return self

    def bound(self) -> dict[str, Any]:
        """Return the arguments by parameter name (``*args`` and ``**kwargs`` under their own)."""
        try:
            signature = inspect.signature(self.cls)
            return dict(signature.bind(*self.args, **self.kwargs).arguments)
        except (TypeError, ValueError):
            return dict(self.kwargs)


_records: IdentityCache[Record] = IdentityCache()
_lock = threading.RLock()
_WAITING = "_modelwright_record"


def record_of(module: nn.Module) -> Record | None:
    """Return how ``module`` was constructed, or ``None`` where nobody was watching."""
    return _records.get(module)


def forget(module: nn.Module) -> None:
    """Drop what is known of ``module``'s construction, since it has become something else."""
    _records.drop(module)


def remember(module: nn.Module, record: Record) -> None:
    """Attach ``record`` to ``module``."""
    _records.set(module, record)


def inherit(copy: nn.Module, original: nn.Module, *, edited: bool = False) -> None:
    """Give a copy its original's record, marked as edited where its children were changed."""
    record = _records.get(original)
    if record is not None:
        _records.set(copy, replace(record, edited=True) if edited and not record.edited else record)


def _plain_new(cls: type[nn.Module], *_: Any, **__: Any) -> nn.Module:
    module: nn.Module = object.__new__(cls)
    return module


@contextmanager
def recording() -> Iterator[None]:
    """Record the constructor call of every module built inside, in this thread.

    The record waits in the module's own ``__dict__`` until the end, so that ``copy.deepcopy``
    (with which ``nn.TransformerEncoder`` makes its layers) hands it on to the copy: a copy is
    created by ``__new__`` without arguments and its ``__init__`` never runs.

    The patch is global, so one thread builds at a time.
    """
    mine = threading.get_ident()
    called: dict[int, Record] = {}
    built: list[nn.Module] = []
    initialise = nn.Module.__init__
    outer = nn.Module.__dict__.get("__new__", staticmethod(_plain_new))

    def new(cls: type[nn.Module], *args: Any, **kwargs: Any) -> nn.Module:
        module: nn.Module = object.__new__(cls)
        if threading.get_ident() == mine:
            called[id(module)] = Record(cls, args, kwargs)
            built.append(module)
        return module

    def init(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        record = called.pop(id(self), None)
        if record is not None:
            self.__dict__[_WAITING] = record
        initialise(self, *args, **kwargs)

    with _lock:
        nn.Module.__new__ = new  # type: ignore[method-assign, assignment]
        nn.Module.__init__ = init  # type: ignore[method-assign]
        try:
            yield
        finally:
            # Removing ours would not bring ``object.__new__`` back: a class that had a ``__new__``
            # once refuses arguments from then on (CPython issue 5322). So a plain one stays.
            nn.Module.__new__ = outer  # type: ignore[method-assign, assignment]
            nn.Module.__init__ = initialise  # type: ignore[method-assign]
            for module in built:
                record = module.__dict__.pop(_WAITING, None)
                if record is not None:
                    _records.set(module, record)
