"""The file that ``torch.save`` wrote before version 1.6, and still writes when asked to.

Three short pickles (magic number, protocol, the machine), the object, the list of its storages'
keys, and then each storage: how many numbers as an ``int64``, and the numbers. As
``_legacy_save`` in ``torch/serialization.py`` writes it.
"""

import pickle
import struct
import sys
from collections.abc import Sequence

from core.files.writing.output import Output
from core.files.writing.runs import Bytes

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_MACHINE = {
    "protocol_version": _PROTOCOL,
    "little_endian": sys.byteorder == "little",
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


def write_torch_legacy(
    output: Output, pickled: bytes, storages: Sequence[Bytes], items: Sequence[int]
) -> None:
    """Write ``pickled`` and the storages its persistent ids call ``"0"``, ``"1"``, ...

    ``items`` are the bytes of one number of each.
    """
    for value in (_MAGIC, _PROTOCOL, _MACHINE):
        output.write(pickle.dumps(value, protocol=2))
    output.write(pickled)
    output.write(pickle.dumps([str(number) for number in range(len(storages))], protocol=2))
    for storage, item in zip(storages, items, strict=True):
        output.write(struct.pack("<q", storage.length // item))
        output.append(storage)
