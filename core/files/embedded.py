"""Storages inside a plain pickle: ``pickle.dump`` of tensors, instead of ``torch.save``.

Each storage there is a call of ``torch.storage._load_from_bytes`` on a whole file of the old format
with nothing but that storage in it (torch/storage.py, ``TypedStorage.__reduce__``). Its bytes stand
in the outer file as they are, so they are found there and never copied.
"""

import io
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from core.errors import CheckpointError
from core.files.building import STORAGES, TypedStorage
from core.files.contents import Storage
from core.files.declared import Bytes, Refusal
from core.files.torch_legacy import read_stream

_NUMBERS = count()


def storage(data: Any) -> TypedStorage:
    """Return the storage that a file within a pickle is of; raises :class:`Refusal`.

    Unpickling such a file is unpickling again, with all that may be in it. So one that names
    anything but a storage is refused, and what is accepted is as harmless as a storage.
    """
    if not isinstance(data, bytes):
        raise Refusal("has a storage that is no bytes.")
    outer = data.storage if isinstance(data, Bytes) else None
    where = outer.file if outer is not None else Path("the file within it")
    try:
        found, names, located, _ = read_stream(io.BytesIO(data), where)
    except CheckpointError as error:
        raise Refusal(f"holds a tensor that is damaged: {error}") from error
    if not isinstance(found, TypedStorage) or not names.keys() <= STORAGES.keys():
        raise Refusal("holds a pickle within a pickle that is no storage; it was not read further.")
    inner = located[found.storage.key]
    return replace(found, storage=_moved(inner, data, outer))


def _moved(inner: Storage, data: bytes, outer: Storage | None) -> Storage:
    """Return a storage of the file within as one of the file around it.

    Protocols 0 to 2 spell bytes as a text: these do not stand in the file as they are, and are
    held. Each gets a key of its own, for every file within calls its storage as it likes.
    """
    assert inner.begin is not None
    if outer is None or outer.begin is None:
        held = data[inner.begin : inner.begin + inner.bytes]
        return replace(inner, key=f"held {next(_NUMBERS)}", begin=None, held=held)
    begin = outer.begin + inner.begin
    return replace(inner, file=outer.file, key=str(begin), begin=begin)
