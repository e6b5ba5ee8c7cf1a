"""Files that another file names: beside it, never outside its folder, and all there."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from core.errors import CheckpointError


def beside(index: Path, name: str) -> Path:
    """Return the file of this name in the folder of ``index``.

    Raises :class:`~core.errors.CheckpointError` at a name that leads out of it; nothing is opened.
    """
    parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
    file = index.parent / name
    outside = (
        not name
        or "\0" in name
        or ".." in parts
        or PurePosixPath(name).is_absolute()
        or bool(PureWindowsPath(name).anchor)
        or not file.resolve().is_relative_to(index.parent.resolve())
    )
    if outside and not _links_of_a_cache(index, file, name):
        raise CheckpointError(
            f"{index} names a file '{name}' outside its own folder. No honest index does; nothing"
            " was opened."
        )
    return file


def check_presence(index: Path, files: Mapping[str, Path]) -> None:
    """Raise :class:`~core.errors.CheckpointError` that names what ``index`` needs and lacks."""
    missing = [name for name, file in files.items() if not file.is_file()]
    if missing:
        raise CheckpointError(
            f"{index} needs {len(files)} files beside it, and {len(missing)} of them are missing:"
            f" {', '.join(missing[:8])}{', ...' if len(missing) > 8 else ''}."
        )


def _links_of_a_cache(index: Path, file: Path, name: str) -> bool:
    """Hugging Face's cache links index and shards to one folder of blobs: those are its own."""
    plain = PurePosixPath(name).parts == (name,) and "\\" not in name and name not in (".", "..")
    return (
        plain
        and index.is_symlink()
        and file.is_symlink()
        and file.resolve().parent == index.resolve().parent
    )
