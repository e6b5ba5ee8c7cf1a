"""Which optimizer a state is of, from what it keeps for each parameter and for each group.

The names are those of ``torch.optim``; its classes leave none of theirs in ``state_dict()``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

#: Entries kept for each parameter -> whose they are; the first whose entries are all there.
_KEPT: tuple[tuple[frozenset[str], str], ...] = tuple(
    (frozenset(keys.split()), name)
    for keys, name in (
        ("exp_avg exp_avg_sq mu_product", "NAdam"),
        ("exp_avg exp_avg_sq", "Adam"),
        ("exp_avg exp_inf", "Adamax"),
        ("square_avg acc_delta", "Adadelta"),
        ("square_avg", "RMSprop"),
        ("row_var col_var", "Adafactor"),
        ("variance", "Adafactor"),
        ("prev step_size", "Rprop"),
        ("ax mu", "ASGD"),
        ("exp_avg", "Lion"),
        ("sum", "Adagrad"),
        ("momentum_buffer", "SGD with momentum"),
    )
)
#: Settings of a group -> whose they are, for a state without entries.
_SET: tuple[tuple[str, str], ...] = (
    ("ns_steps", "Muon"), ("momentum_decay", "NAdam"), ("rho", "Adadelta"),
    ("step_sizes", "Rprop"), ("lambd", "ASGD"), ("lr_decay", "Adagrad"), ("centered", "RMSprop"),
    ("amsgrad", "Adam"), ("dampening", "SGD"),
)  # fmt: skip


def is_optimizer(value: object) -> bool:
    """Whether it is what ``torch.optim.Optimizer.state_dict()`` returns."""
    return isinstance(value, dict) and {"state", "param_groups"} <= value.keys()


def optimizers_in(tree: object) -> Iterator[Mapping[str, Any]]:
    """Yield the optimizer states of a checkpoint: it itself, its values, or lists among them."""
    if isinstance(tree, dict) and is_optimizer(tree):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            for each in value if isinstance(value, list | tuple) else (value,):
                if isinstance(each, dict) and is_optimizer(each):
                    yield each


def parameters_of(state: Mapping[str, Any]) -> int:
    """Return how many parameters an optimizer's groups hold."""
    groups = [each for each in _list(state["param_groups"]) if isinstance(each, dict)]
    return sum(len(_list(group.get("params"))) for group in groups)


def optimizer_name(state: Mapping[str, Any]) -> str:
    """Return the optimizer's name as far as it can be told; empty where not."""
    groups = [each for each in _list(state["param_groups"]) if isinstance(each, dict)]
    settings = {str(key) for group in groups for key in group}
    name = _by_entries(_entries(state["state"]))
    if name in ("", "SGD with momentum", "Adam"):
        named = next((who for key, who in _SET if key in settings), "")
        if named == "Muon" or not name:
            name = named
    if name == "Adam":
        return _adam(groups, settings)
    if name == "SGD" and any(_number(group.get("momentum")) for group in groups):
        return "SGD with momentum"
    return name


def _adam(groups: list[dict[Any, Any]], settings: set[str]) -> str:
    """Adam and its variants keep the same entries; newer releases say how weights decay."""
    if "amsgrad" not in settings:
        return "RAdam" if "betas" in settings else "Adam"
    if "decoupled_weight_decay" not in settings:
        return "Adam or AdamW"
    return "AdamW" if all(group.get("decoupled_weight_decay") for group in groups) else "Adam"


def _by_entries(entries: set[str]) -> str:
    return next((name for keys, name in _KEPT if keys <= entries), "")


def _entries(state: object) -> set[str]:
    """Return the names of what is kept for any of the parameters."""
    if not isinstance(state, dict):
        return set()
    return {
        str(key)
        for each in state.values()
        if isinstance(each, dict)
        for key, value in each.items()
        if value is not None
    }


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
