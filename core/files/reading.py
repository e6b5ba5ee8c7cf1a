"""Which reader a file needs, by what stands in it, never by its suffix."""

import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from core.errors import CheckpointError
from core.files.contents import Contents

#: The modules of this room that read a format, in the order they are asked. Each has
#: ``reads(path, head) -> bool``, where ``head`` is the first 4 KiB, and
#: ``read(path) -> Contents``.
_READERS = (
    "torch_zip",
    "safetensors",
    "sharded",  # JSON
    "torch_legacy",
    "raw_pickle",
    "onnx",
)
_HEAD = 4096


def read_contents(path: str | Path) -> Contents:
    """Say what stands in a file of weights; nothing in it is run, no tensor is read.

    Raises :class:`~core.errors.CheckpointError`.
    """
    path = Path(path)
    head = _head(path)
    for name in _READERS:
        reader = importlib.import_module(f"core.files.{name}")
        if reader.reads(path, head):
            contents: Contents = reader.read(path)
            return replace(contents, stamps=tuple(_stamps(contents)))
    begins = " ".join(f"{byte:02x}" for byte in head[:8])
    raise CheckpointError(
        f"{path} is no checkpoint of a kind that is known: it begins with {begins}. Known are files"
        " of torch.save, safetensors and ONNX, pickles of arrays, and indexes of shards."
    )


def _stamps(contents: Contents) -> Iterator[tuple[Path, int, int]]:
    """Yield every file that was read, with its size and the time of its last change."""
    files = {contents.path: None, **{storage.file: None for storage in contents.storages()}}
    for file in files:
        if file.is_file():
            known = file.stat()
            yield file, known.st_size, known.st_mtime_ns


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise CheckpointError(f"{path} is a folder; the file of weights in it was expected.")
        with open(path, "rb", buffering=0) as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist; a file of weights was expected.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} could not be read: {error}.") from error
    if not head:
        raise CheckpointError(f"{path} is empty; a file of weights was expected.")
    return head
