"""A dictionary keyed by *which object it is*, whose entries die with their keys.

Modules may define ``==`` as they like, and an ``id`` is reused after collection, so neither a
plain dictionary nor ``id()`` alone will do. ``torch.utils.weak.WeakIdKeyDictionary`` does the same,
at ten times the cost of a look-up, which is what the analysis after an edit consists of.
"""

import weakref
from typing import Generic, TypeVar

V = TypeVar("V")


class IdentityCache(Generic[V]):
    """Maps live objects to values by identity; neither keeps its keys alive nor outlives them.

    A value must not hold its own key strongly, or the entry stays for ever.
    """

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[object], V]] = {}

    def get(self, key: object) -> V | None:
        """Return what was stored for this very object, or ``None``."""
        entry = self._entries.get(id(key))
        return entry[1] if entry is not None else None

    def set(self, key: object, value: V) -> None:
        """Remember ``value`` for as long as ``key`` lives."""
        number = id(key)
        entries = self._entries

        def forget(reference: "weakref.ref[object]") -> None:
            entry = entries.get(number)
            if entry is not None and entry[0] is reference:
                del entries[number]

        entries[number] = (weakref.ref(key, forget), value)

    def drop(self, key: object) -> None:
        """Forget what was stored for this object."""
        self._entries.pop(id(key), None)

    def __len__(self) -> int:
        return len(self._entries)
