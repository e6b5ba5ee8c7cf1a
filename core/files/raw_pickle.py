"""A plain pickle: arrays or tensors, as people write them with ``pickle.dump``."""

from pathlib import Path

from core.files.contents import Contents
from core.files.inert import read_pickle
from core.files.sets import contents
from core.files.verdicts import verdicts

#: How a pickle of protocol 0 or 1 may begin: a mark, a dictionary, a list, a global, a number.
_OLD = (b"(d", b"(l", b"(i", b"c", b"}q", b"]q", b"(c")


def reads(path: Path, head: bytes) -> bool:
    """Whether it begins like a pickle; the last to be asked, for much does."""
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        return True
    return head.startswith(_OLD)


def read(path: Path) -> Contents:
    """Read the pickle; raises :class:`~core.errors.CheckpointError`."""
    with open(path, "rb") as file:
        tree, names = read_pickle(file, path)
    return contents(path, "raw pickle", tree, verdicts(names), {})
