"""(being written)"""

from pathlib import Path

from core.files.contents import Contents


def reads(path: Path, head: bytes) -> bool:
    """Not yet."""
    return False


def read(path: Path) -> Contents:
    """Not yet."""
    raise NotImplementedError
