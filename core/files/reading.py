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
    "exported",
    "torch_zip",
    "safetensors",
    "sharded",  # JSON
    "torch_legacy",
    "torch_tar",
    "distributed",
    "raw_pickle",
    "onnx",
)
_HEAD = 4096
#: How the one file of weights in a folder may be called.
_WEIGHTS = (".safetensors", ".bin", ".pth", ".pt", ".ckpt")


def read_contents(path: str | Path) -> Contents:
    """Say what stands in a file of weights; nothing in it is run, no tensor is read.

    A folder that ``torch.distributed.checkpoint`` wrote is one, too. Raises
    :class:`~core.errors.CheckpointError`.
    """
    path = _file_of(Path(path))
    head = _head(path)
    for name in _READERS:
        reader = importlib.import_module(f"core.files.{name}")
        if reader.reads(path, head):
            contents: Contents = reader.read(path)
            return replace(contents, stamps=tuple(_stamps(contents)))
    if told := _mistaken(head):
        raise CheckpointError(f"{path} {told}")
    begins = " ".join(f"{byte:02x}" for byte in head[:8])
    raise CheckpointError(
        f"{path} is no checkpoint of a kind that is known: it begins with {begins}. Known are files"
        " of torch.save, torch.export and torch.distributed.checkpoint, safetensors and ONNX,"
        " pickles of arrays, and indexes of shards."
    )


def _mistaken(head: bytes) -> str:
    """Say what came in the place of a checkpoint, where it is what mostly comes instead."""
    start = head.lstrip()[:64].lower()
    if start.startswith(b"version https://git-lfs.github.com/"):  # git-lfs/docs/spec.md
        return (
            "is a pointer of Git LFS, a few lines that stand for the file of weights, not the file"
            " itself. Run git lfs pull where it was cloned, or download the file."
        )
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return (
            "is a web page, not a checkpoint: a server answered with it instead of the file, often"
            " because one has to log in or to agree first. Download the file again."
        )
    return ""


def _file_of(path: Path) -> Path:
    """Return the file to begin with: of a folder that holds one checkpoint, its description."""
    try:
        if not path.is_dir():
            return path
        if (path / ".metadata").is_file():
            return path / ".metadata"
        # Where processes do not speak to each other, each describes what it wrote itself.
        each = sorted(path.glob("__*.metadata"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} could not be read: {error}.") from error
    if len(each) == 1:
        return each[0]
    if not each and len(found := _weights_in(path)) == 1:
        return found[0]
    if each:
        names = ", ".join(one.name for one in each[:4])
        raise CheckpointError(
            f"{path} holds the checkpoints of {len(each)} processes ({names}, ...); give the one."
        )
    raise CheckpointError(
        f"{path} is a folder without the .metadata of torch.distributed.checkpoint, and without"
        " one index or file of weights alone; such a folder, or the file of weights in it, was"
        " expected."
    )


def _weights_in(path: Path) -> list[Path]:
    """Return the indexes of a folder's shards; where there is none, its files of weights."""
    found = sorted(path.glob("*.index.json"))
    return found or sorted(file for file in path.iterdir() if file.suffix in _WEIGHTS)


def _stamps(contents: Contents) -> Iterator[tuple[Path, int, int]]:
    """Yield every file that was read, with its size and the time of its last change."""
    files = {contents.path: None, **{storage.file: None for storage in contents.storages()}}
    for file in files:
        if file.is_file():
            known = file.stat()
            yield file, known.st_size, known.st_mtime_ns


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist; a file of weights was expected.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} could not be read: {error}.") from error
    if not head:
        raise CheckpointError(f"{path} is empty; a file of weights was expected.")
    return head
