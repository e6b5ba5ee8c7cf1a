"""Lines of Python that read what stands in a file: its weights, or one tensor of it.

For the user's own script: plain PyTorch and safetensors, none of this program. Names come from a
file and may hold anything, so they only stand in the lines as literals.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.files.contents import Contents, WeightSet

_LOAD = 'torch.load({file}, map_location="cpu", weights_only={only})'
_TORCH = ("torch zip", "torch legacy", "torch tar")
_RUNS = "# A whole model runs code of the file when it is read: only for files you trust.\n"
_SHARDS = """\
import json
from pathlib import Path
{imports}
index = Path({file})
state = {{}}
for shard in sorted(set(json.loads(index.read_text())["weight_map"].values())):
    state.update({load})
"""


def weights_code(
    contents: Contents, weights: WeightSet | None = None, *, in_each: bool = False
) -> str:
    """Return lines that leave the state dict ``weights`` (the likeliest) of a file in ``state``.

    ``torch`` is taken to be imported. What torch would refuse to read is said in a comment. With
    ``in_each`` the lines are run by every process of a group, which is there by then: what is
    written on the way is written by one of them.
    """
    weights = weights or next(iter(contents.weights), None)
    label = weights.label if weights is not None else ""
    if contents.format in _TORCH and contents.kind != "TorchScript":
        keys = _subscripts(_keys_to(contents.tree, label) if label else ())
        if weights is not None and weights.module:
            return f"{_RUNS}state = {_load(contents, only=False)}{keys}.state_dict()\n"
        return f"{_refused(contents)}state = {_load(contents)}{keys}\n"
    if contents.format == "torch distributed":
        keys = _subscripts(label.split(".") if label else ())
        return f"{_one_file(contents, in_each)}state = {_load(contents)}{keys}\n"
    if contents.format == "safetensors":
        return (
            "from safetensors.torch import load_file\n\n"
            f"state = load_file({literal(_file(contents))})\n"
        )
    if contents.format == "sharded safetensors":
        return _SHARDS.format(
            imports="\nfrom safetensors.torch import load_file\n",
            file=literal(_file(contents)), load="load_file(index.parent / shard)",
        )  # fmt: skip
    if contents.format == "sharded torch":
        load = _LOAD.format(file="index.parent / shard", only=True)
        return _SHARDS.format(imports="", file=literal(_file(contents)), load=load)
    return _others(contents, "state")


def state_dict_code(file: str, *, shards: bool = False) -> str:
    """Return lines that leave in ``state`` what a file written here holds; empty for plain torch.

    With ``shards`` it is the name of the whole, whose index stands beside the shards.
    """
    safe = file.endswith(".safetensors")
    if not shards:
        load = f"from safetensors.torch import load_file\n\nstate = load_file({literal(file)})\n"
        return load if safe else ""
    return _SHARDS.format(
        imports="\nfrom safetensors.torch import load_file\n" if safe else "",
        file=literal(f"{file}.index.json"),
        load="load_file(index.parent / shard)"
        if safe
        else _LOAD.format(file="index.parent / shard", only=True),
    )


def tensor_code(contents: Contents, name: str) -> str:
    """Return a script that leaves one tensor of a file, by its full name, in ``tensor``."""
    tensor = contents.tensors[name]
    file, key = literal(tensor.storage.file.name), literal(name)
    if contents.format in ("safetensors", "sharded safetensors"):
        return (
            "from safetensors import safe_open\n\n"
            f'with safe_open({file}, framework="pt") as file:\n'
            f"    tensor = file.get_tensor({key})\n"
        )
    if contents.format == "sharded torch":
        return f"import torch\n\ntensor = {_LOAD.format(file=file, only=True)}[{key}]\n"
    keys = _keys_to(contents.tree, name)
    if contents.format in _TORCH and contents.kind != "TorchScript" and keys is not None:
        read = f"{_refused(contents)}tensor = {_load(contents)}{_subscripts(keys)}\n"
        return f"import torch\n\n{read}"
    holder = next((each for each in contents.weights if _holds(each, name)), None)
    rest = name.removeprefix(f"{holder.label}.") if holder is not None and holder.label else name
    return f"import torch\n\n{weights_code(contents, holder)}tensor = state[{literal(rest)}]\n"


def literal(value: object) -> str:
    """Write a text, or a number, as Python does, in double quotes: it can be nothing but data."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _holds(weights: WeightSet, name: str) -> bool:
    return not weights.label or name.startswith(f"{weights.label}.")


def _file(contents: Contents) -> str:
    """Return the name of the file; of a checkpoint that is a folder, the folder's."""
    if contents.format == "torch distributed" and not contents.path.is_dir():
        return contents.path.resolve().parent.name
    return contents.path.name


def _load(contents: Contents, *, only: bool = True) -> str:
    suffix = ".pth" if contents.format == "torch distributed" else ""
    return _LOAD.format(file=literal(f"{_file(contents)}{suffix}"), only=only)


def _one_file(contents: Contents, in_each: bool) -> str:
    name = _file(contents)
    imports = "from torch.distributed.checkpoint.format_utils import dcp_to_torch_save\n\n"
    join = (
        f"dcp_to_torch_save({literal(name)}, {literal(f'{name}.pth')})  # one file of all parts\n"
    )
    if not in_each:
        return imports + join
    return (
        f"{imports}if torch.distributed.get_rank() == 0:  # one process writes\n    {join}"
        "torch.distributed.barrier()  # the others wait for it\n"
    )


def _refused(contents: Contents) -> str:
    """Say what keeps torch from reading a file of which nothing may be run."""
    if not contents.dangerous:
        return ""
    return (
        "# torch refuses this file, as it names something that reading would run: convert it to\n"
        "# safetensors with Modelwright first, and read that.\n"
    )


def _others(contents: Contents, into: str) -> str:
    file = literal(_file(contents))
    if contents.format == "torch export":
        return f"{into} = torch.export.load({file}).state_dict\n"
    if contents.kind == "TorchScript":
        load = f'torch.jit.load({file}, map_location="cpu")'
        return f"# A program runs when it is used.\n{into} = {load}.state_dict()\n"
    converted = literal(f"{contents.path.stem}.safetensors")
    return (
        "# torch has no reader for this: convert it to safetensors with Modelwright first.\n"
        f"from safetensors.torch import load_file\n\n{into} = load_file({converted})\n"
    )


def _keys_to(tree: Any, name: str) -> Sequence[object] | None:
    """Return the keys that lead to a dotted name; ``None`` where it is not in plain containers."""
    if isinstance(tree, Mapping):
        inside: Any = tree.items()
    elif isinstance(tree, list | tuple):
        inside = enumerate(tree)
    else:
        return None
    for key, value in inside:
        text = str(key)
        if name == text:
            return (key,)
        if name.startswith(f"{text}."):
            found = _keys_to(value, name[len(text) + 1 :])
            if found is not None:
                return (key, *found)
    return None


def _subscripts(keys: Sequence[object] | None) -> str:
    return "".join(f"[{literal(key)}]" for key in keys or ())
