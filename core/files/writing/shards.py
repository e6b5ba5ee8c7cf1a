"""Weights over several files with an index, as Hugging Face's libraries write and read them.

A set of shards never takes the place of another's files: the old index goes on naming whole old
files until the new index takes its place in one step. So where one of the names is taken, all new
shards get a mark in theirs. What the index no longer names is left where it is, and told.
"""

import json
import os
import secrets
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeVar

from core.errors import SaveRefused
from core.files.writing.atomic import (
    atomic_write,
    check_place,
    finish,
    part_of,
    sentence,
    sync_folder,
)
from core.files.writing.output import Meter, Output

Item = TypeVar("Item")


def shared_out(
    tensors: Sequence[Item], size: int, key: Callable[[Item], Hashable],
    weight: Callable[[Item], int],
) -> list[list[Item]]:  # fmt: skip
    """Share tensors out, in their order, so that no shard has more than ``size`` bytes.

    Tensors of one ``key`` stay together and weigh ``weight`` once; one that is larger than ``size``
    has a shard for itself.
    """
    families: dict[Hashable, list[Item]] = {}
    for tensor in tensors:
        families.setdefault(key(tensor), []).append(tensor)
    shards: list[list[Item]] = [[]]
    filled = 0
    for family in families.values():
        heavy = weight(family[0])
        if shards[-1] and filled + heavy > size:
            shards.append([])
            filled = 0
        shards[-1] += family
        filled += heavy
    return shards


def write_shards(
    index: Path, shards: Sequence[Sequence[str]], write: Callable[[int, Output], None],
    total_size: int, meter: Meter,
) -> tuple[list[Path], list[Path]]:  # fmt: skip
    """Write shard after shard and then ``index``; return the files and those that are left over.

    ``shards`` are the names of the tensors in each, ``write`` writes one of them. Raises
    :class:`~core.errors.SaveRefused`; then, and when stopped, nothing of it is left behind.
    """
    stem = index.name.removesuffix(".index.json")
    check_place(index)
    before = _named_by(index)
    try:
        with ExitStack() as stack:
            parts = []
            for number in range(len(shards)):
                part, file = stack.enter_context(part_of(index.with_name(f"{stem}.{number}")))
                with Output(file, meter) as output:
                    write(number, output)
                finish(file)
                parts.append(part)
            placed = _placed(parts, index.with_name(stem))
        try:
            weight_map = {
                name: path.name
                for path, names in zip(placed, shards, strict=True)
                for name in names
            }
            with atomic_write(index) as text:
                text.write(
                    json.dumps(
                        {"metadata": {"total_size": total_size}, "weight_map": weight_map}, indent=2
                    ).encode()
                )
        except BaseException:
            _remove(placed)
            raise
    except OSError as error:
        raise SaveRefused(sentence(index, error)) from error
    return placed, sorted(index.with_name(name) for name in before)


def _placed(parts: Sequence[Path], plain: Path) -> list[Path]:
    """Give finished shards the names ``model-00001-of-00003.safetensors``, none of them taken."""
    mark = ""
    while True:
        names = [
            plain.with_name(f"{plain.stem}{mark}-{n:05}-of-{len(parts):05}{plain.suffix}")
            for n in range(1, len(parts) + 1)
        ]
        done: list[Path] = []
        try:
            for part, name in zip(parts, names, strict=True):
                _name(part, name)
                done.append(name)
        except FileExistsError:
            _remove(done)
            mark = f"-{secrets.token_hex(3)}"
            continue
        except BaseException:
            _remove(done)
            raise
        sync_folder(plain.parent)
        return names


def _name(part: Path, name: Path) -> None:
    """Add a name to a file, and raise ``FileExistsError`` where it is taken."""
    try:
        os.link(part, name)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if name.exists():
            raise FileExistsError(name) from None
        os.rename(part, name)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _named_by(index: Path) -> set[str]:
    """Return the files beside an index that it names; nothing where it is no index."""
    try:
        found = json.loads(index.read_bytes())["weight_map"].values()
        return {
            name for name in found
            if isinstance(name, str) and name == Path(name).name and index.with_name(name).is_file()
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
