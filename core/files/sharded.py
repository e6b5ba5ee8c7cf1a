"""An index of shards: ``*.index.json`` says in which file beside it each tensor stands.

Hugging Face's layout: ``{"metadata": {...}, "weight_map": {name: file}}``, of safetensors and of
``.bin`` files of ``torch.save``.
"""

import json
from pathlib import Path
from typing import Any

from core.errors import CheckpointError
from core.files.beside import beside, check_presence
from core.files.contents import Contents, Named, StoredTensor, WeightSet

_LONGEST = 100_000_000


def reads(path: Path, head: bytes) -> bool:
    """Whether it is JSON and says weight_map."""
    if head.lstrip()[:1] != b"{":
        return False
    if b'"weight_map"' in head:
        return True
    if path.stat().st_size > _LONGEST:
        return False
    return b'"weight_map"' in path.read_bytes()


def read(path: Path) -> Contents:
    """Read the index and what its shards say of themselves; raises CheckpointError."""
    from core.files.reading import read_contents

    index = _index(path)
    places = index["weight_map"]
    shards = {name: beside(path, name) for name in dict.fromkeys(places.values())}
    check_presence(path, shards)
    found = {name: read_contents(file) for name, file in shards.items()}
    tensors: dict[str, StoredTensor] = {}
    for name, shard in places.items():
        there = _weights(found[shard])
        if name not in there:
            raise CheckpointError(f"{path} says that {name} is in {shard}, and it is not there.")
        tensors[name] = there[name]
    extra = sum(len(_weights(each)) for each in found.values()) - len(tensors)
    notes = (f"{extra} tensors in the shards are not in the index: left out.",) if extra > 0 else ()
    names: dict[str, Named] = {
        each.name: each for contents in found.values() for each in contents.names
    }
    kinds = {each.format for each in found.values()}
    metadata = index.get("metadata")
    return Contents(
        path,
        "sharded safetensors" if kinds == {"safetensors"} else "sharded torch",
        "state dict",
        tensors,
        {"shards": str(len(shards))},
        tuple(names.values()),
        (WeightSet("", tensors),) if tensors else (),
        {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {},
        notes=notes,
    )


def _index(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LONGEST:
            raise ValueError("it is larger than any index")
        index = json.loads(path.read_bytes())
    except (ValueError, OSError, RecursionError) as error:
        raise CheckpointError(f"{path} is no index of shards: {error}.") from error
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not all(isinstance(each, str) for each in places.values()):
        raise CheckpointError(f"{path} is no index of shards: its weight_map names no files.")
    found: dict[str, Any] = index
    return found


def _weights(contents: Contents) -> dict[str, StoredTensor]:
    return dict(contents.weights[0].tensors) if contents.weights else {}
