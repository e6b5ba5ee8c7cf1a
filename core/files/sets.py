"""The parts of a tree: its tensors by name, what else is in it, and which of it are weights."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import CheckpointError
from core.files.contents import Contents, Inert, Kind, Named, StoredTensor, WeightSet
from core.files.inert import is_module
from core.files.told import told

_DEEPEST = 8
_MOST_VALUES, _MOST_TENSORS = 2000, 1_000_000
_MOST_MODELS = 64  # a longer list is of samples, and no ensemble
_AVERAGED = ("ema", "averaged", "swa", "teacher")
_WRAPPERS = {
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "OptimizedModule": "_orig_mod",
}
_GETATTR = ("builtins.getattr", "__builtin__.getattr")
_MOMENTS = ("exp_avg", "momentum_buffer", "square_avg", "param_groups")


def contents(
    path: Any,
    format: str,
    tree: Any,
    names: tuple[Named, ...],
    metadata: Mapping[str, str],
    notes: tuple[str, ...] = (),
) -> Contents:
    """Describe a tree."""
    weights = tuple(sorted(_sets(tree), key=lambda each: (each.averaged, each.label.count("."))))
    tensors, values = _parts(path, tree)
    return Contents(
        path, format, _kind(tree, weights, tensors), tensors, values, names, weights, metadata,
        tree, notes,
    )  # fmt: skip


def _parts(path: Any, tree: Any) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    """Return all tensors by full name, and everything else as text."""
    tensors: dict[str, StoredTensor] = {}
    values: dict[str, str] = {}
    above: set[int] = set()
    barren: dict[int, Any] = {}  # what has no tensor in it is looked through once

    def walk(name: str, value: Any, depth: int) -> bool:
        """Say whether any tensor was met."""
        if isinstance(value, StoredTensor):
            tensors[name] = value
            if len(tensors) > _MOST_TENSORS:
                raise CheckpointError(
                    f"{path} repeats its tensors over {_MOST_TENSORS:,} times, which no checkpoint"
                    " does."
                )
            return True
        if id(value) in barren:
            return False
        inside = list(_inside(value)) if depth < _DEEPEST + 8 and id(value) not in above else []
        if not inside:
            return False
        above.add(id(value))
        met = [walk(f"{name}.{key}" if name else key, each, depth + 1) for key, each in inside]
        above.discard(id(value))
        if any(met):
            for (key, each), found in zip(inside, met, strict=True):
                full = f"{name}.{key}" if name else key
                if not found and len(values) < _MOST_VALUES and not _is_bare(each):
                    values[full] = told(each)
        elif depth > 0:
            barren[id(value)] = value
        return any(met)

    if not walk("", tree, 0):
        if isinstance(tree, dict):
            values.update({str(key): told(each) for key, each in list(tree.items())[:_MOST_VALUES]})
        else:
            values[""] = told(tree)
    return tensors, values


def _is_bare(value: Any) -> bool:
    """Whether it is an empty list, or a layer without weights: nothing to tell."""
    return is_module(value) or (isinstance(value, dict | list | tuple) and not value)


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if is_module(value):
        for registry in ("_parameters", "_buffers", "_modules"):
            held = value.state.get(registry)
            if isinstance(held, dict):
                yield from ((str(key), each) for key, each in held.items() if each is not None)
    elif isinstance(value, dict):
        yield from ((str(key), each) for key, each in value.items())
    elif isinstance(value, list | tuple):
        yield from ((str(key), each) for key, each in enumerate(value))
    elif isinstance(value, Inert):
        if isinstance(value.state, dict):
            yield from ((str(key), each) for key, each in value.state.items())
        yield from ((str(key), each) for key, each in enumerate((*value.args, *value.items)))
        yield from ((str(key), each) for key, each in value.entries)


def _sets(tree: Any, label: str = "", depth: int = 0) -> Iterator[WeightSet]:
    """Yield everything that looks like a state dict."""
    if is_module(tree):
        yield _of_module(tree, label)
        return
    if isinstance(tree, Inert) and tree.name in _GETATTR and len(tree.args) == 2:
        model, name = tree.args
        if is_module(model) and name == "state_dict":
            note = (
                "The method model.state_dict was saved instead of what it returns: the parentheses"
                " were forgotten. The weights are in it all the same."
            )
            yield _of_module(model, label, note)
        return
    if isinstance(tree, Inert) and tree.name.startswith("__torch__."):
        tensors = dict(_of_script(tree, "", 0))
        if tensors:
            yield WeightSet(label, tensors, module=tree.name)
        return
    if isinstance(tree, list | tuple) and len(tree) <= _MOST_MODELS and depth <= 3:
        for number, each in enumerate(tree):
            if isinstance(each, dict) or is_module(each):
                yield from _sets(each, f"{label}.{number}" if label else str(number), depth + 1)
        return
    if not isinstance(tree, dict) or depth > 3 or (depth and _is_optimizer(tree)):
        return
    tensors = {str(key): each for key, each in tree.items() if isinstance(each, StoredTensor)}
    if tensors and (len(tensors) == len(tree) or len(tensors) > len(tree) / 2):
        extra = [str(key) for key in tree if str(key).endswith("_extra_state")]
        notes = (f"{len(extra)} entries of extra state are no tensors: left out.",) if extra else ()
        yield WeightSet(label, tensors, _is_averaged(label), notes=notes)
        return
    for key, each in tree.items():
        name = str(key)
        if "optim" in name or "sched" in name or "scaler" in name:
            continue
        yield from _sets(each, f"{label}.{name}" if label else name, depth + 1)


def _is_optimizer(tree: dict[Any, Any]) -> bool:
    return "param_groups" in tree or any(key in _MOMENTS for key in tree)


def _is_averaged(label: str) -> bool:
    words = label.lower().replace(".", "_").split("_")
    return any(word in _AVERAGED for word in words)


def _of_module(module: Inert, label: str, *notes: str) -> WeightSet:
    wrappers = []
    while (inner := _WRAPPERS.get(module.name.rpartition(".")[2])) is not None:
        below = module.state["_modules"]
        if not (isinstance(below, dict) and is_module(below.get(inner))):
            break
        wrappers.append(module.name.rpartition(".")[2])
        module = below[inner]
    tensors = dict(_state(module, "", 0))
    return WeightSet(label, tensors, _is_averaged(label), module.name, tuple(wrappers), notes)


def _state(module: Inert, prefix: str, depth: int) -> Iterator[tuple[str, StoredTensor]]:
    """Yield what ``state_dict()`` of the module would, had it been made."""
    state = module.state
    passing = state.get("_non_persistent_buffers_set") or ()
    for registry in ("_parameters", "_buffers"):
        held = state.get(registry)
        for name, tensor in held.items() if isinstance(held, dict) else ():
            if isinstance(tensor, StoredTensor) and not (
                registry == "_buffers" and name in passing
            ):
                yield f"{prefix}{name}", tensor
    below = state.get("_modules")
    for name, child in below.items() if isinstance(below, dict) and depth < 100 else ():
        if is_module(child):
            yield from _state(child, f"{prefix}{name}.", depth + 1)


def _of_script(part: Inert, prefix: str, depth: int) -> Iterator[tuple[str, StoredTensor]]:
    """Yield the tensors of a TorchScript object: attributes, and objects below them."""
    for name, value in part.state.items() if isinstance(part.state, dict) else ():
        if isinstance(value, StoredTensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, Inert) and depth < 100:
            yield from _of_script(value, f"{prefix}{name}.", depth + 1)


def _kind(tree: Any, weights: tuple[WeightSet, ...], tensors: Mapping[str, StoredTensor]) -> Kind:
    if any(not each.label and each.module for each in weights):
        script = isinstance(tree, Inert) and tree.name.startswith("__torch__.")
        return "TorchScript" if script else "whole model"
    if isinstance(tree, dict):
        if "pytorch-lightning_version" in tree:
            return "Lightning checkpoint"
        if any(not each.label for each in weights):
            return "state dict"
        if "param_groups" in tree and "state" in tree:
            return "optimizer state"
    if weights:
        return "training checkpoint"
    return "tensors" if tensors else "other"
