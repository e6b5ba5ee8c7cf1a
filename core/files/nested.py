"""The tree that the planner of ``torch.distributed.checkpoint`` laid flat, as it was before."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import CheckpointError

_DEEPEST = 32


def nested(path: Path, entries: Mapping[str, Any], plan: Mapping[Any, Any]) -> Any:
    """Undo what the planner did: ``model.fc.weight`` was ``["model"]["fc.weight"]``.

    ``plan`` is its ``planner_data``, name -> the keys on the way there. An optimizer gets back the
    numbers that torch.optim has for parameters. Raises :class:`~core.errors.CheckpointError`.
    """
    tree: dict[Any, Any] = {}
    ours = {id(tree)}  # an entry may be a dictionary, too, and that one is not gone into
    for name, value in entries.items():
        way = plan.get(name, (name,))
        if not isinstance(way, tuple) or not 0 < len(way) <= _DEEPEST:
            raise CheckpointError(f"{path}: {name} was nested in a way that cannot be understood.")
        at = tree
        for key in map(_key, way[:-1]):
            if id(at) in ours and key not in at:
                at[key] = {}
                ours.add(id(at[key]))
            at = at[key] if id(at) in ours else at
        if id(at) not in ours or _key(way[-1]) in at:
            raise CheckpointError(f"{path}: {name} and another entry are in each other's way.")
        at[_key(way[-1])] = value
    return _lists(tree, ours)


def _key(key: Any) -> str | int:
    return key if isinstance(key, str) or type(key) is int else str(type(key))


def _lists(tree: Any, ours: set[int]) -> Any:
    """Make lists of what was numbered, and optimizer states of what looks like one."""
    if id(tree) not in ours:
        return tree
    found = {key: _lists(value, ours) for key, value in tree.items()}
    if found and list(found) == list(range(len(found))):
        return list(found.values())
    match found:
        case {"state": dict(state), "param_groups": list(groups)}:
            return found | _numbered(state, groups)
    return found


def _numbered(state: dict[Any, Any], groups: list[Any]) -> dict[str, Any]:
    """Return an optimizer's state by number; the planner makes texts of them.

    ``get_state_dict`` has names instead, which are numbered in the order of the groups, and told in
    ``param_names`` as torch.optim does.
    """
    numbers: dict[str, int] = {}
    parts = []
    for group in groups:
        names = group.get("params") if isinstance(group, dict) else None
        if isinstance(names, list) and names and all(isinstance(each, str) for each in names):
            params = [numbers.setdefault(name, len(numbers)) for name in names]
            group = {**group, "params": params, "param_names": names}
        parts.append(group)

    def number(key: Any) -> Any:
        if key in numbers:
            return numbers[key]
        return int(key) if isinstance(key, str) and key.isdecimal() else key

    return {"state": {number(key): each for key, each in state.items()}, "param_groups": parts}
